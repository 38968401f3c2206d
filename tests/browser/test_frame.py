"""Every view: pictures begin high and fill the room above the clock, nothing is cut, and no rule of
axe-core is gravely broken."""

from collections.abc import Sequence
from itertools import cycle

import pytest
from playwright.sync_api import Page, expect

from explorer.views.attention.page import VIEWS as ATTENTION
from explorer.views.normalization.page import VIEWS as NORMALIZATION
from explorer.views.tables.page import VIEWS as TABLES
from tests.support.browser.driver import WIDE, ClockDriver, Server, Visit
from tests.support.browser.rules import violations

SCHEMES = (("light", "dark"), ("dark", "light"))  # each view begins where the one before ended
SIZES = ((1440, 900), (1920, 1080), (1024, 768))
QUESTIONS = {  # of a page's views, which are chosen one after the other where it is open
    "tables": {view: asked for view, (asked, _) in TABLES.items()},
    "attention": {view: asked for view, (asked, _) in ATTENTION.items()},
    "normalization": {view: asked for view, (asked, _) in NORMALIZATION.items()},
}
PLACES = [
    "", "train?train.view=Shelf+of+runs", "compare",
    "train?run=exploding", "drift?run=exploding",  # which diverged
    *QUESTIONS,
]  # fmt: skip
BEGINS = 300  # pixels from the top of the window, at most, to the first picture
FILLED = 0.6  # of the room between header and clock, at least, that pictures have
# Pixels of header and clock, of the first picture, and of the page's end when scrolled to it; the
# share of the room that pictures and cards have, at 50 x 50 points; of cut texts, what they say.
MEASURE = """() => {
  const main = document.querySelector("[data-testid=stMain]")
  const bounds = (node) => node.getBoundingClientRect()
  const all = (selector) => [...document.querySelectorAll(selector)]
    .filter((one) => one.offsetHeight && !one.closest("details:not([open]) > :not(summary)"))
  const [header] = all(".st-key-header").map((one) => bounds(one).bottom)
  const [clock] = all(".driftscope-bar").map((one) => bounds(one).top)
  const boxes = all(".driftscope-panel, [class*=st-key-card-]").map(bounds)
  const parts = Array.from({ length: 50 }, (_, n) => (n + 0.5) / 50)
  const filled = parts.flatMap((down) => parts.map((across) => {
    const [x, y] = [across * main.clientWidth, header + down * (clock - header)]
    return boxes.some((b) => b.left <= x && x <= b.right && b.top <= y && y <= b.bottom)
  }))
  const ends = all(".stMainBlockContainer [data-testid=stElementContainer], .driftscope-panel")
    .map((one) => bounds(one).bottom + main.scrollTop - main.scrollHeight + main.clientHeight)
  const words = all(".st-key-header a p, .stMain [data-testid=stPopover] p, .stMain button p")
  return {
    header, clock, first: Math.min(...boxes.map(({ top }) => top)), end: Math.max(...ends),
    filled: filled.filter(Boolean).length / filled.length,
    wide: document.documentElement.scrollWidth - window.innerWidth,
    cut: words.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText),
  }
}"""

# Of the figures, each scrolled to: words outside of their panel, and words that cover each other.
CUT = """async () => {
  const faults = (panel) => {
    const own = panel.querySelector(".driftscope-body").getBoundingClientRect()
    const words = [...panel.querySelectorAll(".infolayer text, .xtick text, .ytick text")]
      .map((text) => [text.textContent.trim(), text.getBoundingClientRect()])
      .filter(([text, { width }]) => text && width)
    const outside = ({ left, right, top, bottom }) => left < own.left - 2 || top < own.top - 2
      || right > own.right + 2 || bottom > own.bottom + 2
    const covers = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
    const after = (n, box) => words.slice(n + 1).filter(([, other]) => covers(box, other))
    return words.flatMap(([text, box], n) => [
      ...(outside(box) ? [`${panel.dataset.panel}: ${text} is outside`] : []),
      ...after(n, box).map(([other]) => `${panel.dataset.panel}: ${text} over ${other}`),
    ])
  }
  const found = []
  for (const panel of document.querySelectorAll(".driftscope-plot")) {
    panel.scrollIntoView()
    let last = faults(panel)
    for (let n = 0; n < 180 && last.length; n++) {  // until it has its size
      await new Promise(requestAnimationFrame)
      last = faults(panel)
    }
    found.push(...last)
  }
  document.querySelector("[data-testid=stMain]").scrollTo(0, 0)
  return found
}"""
FITS = """() => [...document.querySelectorAll(".driftscope-table")].every((one) =>
  one.scrollWidth <= one.clientWidth + 1 && one.scrollHeight <= one.clientHeight + 1)"""
TALL = """tall => document.querySelector(".driftscope-clock").style
  .getPropertyValue("--tall").startsWith(tall)"""


@pytest.mark.parametrize("place", PLACES)
def test_pictures_begin_high_nothing_is_cut_and_no_rule_is_broken(
    visit: Visit, app: Server, place: str
) -> None:
    page = visit(f"{app.url}/{place}{'&' if '?' in place else '?'}run=english")
    ClockDriver(page).wait_ready()
    name = (place.split("?")[0] or "overview").capitalize()
    expect(page).to_have_title(f"{name} · Driftscope")
    expect(page.locator("h1")).to_have_count(1)
    if place not in QUESTIONS:
        is_framed(page, place, SCHEMES[0])
    for (view, asked), schemes in zip(QUESTIONS.get(place, {}).items(), cycle(SCHEMES)):
        page.get_by_role("radio", name=view, exact=True).check()
        page.mouse.move(0, 0)  # what is under the pointer has other colours
        expect(page.locator("h1")).to_have_text([asked])
        rests(page)
        ClockDriver(page).wait_ready()
        is_framed(page, view, schemes)


def is_framed(page: Page, view: str, schemes: Sequence[str]) -> None:
    """What is drawn there stands as it should at every size, and breaks no rule in both schemes."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(TALL, arg=f"{height / 900:g}"[:5])
        page.wait_for_function(FITS)  # a table's columns are shared out when it has its size
        found = page.evaluate(MEASURE)
        assert found["wide"] <= 0 and found["cut"] == [], view
        assert found["end"] <= found["clock"], f"the end of {view} is behind the clock"
        assert found["first"] <= BEGINS, view
        assert found["filled"] >= FILLED, view
    assert page.evaluate(CUT) == [], view  # at the smallest of these sizes
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.wait_for_function(TALL, arg="1")
    rests(page)
    for scheme, only_colours in zip(schemes, (False, True), strict=True):
        assert violations(page, scheme, only_colours=only_colours) == [], (view, scheme)


def rests(page: Page) -> None:
    """Returns once what is drawn is of the last rerun."""
    ended = page.locator(".stApp[data-test-script-state=notRunning]")
    expect(ended).to_be_visible(timeout=60_000)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
