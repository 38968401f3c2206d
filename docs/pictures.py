"""The pictures of README.md, taken from the app itself: `python -m docs.pictures`.

Needs the extra `test` and a `chromium` on the path, and takes about a minute.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from explorer.visit.runs import RECORDED
from model_core.runs import Run
from tests.support.browser.app import APP
from tests.support.browser.driver import ClockDriver, launch, running

FOLDER = Path(__file__).parent / "pictures"
SIZE: ViewportSize = {"width": 1280, "height": 800}
COLOURS = 128  # of a still picture
FILM = 880  # pixels of its width
QUALITY = 60  # of its frames
PAUSE, END = 450, 2500  # milliseconds of a step, and of the last

STILLS = {
    "line-by-line": "?run=english&step=5000&overview.view=Line+by+line",
    "drift": "drift?run=quick-brown-fox&step=1000",
    "attention": "attention?run=induction&step=1000&head=1.0",
    "normalization": "normalization?run=exploding&step=5&normalization.lab=For+engineers",
}
FILMED = "english"


WHOLE = """() => performance.getEntriesByName("driftscope:complete")
  .some((mark) => !mark.detail.alone)"""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(APP, Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright.chromium)
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        for name, address in STILLS.items():
            _open(page, f"{server.url}/{address}")
            _shot(page).quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)
        clock = _open(page, f"{server.url}/?run={FILMED}")
        _write_film(_frames(page, clock), FOLDER / "learning.webp")
        browser.close()


def _open(page: Page, address: str) -> ClockDriver:
    """The page with all its steps."""
    page.goto(address)
    clock = ClockDriver(page).wait_ready()
    page.wait_for_function(WHOLE)
    page.wait_for_load_state("networkidle")
    return clock


def _shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _frames(page: Page, clock: ClockDriver) -> list[Image.Image]:
    """The page at each recorded step."""
    frames: list[Image.Image] = []
    for step in Run.open(RECORDED / FILMED).steps.tolist():
        clock.slider.press("ArrowRight" if frames else "Home")
        clock.wait_step(step)
        page.wait_for_load_state("networkidle")
        clock.slider.blur()  # no ring around the track
        frames.append(_shot(page).resize((FILM, FILM * SIZE["height"] // SIZE["width"])))
    return frames


def _write_film(frames: list[Image.Image], path: Path) -> None:
    times = [PAUSE] * (len(frames) - 1) + [END]
    first, *rest = frames
    first.save(path, save_all=True, append_images=rest, duration=times, loop=0, quality=QUALITY)


if __name__ == "__main__":
    main()
