"""How long frames take while a map of 65 labelled tokens with trails and arrows plays."""

import json
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.benchmarks.drag import FRAMES, WATCH_FRAMES
from tests.support.browser.drift_demo import STEPS
from tests.support.browser.driver import DEMO, ClockDriver, Watch, launch, open_page, running

PLAY_SECONDS = 60  # 120 steps at 12 a second, and a machine that is ten times too slow


def play_frames() -> dict[str, float]:
    """p50_ms, p95_ms and frames of one play through all steps at speed 1.

    A frame lasts from the animation frame in which the next step is due to the first one after it
    was drawn: 65 dots with moving colours, their labels kept apart, 10 trails of 120 places, 65
    arrows, a ring, and the chosen token's way with a dot at each step.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        running(DEMO, Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright.chromium)
        watch = Watch()
        url = f"{server.url}/?panels=drift"
        page = open_page(browser, url, watch=watch, size=(1440, 900), dark=False)
        clock = ClockDriver(page).wait_ready()
        clock.drag(0, 1, STEPS)  # the first time also compiles the drawing code
        page.keyboard.press("Home")
        page.get_by_text("settled step: 0", exact=True).wait_for()
        page.evaluate(WATCH_FRAMES)
        page.keyboard.press("Space")
        page.get_by_role("button", name="Pause (space)").wait_for()
        page.get_by_role("button", name="Play (space)").wait_for(timeout=PLAY_SECONDS * 1000)
        page.wait_for_function(f"() => {FRAMES}.length > 0")
        durations = page.evaluate(FRAMES)
        browser.close()
    if watch.unexpected():
        raise RuntimeError(f"the page complained: {watch.unexpected()[0]}")
    return {
        "p50_ms": float(np.percentile(durations, 50)),
        "p95_ms": float(np.percentile(durations, 95)),
        "frames": float(len(durations)),
    }


if __name__ == "__main__":
    print(json.dumps(play_frames(), indent=2))
