"""The Normalization page in a real Chromium: every view is drawn and fits, clicks choose."""

import re

import pytest
from playwright.sync_api import Page, Position, expect

from tests.support.browser.driver import NARROW, WIDE, ClockDriver, Server, Visit

SHOWN_BY = {  # a panel that only this view has
    "What it does": "cube",
    "your own": "worked-after",
    "Why not batch norm": "movement",
    "Background": "excess",
    "Covariate shift": "bands-0",
    "For engineers": "model",
}
PARTS = {
    "Distribution": "quantiles-in",
    "Gain and shift": "gamma",
    "Units": "units",
    "One token": "tokens-before",
    "Two norms": "histogram-in",
}


def choose(page: Page, name: str, panel: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    page.locator(f"[data-panel={panel}] .js-plotly-plot").first.wait_for()
    expect(page.locator(".driftscope-clock")).to_have_count(1)  # the one before is gone
    ClockDriver(page).wait_ready()


@pytest.mark.parametrize(("size", "dark"), [(WIDE, True), (NARROW, False)], ids=["wide", "narrow"])
def test_every_view_is_drawn_and_fits_the_screen(
    visit: Visit, app: Server, size: tuple[int, int], dark: bool
) -> None:
    page = visit(f"{app.url}/normalization?run=quick-brown-fox&step=26", size=size, dark=dark)
    ClockDriver(page).wait_ready()
    views = SHOWN_BY | PARTS if size == WIDE else SHOWN_BY
    for name, panel in views.items():
        choose(page, name, panel)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    expect(page).to_have_url(re.compile("step=26"))


def test_a_click_into_the_block_chooses_a_number(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/normalization?run=quick-brown-fox")
    ClockDriver(page).wait_ready()
    block = page.locator("[data-panel=block] .js-plotly-plot .nsewdrag").first
    for token in (0, 40):  # the first and the last row
        box = block.bounding_box()
        assert box is not None
        at: Position = {"x": 2, "y": (token + 0.5) * box["height"] / 41}
        block.hover(position=at)
        page.locator("[data-panel=block] .hovertext").wait_for()  # Plotly clicks what it hovers
        block.click(position=at)
        chosen = f" at {token} of your sentence, channel 0"
        expect(page.locator("[data-panel=arithmetic]")).to_contain_text(chosen)
