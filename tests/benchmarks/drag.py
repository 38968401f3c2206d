"""How long a reader waits for a frame while dragging through 200 steps of three panels."""

import json
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.support.browser.driver import (
    DEMO,
    ClockDriver,
    Watch,
    launch,
    open_page,
    running,
    sent_messages,
)

MOVES = 200
WATCH_FRAMES = """() => {
  window.driftscopeFrames = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.name === "driftscope:frame") window.driftscopeFrames.push(entry.duration)
    }
  }).observe({ type: "measure" })
}"""
FRAMES = "window.driftscopeFrames"


def drag_frames() -> dict[str, float]:
    """p50_ms, p95_ms, frames, and messages to the server while the pointer was down.

    A frame lasts from the pointer's event (its own time stamp) to the first animation frame after
    all panels were drawn: a scatter of 65 labelled points, heatmaps of 65 × 64 and 41 × 41.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        running(DEMO, Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright.chromium)
        watch = Watch()
        page = open_page(browser, server.url, watch=watch, size=(1440, 900), dark=False)
        sent = sent_messages(page)
        page.reload()
        clock = ClockDriver(page).wait_ready()
        durations, messages = _drag(page, clock, sent)
        browser.close()
    if watch.unexpected():
        raise RuntimeError(f"the page complained: {watch.unexpected()[0]}")
    return {
        "p50_ms": float(np.percentile(durations, 50)),
        "p95_ms": float(np.percentile(durations, 95)),
        "frames": float(len(durations)),
        "messages": float(messages),
    }


def _drag(page: Page, clock: ClockDriver, sent: list[object]) -> tuple[list[float], int]:
    """Frame durations in ms of one drag from end to end, and messages sent during it."""
    clock.drag(0, 1, MOVES)  # the first drag also compiles the drawing code
    page.get_by_text("settled step").wait_for()
    page.evaluate(WATCH_FRAMES)
    clock.press(0)
    clock.wait_step(0)
    before = len(sent)
    for n in range(1, MOVES + 1):
        clock.move(n / MOVES)
    during = len(sent) - before
    page.mouse.up()
    page.wait_for_function(f"() => {FRAMES}.length > 0")
    return page.evaluate(FRAMES), during


if __name__ == "__main__":
    print(json.dumps(drag_frames(), indent=2))
