"""How long frames take while all steps of a saved page are scrubbed: no server, no network."""

import json
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from explorer.player.clock import payload
from explorer.player.offline import offline_page
from tests.benchmarks.drag import FRAMES, WATCH_FRAMES
from tests.support.browser.driver import ClockDriver, Watch, launch, lead
from tests.support.pages import SHIPPED, component_data, opened

PAGES = ("drift", "attention")


def offline_frames() -> dict[str, float]:
    """p95_ms by page, and frames: every step of the quick brown fox, each from one arrow key.

    A frame lasts from the key's own time stamp to the first animation frame after all was drawn.
    """
    found: dict[str, float] = {"frames": 0}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        for name in PAGES:
            path = Path(folder, f"{name}.html")
            path.write_bytes(_saved(name))
            watch = Watch()
            context = browser.new_context(offline=True)
            page = lead(
                context.new_page(), path.as_uri(), watch=watch, size=(1440, 900), dark=False
            )
            clock = ClockDriver(page).wait_ready()
            for script in ("0", WATCH_FRAMES):  # the first time also compiles the drawing code
                page.evaluate(script)
                clock.slider.press("Home")
                clock.wait_step(0)
                for step in SHIPPED.steps[1:]:
                    page.keyboard.press("ArrowRight")
                    clock.wait_step(int(step))
            durations = page.evaluate(FRAMES)
            context.close()
            if watch.unexpected():
                raise RuntimeError(f"the page complained: {watch.unexpected()[0]}")
            found[name] = float(np.percentile(durations, 95))
            found["frames"] += len(durations)
        browser.close()
    return found


def _saved(name: str) -> bytes:
    """The file of a page with all its steps."""
    kept = payload(component_data(opened(name).run())["payload"])
    if kept is None:
        raise RuntimeError(f"the payload of {name} is not stored any more")
    return offline_page(kept, names=(SHIPPED.name, name), step=0)


if __name__ == "__main__":
    print(json.dumps(offline_frames(), indent=2))
