"""The step clock in a real Chromium: moved as a reader moves it, judged by what is drawn."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser.clock_demo import LABELS, drifting, recorded_steps
from tests.support.browser.drawing import assert_drawn_alike, drawn, redrawn
from tests.support.browser.driver import (
    NARROW,
    WIDE,
    ClockDriver,
    Server,
    Visit,
    Watch,
    sent_messages,
)

STEPS = recorded_steps(210).tolist()  # the demo shows the first 200 and grows by ten
LAST = STEPS[199]

MAP = "[data-panel=map] .js-plotly-plot"
TABLE = "[data-panel=tokens] .js-plotly-plot"

# Names of attributes that a `:has()` of the page's style sheets reads.
READ_BY_HAS = """() => {
  const rules = list => [...list].flatMap(rule => [rule, ...rules(rule.cssRules ?? [])])
  return [...document.styleSheets].flatMap(sheet => rules(sheet.cssRules))
    .flatMap(rule => (rule.selectorText ?? "").match(/:has\\(.*/g) ?? [])
    .flatMap(text => [...text.matchAll(/\\[([-\\w]+)/g)].map(([, name]) => name))
}"""
# What steps change: names of attributes, and where nodes come and go but for Plotly's own drawing.
WATCH_CHANGES = """() => {
  window.changed = new Set()
  new MutationObserver(list => list.forEach(({ attributeName, target }) => {
    if (attributeName) window.changed.add(attributeName)
    else if (target.isConnected && !target.closest(".js-plotly-plot"))
      window.changed.add(`nodes in ${target.outerHTML}`)
  })).observe(document.querySelector(".driftscope-clock"),
    { childList: true, attributes: true, subtree: true })
}"""


@pytest.fixture
def clock(visit: Visit, demo: Server) -> ClockDriver:
    return ClockDriver(visit(demo.url)).wait_ready()


@pytest.fixture
def full(visit: Visit, demo: Server) -> ClockDriver:
    """The page with every kind of panel."""
    return ClockDriver(visit(f"{demo.url}/?panels=all")).wait_ready()


@pytest.fixture
def untouched(at_first_step: Callable[[str], ClockDriver]) -> ClockDriver:
    """The same page, for tests that only move the step."""
    return at_first_step("all")


def settled(page: Page, step: int) -> None:
    expect(page.get_by_text(f"settled step: {step}", exact=True)).to_be_visible()


def positions(page: Page) -> list[list[float]]:
    """(N, 2) where the map's points stand in data coordinates, read from the picture itself."""
    return page.evaluate(
        """selector => {
          const div = document.querySelector(selector)
          const { xaxis, yaxis } = div._fullLayout
          return [...div.querySelectorAll("path.point")].map(node => {
            const [x, y] = node.getAttribute("transform").match(/-?[0-9.]+/g).map(Number)
            return [xaxis.p2c(x), yaxis.p2c(y)]
          })
        }""",
        MAP,
    )


def ranges(page: Page, selector: str = MAP) -> list[list[float]]:
    return page.evaluate(
        "s => ['xaxis', 'yaxis'].map(a => document.querySelector(s)._fullLayout[a].range)",
        selector,
    )


def plotly_calls(page: Page) -> Callable[[], list[list[str]]]:
    """What Plotly is asked to draw from now on: [panel, function], read when called."""
    page.evaluate(
        """() => {
          window.asked = []
          for (const name of ["update", "restyle", "relayout", "react", "redraw"]) {
            const official = Plotly[name]
            Plotly[name] = (div, ...rest) => {
              window.asked.push([div.closest("[data-panel]").dataset.panel, name])
              return official(div, ...rest)
            }
          }
        }"""
    )
    return lambda: page.evaluate("window.asked")


# ---- moving -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_drag_across_reaches_both_ends_and_settles_once(
    visit: Visit, demo: Server, size: Any
) -> None:
    page = visit(demo.url, size=size)
    sent = sent_messages(page)
    page.reload()
    clock = ClockDriver(page).wait_ready()
    settled(page, 0)
    clock.press(0)
    before = len(sent)
    for n in range(1, 41):
        clock.move(n / 40)
    clock.wait_step(LAST)
    assert len(sent) == before, "a message during the drag"
    page.mouse.up()
    settled(page, LAST)
    assert len(sent) == before + 1
    clock.drag(1, 0)
    settled(page, 0)
    assert len(sent) == before + 2


def test_a_drag_back_to_where_it_began_tells_nothing(visit: Visit, demo: Server) -> None:
    page = visit(demo.url)
    sent = sent_messages(page)
    page.reload()
    clock = ClockDriver(page).wait_ready()
    settled(page, 0)
    before = len(sent)
    clock.press(0)
    clock.move(0.5)
    clock.move(0)
    page.mouse.up()
    page.keyboard.press("ArrowRight")  # a report that must be the first
    settled(page, 1)
    assert len(sent) == before + 1


def test_the_keys_of_a_video_player(clock: ClockDriver) -> None:
    keyboard = clock.page.keyboard
    for key, step in [
        ("ArrowRight", STEPS[1]),
        ("ArrowRight", STEPS[2]),
        ("ArrowLeft", STEPS[1]),
        ("Shift+ArrowRight", STEPS[11]),
        ("End", LAST),
        ("ArrowRight", LAST),
        ("Shift+ArrowLeft", STEPS[189]),
        ("Home", 0),
    ]:
        keyboard.press(key)
        clock.wait_step(step)
    settled(clock.page, 0)


def test_keys_belong_to_the_field_that_is_typed_in(clock: ClockDriver) -> None:
    field = clock.page.get_by_role("textbox", name="A sentence")
    field.click()
    field.press_sequentially("a b")
    field.press("ArrowLeft")
    field.press("Home")
    expect(field).to_have_value("a b")
    assert clock.step() == 0
    assert clock.page.get_by_role("button", name="Play (space)").is_visible()


def test_it_plays_to_the_end_and_tells_it_once(clock: ClockDriver) -> None:
    page = clock.page
    clock.drag(0, 0.9)
    settled(page, STEPS[179])
    page.get_by_role("button", name="Speed").click()
    page.get_by_role("button", name="Speed").click()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause (space)").wait_for()
    clock.wait_step(LAST)
    page.get_by_role("button", name="Play (space)").wait_for()
    settled(page, LAST)


def test_space_pauses_and_tells_where(clock: ClockDriver) -> None:
    page = clock.page
    page.keyboard.press("Space")
    clock.wait_beyond(STEPS[3])
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play (space)").wait_for()
    settled(page, clock.step())


def test_the_step_that_python_asks_for_is_obeyed_again_and_again(clock: ClockDriver) -> None:
    back = clock.page.get_by_role("button", name="Back to step 3")
    for _ in range(2):
        clock.page.keyboard.press("End")
        settled(clock.page, LAST)
        back.click()
        clock.wait_step(3)
        settled(clock.page, 3)
        clock.page.locator("h3").click()  # away from the button, whose keys are its own


def test_ticks_say_what_happened_and_lead_there(clock: ClockDriver) -> None:
    tick = clock.page.get_by_role("button", name="head formed")
    tick.hover()
    tip = clock.page.locator(".driftscope-track .driftscope-tip")
    expect(tip).to_have_text(f"head formed · step {STEPS[120]:,}")
    tick.click()
    clock.wait_step(STEPS[120])
    settled(clock.page, STEPS[120])
    other = clock.page.get_by_role("button", name="largest drift")
    other.focus()
    expect(tip).to_have_text(f"largest drift · step {STEPS[30]:,}")
    other.press("Enter")
    clock.wait_step(STEPS[30])


def test_the_slider_says_where_it_stands(untouched: ClockDriver) -> None:
    untouched.drag(0, 0.5)
    untouched.wait_step(STEPS[100])
    words = f"step {STEPS[100]:,} · epoch 1.10 · loss 0.86 nats/token"
    expect(untouched.slider).to_have_attribute("aria-valuetext", words)
    expect(untouched.slider).to_have_attribute("aria-valuenow", "100")
    expect(untouched.slider).to_have_attribute("aria-valuemax", "199")
    expect(untouched.page.locator(".driftscope-numbers")).to_have_text(words)


def test_a_drag_lays_the_page_out_only_where_other_words_are_said(clock: ClockDriver) -> None:
    clock.page.evaluate("""() => {
      const own = Object.getOwnPropertyDescriptor(HTMLElement.prototype, "offsetWidth")
      window.widthsRead = 0
      Object.defineProperty(document.querySelector(".driftscope-track .driftscope-tip"),
        "offsetWidth", { get() { window.widthsRead++; return own.get.call(this) } })
    }""")
    clock.press(0)
    clock.wait_step(STEPS[0])
    tip = clock.page.locator(".driftscope-track .driftscope-tip")
    for n in range(1, 51):
        clock.move(n / 50)
    clock.wait_step(LAST)
    expect(tip).to_have_text(f"step {LAST:,}")
    box, track = tip.bounding_box(), clock.track.bounding_box()
    assert box and track and box["x"] + box["width"] <= track["x"] + track["width"] + 1
    clock.page.mouse.up()
    shapes = {re.sub(r"\d", "0", f"step {step:,}") for step in STEPS}
    assert clock.page.evaluate("window.widthsRead") <= len(shapes) + 1  # what it said before


def test_no_step_has_the_browser_style_the_whole_page(untouched: ClockDriver) -> None:
    """As it does where nodes come or go, or an attribute changes that a `:has()` reads."""
    page = untouched.page
    page.keyboard.press("ArrowRight")
    page.evaluate(WATCH_CHANGES)
    panels = page.locator("[data-panel]")
    for n in range(panels.count()):
        panels.nth(n).scroll_into_view_if_needed()
        page.keyboard.press("ArrowRight")
        untouched.wait_step(STEPS[n + 2])
    changed = set(page.evaluate("[...window.changed]"))
    assert {"data-drawn", "aria-valuenow", "transform", "href"} <= changed
    assert not [one for one in changed if one.startswith("nodes in")]
    assert "open" in (read := set(page.evaluate(READ_BY_HAS)))
    assert not changed & read


# ---- drawing ----------------------------------------------------------------------------------


def test_what_is_drawn_fast_is_what_plotly_draws(untouched: ClockDriver) -> None:
    for panel in ("map", "tokens", "positions", "lines"):
        untouched.page.locator(f"[data-panel={panel}]").scroll_into_view_if_needed()
        for key, index in (("Home", 0), ("ArrowRight", 1)):
            untouched.page.keyboard.press(key)
            untouched.wait_step(STEPS[index])
        untouched.drag(0, 0.37)
        untouched.wait_step(STEPS[74])
        assert_drawn_alike(drawn(untouched.page, panel), redrawn(untouched.page, panel))


def test_sizes_are_drawn_fast_too_and_a_cell_tells_its_number(visit: Visit, demo: Server) -> None:
    clock = ClockDriver(visit(f"{demo.url}/?panels=sizes")).wait_ready()
    cell = clock.page.locator("[data-panel=told] .js-plotly-plot .nsewdrag")
    cell.scroll_into_view_if_needed()
    clock.page.keyboard.press("ArrowRight")  # points that Plotly left out are drawn once
    clock.wait_step(STEPS[1])
    calls = plotly_calls(clock.page)
    clock.drag(0, 0.37)
    clock.wait_step(STEPS[74])
    assert calls() == []
    numbers = [f"{value:.2f}" for value in drifting(200, 3, 4)[74].ravel()]
    assert drawn(clock.page, "written")["written"] == numbers
    for panel in ("log", "told", "written"):
        assert_drawn_alike(drawn(clock.page, panel), redrawn(clock.page, panel))
    heard = {panel for panel, _ in calls()}
    assert heard == {"log", "told", "written"}  # so a call would have been heard
    box = cell.bounding_box()
    assert box is not None
    clock.page.mouse.move(box["x"] + box["width"] / 10, box["y"] + box["height"] / 14)
    value = 10 ** drifting(200, 7, 5)[74, 0, 0]
    told = clock.page.locator("[data-panel=told] .hovertext")
    expect(told).to_contain_text(f"{value:.4g}")


def test_points_stand_where_their_numbers_say(untouched: ClockDriver) -> None:
    untouched.drag(0, 0.5)
    untouched.wait_step(STEPS[100])
    for at, true in zip(positions(untouched.page), drifting(200, 2, 65)[100].T, strict=True):
        assert at == pytest.approx(true.tolist(), abs=0.01)


def test_an_axis_may_move_with_the_step_until_the_reader_takes_it(full: ClockDriver) -> None:
    scale = "[data-panel=scale] .js-plotly-plot"
    page = full.page
    page.locator(scale).scroll_into_view_if_needed()
    full.drag(0, 0.5)
    page.wait_for_function(
        f"() => document.querySelector('{scale}')._fullLayout.yaxis.range[1] == 1.5"
    )
    page.evaluate(f"""async () => {{
      const div = document.querySelector('{scale}')
      await Plotly.relayout(div, {{ "yaxis.range": [0, 0.25] }})
    }}""")
    page.keyboard.press("End")
    page.wait_for_function(f"() => document.querySelector('{scale}')._fullData[0].y[0] > 1.99")
    assert ranges(page, scale)[1] == [0, 0.25]


def test_the_readers_zoom_stays_with_steps_new_figures_and_a_growing_run(
    clock: ClockDriver,
) -> None:
    page = clock.page
    box = page.locator(f"{MAP} .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 260, steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => document.querySelector('{MAP}')._fullLayout.xaxis.range[1] < 1")
    zoomed = ranges(page)
    clock.drag(0, 0.6)
    settled(page, STEPS[119])
    assert ranges(page) == zoomed
    page.get_by_text("#D55E00").click()
    page.wait_for_function(
        f"() => document.querySelector('{MAP}')._fullData[0].marker.color === '#D55E00'"
    )
    assert ranges(page) == zoomed
    page.get_by_role("button", name="Grow").click()
    expect(clock.slider).to_have_attribute("aria-valuemax", "209")
    assert ranges(page) == zoomed


def test_a_figure_is_drawn_beside_the_page_at_its_size_in_it(clock: ClockDriver) -> None:
    page = clock.page
    page.evaluate("""() => {
      window.look = div => {
        const { width, height } = getComputedStyle(div)
        const { fontSize, letterSpacing, wordSpacing, fontKerning } =
          getComputedStyle(div.querySelector(".xtick text"))
        return { width, height, fontSize, letterSpacing, wordSpacing, fontKerning,
                 isInPage: Boolean(div.closest(".stApp")), next: div.nextSibling?.className }
      }
      const official = Plotly.react
      window.drawn = []
      Plotly.react = (div, ...rest) => {
        official(div, ...rest)
        window.drawn.push([div, window.look(div)])
      }
    }""")
    before = page.evaluate(f"window.look(document.querySelector('{MAP}'))")
    page.get_by_text("#D55E00").click()
    page.wait_for_function("() => window.drawn.length > 0")
    aside, after = page.evaluate("[window.drawn[0][1], window.look(window.drawn[0][0])]")
    assert before == after
    assert before["isInPage"] and before["next"]
    assert aside == {**before, "isInPage": False, "next": None}


def test_tokens_are_shown_as_they_are_in_a_box_that_keeps_its_height(
    untouched: ClockDriver,
) -> None:
    box = untouched.page.locator("[data-panel=words] .driftscope-body")
    before = box.bounding_box()
    untouched.page.keyboard.press("End")
    untouched.wait_step(LAST)
    words = untouched.page.locator("[data-panel=words] pre")
    words.scroll_into_view_if_needed()
    order = LABELS[199 % 65 :] + LABELS[: 199 % 65]
    expect(words).to_have_text(f"step 199: {' '.join(order)}")
    drawn = untouched.page.locator(f"{MAP} .textpoint").all_text_contents()
    assert {"a<br>b", "<b>", "&lt;"} <= set(drawn)
    after = box.bounding_box()
    assert before and after and before["height"] == after["height"] == 120


def test_a_panel_out_of_view_is_drawn_when_it_comes_into_view(untouched: ClockDriver) -> None:
    untouched.drag(0, 0.5)
    untouched.wait_step(STEPS[100])
    words = untouched.page.locator("[data-panel=words] pre")
    words.scroll_into_view_if_needed()
    expect(words).to_contain_text("step 100:")


def test_no_button_sends_a_figure_away(untouched: ClockDriver) -> None:
    names = untouched.page.locator(".modebar-btn").evaluate_all(
        "nodes => [...new Set(nodes.map(node => node.dataset.title ?? node.ariaLabel))]"
    )
    assert sorted(names) == ["Pan", "Reset axes", "Zoom"]


# ---- a run that grows ---------------------------------------------------------------------------


def test_a_growing_run_keeps_the_readers_step(clock: ClockDriver) -> None:
    clock.drag(0, 0.5)
    settled(clock.page, STEPS[100])
    clock.page.get_by_role("button", name="Grow").click()
    expect(clock.slider).to_have_attribute("aria-valuemax", "209")
    assert clock.step() == STEPS[100]
    expect(clock.slider).to_have_attribute("aria-valuenow", "100")


def test_who_stands_at_the_end_of_a_live_run_follows_it(clock: ClockDriver) -> None:
    page = clock.page
    page.get_by_text("Live", exact=True).click()
    page.locator(".driftscope-live").wait_for()
    clock.drag(0, 1)
    settled(page, LAST)
    page.get_by_role("button", name="Grow").click()
    clock.wait_step(STEPS[209])


def test_a_new_payload_during_play_does_not_stop_it(clock: ClockDriver) -> None:
    page = clock.page
    page.keyboard.press("Space")
    clock.wait_beyond(STEPS[2])
    page.get_by_role("button", name="Grow").click()
    expect(clock.slider).to_have_attribute("aria-valuemax", "209")
    page.get_by_role("button", name="Pause (space)").wait_for()
    clock.wait_beyond(clock.step())


# ---- picks --------------------------------------------------------------------------------------


def test_a_click_picks_a_point_a_cell_and_a_head(full: ClockDriver) -> None:
    page = full.page
    point = page.evaluate(
        """s => {
          const box = document.querySelectorAll(`${s} path.point`)[7].getBoundingClientRect()
          return [box.x + box.width / 2, box.y + box.height / 2]
        }""",
        MAP,
    )
    page.mouse.click(*point)
    expect(page.get_by_text("picked: Token(id=7)")).to_be_visible()
    cell = page.evaluate(
        """s => {
          const div = document.querySelector(s)
          const { xaxis, yaxis } = div._fullLayout
          const box = div.querySelector(".nsewdrag").getBoundingClientRect()
          return [box.x + xaxis.c2p(5), box.y + yaxis.c2p(9)]
        }""",
        TABLE,
    )
    page.mouse.click(*cell)
    expect(page.get_by_text("picked: Pair(query=9, key=5)")).to_be_visible()
    heads = page.locator("[data-panel=heads] .driftscope-heads")
    heads.scroll_into_view_if_needed()
    box = heads.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 52 + 20, box["y"] + 18 + 20)
    expect(page.get_by_text("picked: Head(layer=0, head=0)")).to_be_visible()


def test_the_keyboard_picks_a_head_and_the_clock_stands_still(full: ClockDriver) -> None:
    page = full.page
    heads = page.locator("[data-panel=heads] .driftscope-heads")
    heads.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_text("picked: Head(layer=2, head=3)")).to_be_visible()
    assert full.step() == 0


# ---- the page -----------------------------------------------------------------------------------


def test_the_bar_covers_nothing_at_the_end_of_the_page(clock: ClockDriver) -> None:
    page = clock.page
    last = page.get_by_text("line 11 below the clock")
    last.wait_for(state="attached")
    for width, height in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            """() => {
              document.querySelector("[data-testid=stMain]").scrollTo(0, 1e6)
              const last = [...document.querySelectorAll("[data-testid=stText]")].at(-1)
              const bar = document.querySelector(".driftscope-bar")
              return last.getBoundingClientRect().bottom <= bar.getBoundingClientRect().top
            }"""
        )
        expect(last).to_be_in_viewport()


def test_the_bar_follows_the_sidebar(clock: ClockDriver) -> None:
    page = clock.page
    same = """() => {
      const bar = document.querySelector(".driftscope-bar").getBoundingClientRect()
      const main = document.querySelector("[data-testid=stMain]").getBoundingClientRect()
      return Math.abs(bar.left - main.left) < 1 && Math.abs(bar.right - main.right) < 20
    }"""
    page.wait_for_function(same)
    page.locator("[data-testid=stSidebarCollapseButton] button").dispatch_event("click")
    page.wait_for_function(
        "() => document.querySelector('.driftscope-bar').getBoundingClientRect().left < 5"
    )
    page.wait_for_function(same)


def test_the_theme_reaches_the_figures(visit: Visit, demo: Server) -> None:
    colors = []
    for dark in (False, True):
        page = visit(demo.url, dark=dark)
        ClockDriver(page).wait_ready()
        colors.append(page.evaluate(f"document.querySelector('{MAP}')._fullLayout.paper_bgcolor"))
    assert colors[0] != colors[1]


def test_a_payload_that_does_not_come_is_said_and_can_be_tried_again(
    visit: Visit, demo: Server, watch: Watch
) -> None:
    watch.allowed = ["status of 500", "/clock/"]
    page = visit("about:blank")
    broken = True
    page.route(
        "**/clock/*", lambda route: route.fulfill(status=500) if broken else route.continue_()
    )
    page.goto(demo.url)
    expect(page.get_by_text("could not be loaded (status 500)")).to_be_visible(timeout=30_000)
    broken = False
    page.get_by_role("button", name="Try again").click()
    ClockDriver(page).wait_ready()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_forgotten_payload_is_asked_for_once(visit: Visit, demo: Server, watch: Watch) -> None:
    watch.allowed = ["status of 404"]
    page = visit("about:blank")
    asked: list[str] = []

    def forget_first(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=404) if len(asked) == 1 else route.continue_()

    page.route(re.compile("/clock/[0-9a-f]{40,}$"), forget_first)
    page.goto(demo.url)
    ClockDriver(page).wait_ready()
    assert len(asked) == 2 and asked[0] == asked[1]
    expect(page.get_by_text("runs: 2", exact=True)).to_be_visible()
