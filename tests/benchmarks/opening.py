"""How long until a visitor sees something: from starting the server, and on a warm one."""

import re
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.browser.app import APP
from tests.support.browser.driver import ClockDriver, Watch, launch, open_page, running

ROUNDS = 5


def opening_seconds() -> dict[str, float]:
    """Seconds from `streamlit run` to the first picture, and of page loads on the warm server.

    "start": the browser waits, with an empty cache, and opens the page once the server answers.
    "load": the median of ROUNDS new visitors, each with an empty cache. "train": from pressing
    Train to the first loss on the page, median of ROUNDS.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        began = time.perf_counter()
        with running(APP, Path(folder)) as server:
            _visit(browser, server.url)
            start = time.perf_counter() - began
            loads = sorted(_visit(browser, server.url) for _ in range(ROUNDS))
            trains = sorted(_first_loss(browser, f"{server.url}/train") for _ in range(ROUNDS))
        browser.close()
    return {"start": start, "load": loads[ROUNDS // 2], "train": trains[ROUNDS // 2]}


def _visit(browser: Browser, url: str) -> float:
    began = time.perf_counter()
    page = open_page(browser, url, watch=Watch(), size=(1440, 900), dark=False)
    ClockDriver(page).wait_ready()
    seconds = time.perf_counter() - began
    page.context.close()
    return seconds


def _first_loss(browser: Browser, url: str) -> float:
    page = open_page(browser, url, watch=Watch(), size=(1440, 900), dark=False)
    ClockDriver(page).wait_ready()
    words = page.get_by_text(re.compile("weights · about"))
    name = words.inner_text().split(" · ")[0]
    button = page.get_by_role("button", name="Train", exact=True)
    moving = page.get_by_text(f"{name}: running, step", exact=False).filter(has_text="loss")
    began = time.perf_counter()
    button.click()
    moving.wait_for()
    seconds = time.perf_counter() - began
    page.get_by_text(f"{name}: finished").wait_for(timeout=120_000)
    page.context.close()
    return seconds
