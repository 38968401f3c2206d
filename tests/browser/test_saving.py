"""Pictures saved as files: they say what they are of, and show the step that the page shows."""

import io
import re
from base64 import b64decode
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
    title = panel.locator("h2").inner_text()
    found: dict[str, bytes] = {}
    for kind in kinds:
        panel.get_by_label(f"Save the picture: {title}", exact=True).focus()
        page.keyboard.press("Enter")
        button = panel.get_by_label(f"Save as {kind}: {title}", exact=True)
        button.focus()
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
    most = panel.locator(".driftscope-most").evaluate("node => getComputedStyle(node).outlineColor")
    color = [float(one) for one in re.findall(r"[\d.]+", most)][:3]
    at = file.pixels[round(2 * (y + high / 2 + pad)), round(2 * (x + pad))]
    np.testing.assert_allclose(at, color, atol=2)
