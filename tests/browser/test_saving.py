"""Pictures and films saved as files: they say what they are of, and show the steps of the page."""

import io
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.support.browser.driver import ClockDriver, Server, Visit

SVG = "{http://www.w3.org/2000/svg}"
NEAR, FAR = 5.0, 0.5  # levels of 255: our vectors to the canvas, and one step to another
# All steps have come: at first the pictures have the settled one alone.
WHOLE = """() => performance.getEntriesByName("driftscope:complete")
  .some(({ detail }) => !detail.alone)"""
CAPTION = 60  # pixels of the page at the end of a picture


@dataclass(frozen=True)
class Saved:
    """Both files of a panel: all texts of the SVG in order, and the PNG's pixels."""

    name: str
    root: ElementTree.Element
    pixels: np.ndarray

    @property
    def texts(self) -> list[str]:
        return ["".join(text.itertext()) for text in self.root.iter(f"{SVG}text")]

    def part(self, of: ElementTree.Element) -> np.ndarray:
        """The PNG's pixels of a nested drawing, two for each of the page's."""
        pad = -float(self.root.get("viewBox", "").split()[0])
        left, top, wide, high = (float(of.get(name, "0")) for name in ("x", "y", "width", "height"))
        edges = (2 * np.array([top + pad, top + pad + high, left + pad, left + pad + wide])).round()
        above, below, first, last = edges.astype(int)
        return self.pixels[above:below, first:last]


def saved(page: Page, panel: Locator, kinds: tuple[str, ...] = ("SVG", "PNG")) -> Saved:
    """Saved by the keyboard alone."""
    found: dict[str, bytes] = {}
    for kind in kinds:
        button = entry(panel, f"Save as {kind}")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        name, ending = download.value.suggested_filename.rsplit(".", 1)
        assert ending == kind.lower()
        found[kind] = Path(download.value.path()).read_bytes()
        expect(button).to_have_count(0)
    image = Image.open(io.BytesIO(found["PNG"])).convert("RGB")
    root = ElementTree.fromstring(found["SVG"])
    assert image.size == (2 * int(root.get("width", "0")), 2 * int(root.get("height", "0")))
    return Saved(name, root, np.asarray(image, np.float32))


def entry(panel: Locator, words: str) -> Locator:
    """The entry of the panel's menu, focused by the keyboard alone."""
    title = panel.locator("h2").inner_text()
    panel.get_by_label(f"Save the picture: {title}", exact=True).focus()
    panel.page.keyboard.press("Enter")
    found = panel.get_by_label(f"{words}: {title}", exact=True)
    found.focus()
    return found


def canvas(panel: Locator) -> np.ndarray:
    """What the page's own canvas shows, on white."""
    url = panel.locator("canvas").first.evaluate("node => node.toDataURL()")
    image = Image.open(io.BytesIO(b64decode(url.partition(",")[2])))
    paper = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB"))


def shrunk(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels.astype(np.uint8)).resize(size, Image.Resampling.BOX))


PANELS = {
    "?run=quick-brown-fox": ("machine", "map", "changes", "sample"),
    "attention?run=induction&attention.view=All+heads": ("text", "heads", "head"),
}


@pytest.mark.parametrize("place", PANELS)
def test_a_saved_picture_says_what_it_shows_and_is_that(
    visit: Visit, app: Server, place: str
) -> None:
    page = visit(f"{app.url}/{place}&step=0")
    clock = ClockDriver(page).wait_ready()
    page.wait_for_function(WHOLE)
    path, run = place.split("?")[0] or "overview", re.findall(r"run=([\w-]+)", place)[0]
    for key in PANELS[place]:
        panel = page.locator(f"[data-panel={key}]")
        panel.scroll_into_view_if_needed()
        files = []
        for press, step in (("Home", 0), ("End", 1000)):
            clock.slider.press(press)
            clock.wait_step(step)
            files.append(saved(page, panel))
            assert files[-1].name == f"{run}-{path}-{key}-step-{step}"
            caption = next(text for text in files[-1].texts if text.startswith(f"{run} · {path}"))
            assert f"· step {step:,} · " in caption and "nats/token" in caption
            assert panel.locator("h2").inner_text() in files[-1].texts
            if panel.locator("canvas").count():
                compare(files[-1], panel)
        before, after = (file.pixels[: -2 * CAPTION] for file in files)
        assert before.shape != after.shape or np.abs(before - after).mean() > FAR


def compare(file: Saved, panel: Locator) -> None:
    """Our vectors show what the canvas shows: its nested drawing is the largest."""
    drawn = canvas(panel)
    nested = max(file.root.iter(f"{SVG}svg"), key=lambda one: one is not file.root)
    high, wide = drawn.shape[:2]
    assert [round(float(nested.get(name, "0"))) for name in ("width", "height")] == [wide, high]
    ours = shrunk(file.part(nested), (wide, high)).astype(np.float32)
    assert np.abs(ours - drawn).mean() < NEAR


def test_a_saved_listing_has_its_bars_and_the_frame_around_the_largest(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox&overview.view=Part+by+part&step=1000")
    ClockDriver(page).wait_ready()
    page.wait_for_function(WHOLE)
    panel = page.locator("[data-panel=parts]")
    bars = panel.locator("span.driftscope-number")
    shares = bars.evaluate_all(
        "all => all.map(({ style }) => parseFloat(style.getPropertyValue('--share')))"
    )
    file = saved(page, panel)
    ends = [
        (float(gradient[0].get("offset", "")), float(gradient[1].get("offset", "")))
        for gradient in file.root.iter(f"{SVG}linearGradient")
    ]
    np.testing.assert_allclose(100 * np.array(ends), np.c_[shares, shares], atol=0.06)
    assert max(shares) == 100 and len(set(shares)) > 5
    (frame,) = (rect for rect in file.root.iter(f"{SVG}rect") if rect.get("stroke"))
    pad = -float(file.root.get("viewBox", "").split()[0])
    x, y, high = (float(frame.get(name, "")) for name in ("x", "y", "height"))
    framed = panel.locator(".driftscope-row:has(.driftscope-most)")
    most = framed.evaluate("node => getComputedStyle(node).outlineColor")
    color = [float(one) for one in re.findall(r"[\d.]+", most)][:3]
    at = file.pixels[round(2 * (y + high / 2 + pad)), round(2 * (x + pad))]
    np.testing.assert_allclose(at, color, atol=2)


EIGHT = "&steps=8"  # recorded steps 0, 1, 3 … 28 of the clock's test page
PLACES = "nodes => nodes.map(node => node.getAttribute('transform'))"
EBML = b"\x1a\x45\xdf\xa3"  # what a WebM begins with
# A file that was recorded as it was shown says how long it is once its end was looked for.
PLAYED = """async film => {
  const video = document.createElement("video")
  video.src = `data:video/webm;base64,${film}`
  await new Promise(resolve => { video.onloadedmetadata = resolve })
  video.currentTime = 1e6
  await new Promise(resolve => { video.onseeked = resolve })
  return [video.videoWidth, video.videoHeight, video.duration]
}"""


def test_a_film_shows_at_each_step_what_the_picture_shows(
    at_first_step: Callable[[str], ClockDriver],
) -> None:
    clock = at_first_step(EIGHT)
    page = clock.page
    panel = page.locator("[data-panel=map]")
    stills = []
    for press, step in (("End", 28), ("Home", 0)):
        clock.slider.press(press)
        clock.wait_step(step)
        stills.append(saved(page, panel).pixels)
    clock.slider.press("ArrowRight")
    clock.wait_step(1)
    before = panel.locator("path.point").evaluate_all(PLACES)
    entry(panel, "Film as GIF")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
        expect(panel.get_by_role("progressbar")).to_be_visible()
    assert download.value.suggested_filename == "map-step-0-to-step-28.gif"
    film = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert getattr(film, "n_frames", 1) == 8
    frames = []
    for n in range(8):
        film.seek(n)
        frames.append(np.asarray(film.convert("RGB"), np.float32))
        assert film.info["duration"] == (2000 if n == 7 else 250)
    high, wide = stills[0].shape[:2]
    scale = 2 * film.width / wide
    assert scale in (1, 2) and film.size == (wide * scale / 2, high * scale / 2)
    for still, frame in zip(stills, (frames[-1], frames[0]), strict=True):
        for part in (slice(None), slice(-int(scale * CAPTION), None)):  # the caption says the step
            right = shrunk(still, film.size)
            assert np.abs(right - frame)[part].mean() < np.abs(right - frames[3])[part].mean() / 4
    assert clock.step() == 1
    assert panel.locator("path.point").evaluate_all(PLACES) == before


def test_a_film_as_webm_and_one_that_nobody_waits_for(
    at_first_step: Callable[[str], ClockDriver],
) -> None:
    clock = at_first_step(EIGHT)
    page = clock.page
    panel = page.locator("[data-panel=map]")
    downloads: list[object] = []
    page.on("download", lambda file: downloads.append(file))
    for words in ("Film as WebM", "Film as GIF"):
        entry(panel, words)
        page.keyboard.press("Enter")
        cancel = panel.get_by_label(re.compile("^Cancel the film"))
        expect(cancel).to_be_focused()
        page.keyboard.press("Enter")
        expect(panel.get_by_role("progressbar")).to_have_count(0)
    entry(panel, "Film as WebM")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "map-step-0-to-step-28.webm"
    film = Path(download.value.path()).read_bytes()
    assert film.startswith(EBML) and len(downloads) == 1
    width, height, seconds = page.evaluate(PLAYED, b64encode(film).decode())
    assert min(width, height) > 400
    assert seconds == pytest.approx(7 * 0.25 + 2, abs=1)
