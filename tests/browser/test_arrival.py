"""How a new payload appears: what is cheap at once, then a figure a frame, released by hand."""

import io

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Page, expect

from tests.support.browser.clock_demo import drifting, recorded_steps
from tests.support.browser.driver import ClockDriver, Held, Server, Visit, Watch

STEPS = recorded_steps(210).tolist()
LAST = 199
PLOTS = ["map", "tokens", "positions", "lines", "scale"]  # the first three are in view
ORANGE = "#D55E00"

HOLD_FRAMES = """() => {
  const held = new Map()
  let count = 0
  window.requestAnimationFrame = (call) => held.set(++count, call) && count
  window.cancelAnimationFrame = (number) => held.delete(number)
  window.dealFrame = () => [...held].forEach(([number, call]) => {
    if (held.delete(number)) call(performance.now())
  })
}"""
BOXES = """() => [...document.querySelectorAll("[data-panel]")].map((node) => {
  return [node.offsetLeft, node.offsetTop, node.offsetWidth, node.offsetHeight]
})"""
SHOWN = """names => names.map((name) => {
  const div = document.querySelector(`[data-panel=${name}] .js-plotly-plot`)
  const { x, y, z } = div.data[0]
  const first = name === "map" ? x[0] : z ? z[0][0] : y[0]
  return [div._fullLayout.meta, first]
})"""


@pytest.fixture
def full(visit: Visit, demo: Server) -> ClockDriver:
    """The page with every kind of panel, all drawn; from here on the test releases the frames."""
    page = visit(f"{demo.url}/?panels=all")
    clock = ClockDriver(page).wait_ready()
    page.wait_for_function(
        "() => document.querySelectorAll('.js-plotly-plot .main-svg:first-child').length === 5"
    )
    page.evaluate(HOLD_FRAMES)
    return clock


def deal(page: Page, frames: int = 1) -> None:
    for _ in range(frames):
        page.evaluate("window.dealFrame()")


def new_figures(clock: ClockDriver) -> None:
    """Ask for other figures; returns when their payload is in use."""
    clock.page.get_by_text(ORANGE).click()
    expect(clock.root).to_have_attribute("data-ready", "false")


def shown(page: Page) -> dict[str, tuple[str, float]]:
    """The colour of every figure, which differs between old and new, and its first number."""
    return {name: (look, first) for name, (look, first) in zip(
        PLOTS, page.evaluate(SHOWN, PLOTS), strict=True)}  # fmt: skip


def renewed(page: Page) -> list[str]:
    return [name for name, (look, _) in shown(page).items() if look == ORANGE]


def first_numbers(index: int) -> dict[str, float]:
    """What the figures begin with at a recorded step."""
    return {
        "map": float(drifting(210, 2, 65)[index, 0, 0]),
        "tokens": float(drifting(210, 65, 64)[index, 0, 0]),
        "positions": float(drifting(210, 41, 41)[index, 0, 0]),
    }


def marked(page: Page, what: str) -> bool:
    """Whether the newest payload that was fetched has this mark."""
    return page.evaluate(
        """name => {
          const fetched = performance.getEntriesByType("resource").map((entry) => entry.name)
          const digest = fetched.filter((path) => path.includes("/clock/")).at(-1).split("/").at(-1)
          return performance.getEntriesByName(name).some((entry) => entry.detail.digest === digest)
        }""",
        f"driftscope:{what}",
    )


def test_figures_in_view_come_one_a_frame_after_what_is_cheap(full: ClockDriver) -> None:
    page = full.page
    new_figures(full)
    deal(page)
    assert renewed(page) == [] and not marked(page, "shown")
    for count in (1, 2, 3):
        assert not marked(page, "complete")
        deal(page)
        assert renewed(page) == PLOTS[:count] and marked(page, "shown")
    expect(full.root).to_have_attribute("data-ready", "true")
    deal(page)
    assert renewed(page) == PLOTS[:4] and marked(page, "complete")
    deal(page)
    assert renewed(page) == PLOTS


def test_who_scrubs_meanwhile_sees_each_figure_at_a_step_of_its_own(full: ClockDriver) -> None:
    page = full.page
    new_figures(full)
    page.locator("h3").click()
    page.keyboard.press("End")
    deal(page, 2)
    now = shown(page)
    assert now["map"] == (ORANGE, pytest.approx(first_numbers(LAST)["map"]))
    for name in ("tokens", "positions"):
        assert now[name] == ("#0072B2", pytest.approx(first_numbers(0)[name]))
    expect(page.locator(".driftscope-numbers")).to_contain_text(f"step {STEPS[LAST]:,} ")
    assert full.step() == 0, "not every picture is there yet"
    deal(page, 2)
    full.wait_step(STEPS[LAST])
    for name, first in first_numbers(LAST).items():
        assert shown(page)[name] == (ORANGE, pytest.approx(first))


def test_a_payload_that_overtakes_another_leaves_every_figure_right(full: ClockDriver) -> None:
    page = full.page
    new_figures(full)
    deal(page, 2)
    assert renewed(page) == ["map"]
    page.get_by_role("button", name="Grow").click()
    expect(full.slider).to_have_attribute("aria-valuemax", "209")
    page.locator("h3").click()
    page.keyboard.press("End")
    deal(page, 7)
    assert renewed(page) == PLOTS
    full.wait_step(STEPS[209])
    for name, first in first_numbers(209).items():
        assert shown(page)[name][1] == pytest.approx(first)


def test_a_panel_that_goes_before_its_turn_is_not_waited_for(full: ClockDriver) -> None:
    page = full.page
    new_figures(full)
    page.get_by_text("Only the map").click()
    expect(page.locator("[data-panel]")).to_have_count(1)
    deal(page, 3)
    expect(full.root).to_have_attribute("data-ready", "true")
    assert marked(page, "complete")
    look = page.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.meta")
    assert look == ORANGE


def test_a_cell_has_its_size_before_its_figure(full: ClockDriver) -> None:
    page = full.page
    page.get_by_text("Only the map").click()
    expect(page.locator("[data-panel]")).to_have_count(1)
    deal(page, 2)
    page.get_by_text("Only the map").click()
    expect(page.locator("[data-panel]")).to_have_count(9)
    before = page.evaluate(BOXES)
    assert page.locator(".js-plotly-plot").count() == 1
    deal(page, 7)
    assert page.locator(".js-plotly-plot").count() == 5
    assert page.evaluate(BOXES) == before


def test_what_comes_alone_is_drawn_and_the_rest_is_asked_for_once(
    visit: Visit, demo: Server
) -> None:
    page = visit(f"{demo.url}/?panels=alone")
    clock = ClockDriver(page).wait_ready()
    expect(page.get_by_text("runs: 2", exact=True)).to_be_visible()
    clock.drag(0, 1)
    clock.wait_step(STEPS[LAST])
    (drawn,) = page.evaluate(SHOWN, ["tokens"])
    assert drawn[1] == pytest.approx(drifting(210, 65, 64)[LAST, 0, 0], abs=1e-6)
    expect(page.get_by_text("runs: 3", exact=True)).to_be_visible()  # that of the settled step


def test_the_first_picture_stands_where_the_page_draws_the_same(visit: Visit, app: Server) -> None:
    """Before a word has come from Streamlit's server; then the page's own clock takes over."""
    page = visit("about:blank")
    server = Held(page)
    server.holds = True
    page.goto(app.url)
    page.wait_for_function("() => performance.getEntriesByName('driftscope:shown').length")
    clip = FloatRect(x=32, y=105, width=1180, height=100)  # the sentence and its rows
    picture = page.screenshot(clip=clip)
    assert len(set(Image.open(io.BytesIO(picture)).convert("RGB").tobytes())) > 100
    server.release()
    ClockDriver(page).wait_ready()
    first = page.locator(".driftscope-first")
    expect(first).to_have_count(0)
    assert page.screenshot(clip=clip) == picture
    page.set_viewport_size({"width": 880, "height": 800})  # there the lines above it wrap
    server.holds = True
    page.reload()
    assert first.count() == 0
    server.release()
    ClockDriver(page).wait_ready()


LACKS = {
    "storage": """Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("denied", "SecurityError") },
    })""",
    "room in its storage": """localStorage.setItem("driftscope.theme", '"Dark"')
    Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError") }""",
    "a first picture": """const { getContext } = HTMLCanvasElement.prototype
    HTMLCanvasElement.prototype.getContext = function (...given) {
      return document.querySelector(".driftscope-first") ? null : getContext.apply(this, given)
    }""",
}


@pytest.mark.parametrize("lack", LACKS)
def test_a_browser_that_lacks_something_shows_the_page(
    visit: Visit, app: Server, watch: Watch, lack: str
) -> None:
    watch.allowed = ["this browser draws no canvas"] if lack == "a first picture" else []
    page = visit("about:blank")
    page.add_init_script(LACKS[lack])
    page.goto(app.url)
    ClockDriver(page).wait_ready()
    expect(page.locator(".driftscope-first")).to_have_count(0)
    assert bool(watch.faults) == bool(watch.allowed)
