"""Attention in a real Chromium: from Enter to all heads, and dragging the mosaic."""

import json
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from model_core.corpora import SENTENCE
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer
from tests.benchmarks.drag import FRAMES, MOVES, WATCH_FRAMES
from tests.support.browser.app import APP
from tests.support.browser.driver import ClockDriver, Watch, launch, open_page, running

TYPED = 39  # different sentences
# 16 heads, and 120 recorded steps to read a sentence at
SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 64, "steps": 200, "snapshots": 120, "threads": 1}

# From Enter to the marks that follow it, by the page's own clock: all heads and the sentence are
# drawn at the present step; every panel in sight can be scrubbed through all steps.
WATCH_ENTERS = """() => {
  window.driftscopeEnters = []
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.driftscopeEnters.push({ enter: event.timeStamp })
  }, true)
  new PerformanceObserver((list) => {
    const last = window.driftscopeEnters.at(-1)
    for (const { name, startTime, detail } of list.getEntries()) {
      if (last && name === "driftscope:shown") last.shown ??= startTime - last.enter
      if (last && name === "driftscope:complete" && !detail.alone) {
        last.complete ??= startTime - last.enter
      }
    }
  }).observe({ type: "mark" })
}"""
ENTERS = "window.driftscopeEnters"


def attention_times() -> dict[str, float]:
    """shown_p50_ms, shown_p95_ms, complete_p95_ms of TYPED sentences of 41 characters; and
    drag_p95_ms, frames of one drag over all steps with 16 heads in sight."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        path = Path(folder) / "runs" / "sixteen"
        create_from_preset(path, "quick-brown-fox", SHAPE)
        with only_trainer(path):
            train(path)
        with running(APP, Path(folder)) as server:
            browser, watch = launch(playwright.chromium), Watch()
            url = f"{server.url}/attention?run=sixteen"
            page = open_page(browser, url, watch=watch, size=(1440, 900), dark=False)
            ClockDriver(page).wait_ready()
            enters, frames = _type(page), _drag(page)
            browser.close()
    if watch.unexpected():
        raise RuntimeError(f"the page complained: {watch.unexpected()[0]}")
    shown, complete = ([enter[what] for enter in enters] for what in ("shown", "complete"))
    return {
        "shown_p50_ms": float(np.percentile(shown, 50)),
        "shown_p95_ms": float(np.percentile(shown, 95)),
        "complete_p95_ms": float(np.percentile(complete, 95)),
        "drag_p95_ms": float(np.percentile(frames, 95)),
        "frames": float(len(frames)),
    }


def _type(page: Page) -> list[dict[str, float]]:
    """Times of each Enter by the page's marks; the first sentence also fills the caches."""
    page.evaluate(WATCH_ENTERS)
    field = page.get_by_label("Sentence for the model to read")
    for n in range(1, TYPED + 2):  # the first in a row is the one that stands there already
        field.fill(SENTENCE[n:] + SENTENCE[:n])
        field.press("Enter")
        page.wait_for_function(f"n => {ENTERS}[n]?.complete !== undefined", arg=n - 1)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    return page.evaluate(ENTERS)[1:]


def _drag(page: Page) -> list[float]:
    clock = ClockDriver(page)
    page.keyboard.press("Escape")
    clock.drag(0, 1, MOVES)  # the first drag also compiles the drawing code
    page.evaluate(WATCH_FRAMES)
    clock.drag(0, 1, MOVES)
    page.wait_for_function(f"() => {FRAMES}.length > 0")
    return page.evaluate(FRAMES)


if __name__ == "__main__":
    print(json.dumps(attention_times(), indent=2))
