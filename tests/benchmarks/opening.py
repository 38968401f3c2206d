"""How long until a visitor sees something: from starting the server, and on a warm one."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser.app import APP
from tests.support.browser.driver import ClockDriver, Watch, launch, open_page, running

BARE = Path(__file__).with_name("bare.py")
STARTS, ROUNDS = 3, 5
Drawn = Callable[[Page], Iterator[None]]  # goes on as each of the two is there


def opening_seconds() -> dict[str, float]:
    """Seconds from `streamlit run` to the first picture, and of page loads on the warm server.

    Medians; those of a bare Streamlit page with one figure are taken in turn with ours. "start" and
    "bare start", of STARTS: the browser waits, with an empty cache, and opens the page once the
    server answers. "load" and "bare load", of ROUNDS new visitors, each with an empty cache.
    "obeyed start" and "obeyed load", of the same: until the page's own clock has taken the place of
    the stored picture. "train", of ROUNDS: from pressing Train to the first loss on the page.
    """
    pages = {APP: _ours, BARE: _figure}
    with sync_playwright() as playwright, ExitStack() as stack:
        browser = stack.enter_context(launch(playwright.chromium))
        starts = [[_start(browser, *page) for page in pages.items()] for _ in range(STARTS)]
        servers = [
            stack.enter_context(running(script, Path(stack.enter_context(TemporaryDirectory()))))
            for script in pages
        ]
        visits = list(zip(servers, pages.values(), strict=True))
        loads = [
            [_visit(browser, server.url, drawn) for server, drawn in visits]
            for _ in range(1 + ROUNDS)
        ][1:]  # the first ones warm up
        trains = [_first_loss(browser, f"{servers[0].url}/train") for _ in range(ROUNDS)]
    seconds = {"train": median(trains)}
    for name, rounds in {"start": starts, "load": loads}.items():
        (ours, obeyed), (bare, _) = np.median(rounds, axis=0)
        seconds |= {name: ours, f"obeyed {name}": obeyed, f"bare {name}": bare}
    return seconds


def _start(browser: Browser, script: Path, drawn: Drawn) -> list[float]:
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        with running(script, Path(folder)) as server:
            before = time.perf_counter() - began
            return [before + seconds for seconds in _visit(browser, server.url, drawn)]


def _visit(browser: Browser, url: str, drawn: Drawn) -> list[float]:
    """Seconds to the first picture, and to one that obeys."""
    began = time.perf_counter()
    page = open_page(browser, url, watch=Watch(), size=(1440, 900), dark=False)
    seconds = [time.perf_counter() - began for _ in drawn(page)]
    page.context.close()
    return seconds


def _ours(page: Page) -> Iterator[None]:
    page.wait_for_function("() => performance.getEntriesByName('driftscope:shown').length")
    yield
    ClockDriver(page).wait_ready()
    yield


def _figure(page: Page) -> Iterator[None]:
    """Once Plotly has drawn the figure of a bare page; it obeys at once."""
    page.locator(".js-plotly-plot .trace").first.wait_for(timeout=60_000)
    yield
    yield


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
