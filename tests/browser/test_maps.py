"""The step clock with a map as a page of maps has it: labels, trails, lasso, three dimensions."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser.clock_demo import LABELS, recorded_steps
from tests.support.browser.drawing import assert_drawn_alike, drawn, redrawn
from tests.support.browser.drift_demo import CHOSEN, FIRST_ROW, LOST, STEPS, places
from tests.support.browser.driver import (
    NARROW,
    WIDE,
    ClockDriver,
    Server,
    Visit,
    Watch,
    launch,
    open_page,
)

RECORDED = recorded_steps(STEPS).tolist()
MAP = "[data-panel=map] .js-plotly-plot"


@pytest.fixture
def clock(visit: Visit, demo: Server) -> ClockDriver:
    return ClockDriver(visit(f"{demo.url}/?panels=drift")).wait_ready()


@pytest.fixture
def untouched(at_first_step: Callable[[str], ClockDriver]) -> ClockDriver:
    """The same page, for tests that neither zoom nor choose."""
    return at_first_step("drift")


def go_to(clock: ClockDriver, index: int) -> None:
    clock.drag(0, index / (STEPS - 1), 3)
    clock.wait_step(RECORDED[index])


def zoom(page: Page, low: float, high: float) -> None:
    page.evaluate(
        f"""ranges => Plotly.relayout(document.querySelector("{MAP}"), ranges)""",
        {"xaxis.range": [low, high], "yaxis.range": [low, high]},
    )


def visible_boxes(page: Page) -> list[list[float]]:
    """[left, top, right, bottom] of every label that is shown."""
    return page.locator(f"{MAP} .textpoint").evaluate_all(
        """nodes => nodes.filter(node => node.checkVisibility({ visibilityProperty: true }))
          .map(node => node.firstElementChild.getBoundingClientRect())
          .map(box => [box.left, box.top, box.right, box.bottom])"""
    )


def overlaps(boxes: list[list[float]]) -> int:
    """How many pairs of boxes share more than a hundredth of a pixel."""
    return sum(
        max(a[0], b[0]) + 0.01 < min(a[2], b[2]) and max(a[1], b[1]) + 0.01 < min(a[3], b[3])
        for n, a in enumerate(boxes)
        for b in boxes[:n]
    )


# ---- labels -------------------------------------------------------------------------------------


def test_no_two_labels_overlap_and_most_are_shown(untouched: ClockDriver) -> None:
    for index in (0, 1, 30, 60, 119):
        go_to(untouched, index)
        boxes = visible_boxes(untouched.page)
        shown = 65 - sum(when.start <= index < when.stop for when in LOST.values())
        assert overlaps(boxes) == 0, index
        assert len(boxes) >= 0.85 * shown, index


def shown_labels(page: Page) -> dict[int, tuple[list[float], list[float]]]:
    """Of every label that is shown: its shift from its point, and its box, both in pixels."""
    found = page.locator(f"{MAP} .textpoint").evaluate_all(
        """nodes => nodes.filter(node => node.checkVisibility({ visibilityProperty: true }))
          .map(node => {
            const box = node.firstElementChild.getBoundingClientRect()
            const shift = node.getAttribute("transform").match(/-?[0-9.]+/g).map(Number)
            return [node.__data__.i, shift, [box.left, box.top, box.right, box.bottom]]
          })"""
    )
    return {token: (shift, box) for token, shift, box in found}


def test_a_label_leaves_its_place_only_when_that_is_taken(untouched: ClockDriver) -> None:
    go_to(untouched, 70)
    stayed = 0
    before = shown_labels(untouched.page)
    for index in range(71, 81):
        untouched.page.keyboard.press("ArrowRight")
        untouched.wait_step(RECORDED[index])
        after = shown_labels(untouched.page)
        for token in before.keys() & after.keys():
            (old, _), (new, box) = before[token], after[token]
            if old == new:
                stayed += 1
                continue
            right, down = old[0] - new[0], old[1] - new[1]
            left = [box[0] + right, box[1] + down, box[2] + right, box[3] + down]
            assert overlaps([left, *(other for t, (_, other) in after.items() if t != token)])
        before = after
    assert stayed > 400


def test_labels_stay_apart_when_the_reader_zooms(clock: ClockDriver) -> None:
    go_to(clock, 100)
    before = len(visible_boxes(clock.page))
    zoom(clock.page, -0.9, -0.3)
    clock.page.wait_for_function(
        "n => [...document.querySelectorAll('.textpoint')]"
        ".filter(node => node.checkVisibility({ visibilityProperty: true })).length != n",
        arg=before,
    )
    assert overlaps(visible_boxes(clock.page)) == 0


def test_the_chosen_tokens_label_is_never_hidden(untouched: ClockDriver) -> None:
    """It is the largest, so it takes its place first."""
    for index in (0, 60, 119):
        go_to(untouched, index)
        label = untouched.page.locator(f"{MAP} .textpoint").filter(has_text=LABELS[CHOSEN])
        expect(label).to_be_visible()


# ---- drawing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("zoomed", [False, True])
def test_what_is_drawn_fast_is_what_plotly_draws(clock: ClockDriver, zoomed: bool) -> None:
    """Dots and their colours, labels, trails and arrows, and what lies beyond the axes."""
    if zoomed:
        zoom(clock.page, -0.6, 0.4)
    for index in (3, 50, 119):
        go_to(clock, 40)
        go_to(clock, index)
        ours = drawn(clock.page, "map")
        assert_drawn_alike(ours, redrawn(clock.page, "map"))
        assert {"1", "2"} <= ours["lines"].keys()
        lost = {f"0 {token}" for token, when in LOST.items() if when.start <= index < when.stop}
        assert not lost & ours["points"].keys()
        if not zoomed:
            assert len(ours["points"]) == len(ours["labels"]) + 1 + index + 1
            assert len(ours["labels"]) == 65 - len(lost)
            assert len(ours["lines"]["1"]) == 10


def test_places_that_come_and_go_are_no_reason_to_draw_all_anew(clock: ClockDriver) -> None:
    go_to(clock, 36)
    page = clock.page
    page.evaluate(
        """() => {
          const update = Plotly.update
          window.updates = 0
          Plotly.update = (...rest) => { window.updates += 1; return update(...rest) }
        }"""
    )
    for index in range(37, 63):  # a token is lost at 40 and back at 60
        page.keyboard.press("ArrowRight")
        clock.wait_step(RECORDED[index])
    assert page.evaluate("window.updates") <= 1


def test_a_zoom_after_a_step_with_gaps_draws_no_broken_line(clock: ClockDriver) -> None:
    go_to(clock, 50)
    zoom(clock.page, -1, 1)
    paths = clock.page.locator(f"{MAP} path.js-line")
    assert paths.count() > 1
    assert not [d for d in paths.evaluate_all("n => n.map(p => p.getAttribute('d'))") if "NaN" in d]


# ---- lasso --------------------------------------------------------------------------------------


def surround(page: Page, tool: str, corners: list[tuple[float, float]]) -> None:
    """Choose a tool of the mode bar and drag along these corners, in data coordinates."""
    page.locator(MAP).hover()
    page.locator(f".modebar-btn[data-title='{tool}']").click()
    at = page.evaluate(
        f"""corners => {{
          const div = document.querySelector("{MAP}")
          const {{ xaxis, yaxis }} = div._fullLayout
          const box = div.querySelector(".nsewdrag").getBoundingClientRect()
          return corners.map(([x, y]) => [box.x + xaxis.c2p(x), box.y + yaxis.c2p(y)])
        }}""",
        corners,
    )
    page.mouse.move(*at[0])
    page.mouse.down()
    for corner in at[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def test_a_selection_tells_the_rows_inside_and_leaves_no_trace(clock: ClockDriver) -> None:
    page = clock.page
    for tool in ("Box Select", "Lasso Select"):
        go_to(clock, 110)
        corners = [(-0.9, -0.3), (-0.4, -0.3), (-0.4, -0.9), (-0.9, -0.9)]
        surround(page, tool, corners if tool.startswith("Lasso") else [corners[0], corners[2]])
        x, y = places()[110].T
        inside = (x > -0.9) & (x < -0.4) & (y > -0.9) & (y < -0.3)
        rows = tuple(FIRST_ROW + number for number in np.flatnonzero(inside).tolist())
        assert len(rows) > 2
        expect(page.get_by_text(f"selection: Selection(tokens={rows})")).to_be_visible()
        assert page.locator(".select-outline, .selectionlayer path").count() == 0
        assert_drawn_alike(drawn(page, "map"), redrawn(page, "map"))
        page.keyboard.press("ArrowRight")
        clock.wait_step(RECORDED[111])
        assert_drawn_alike(drawn(page, "map"), redrawn(page, "map"))
        surround(page, tool, [(0.9, 0.9), (1.1, 0.9), (1.1, 1.1)])
        expect(page.get_by_text("selection: Selection(tokens=())")).to_be_visible()


def test_a_click_says_the_row_that_the_point_stands_for(clock: ClockDriver) -> None:
    box = clock.page.locator(f"{MAP} path.point").last.bounding_box()
    assert box is not None
    clock.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(clock.page.get_by_text(f"picked: Token(id={FIRST_ROW + 64})")).to_be_visible()


# ---- trust --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_track_tells_how_far_to_trust_the_map(visit: Visit, demo: Server, size: Any) -> None:
    clock = ClockDriver(visit(f"{demo.url}/?panels=drift", size=size)).wait_ready()
    legend = clock.page.locator(".driftscope-lines")
    go_to(clock, 30)  # 0.9 - 0.5 / e
    expect(legend).to_be_visible()
    expect(legend).to_have_text("losstrust 0.72")
    expect(clock.slider).to_have_attribute("aria-valuetext", re.compile(r" · trust 0\.72$"))
    clock.page.mouse.up()
    clock.move(30 / (STEPS - 1))
    tip = clock.page.locator(".driftscope-track .driftscope-tip")
    expect(tip).to_contain_text("trust 0.72")
    box, track = legend.bounding_box(), clock.track.bounding_box()
    assert box and track and track["x"] <= box["x"] and box["x"] + box["width"] <= size[0]
    go_to(clock, 52)
    expect(legend).to_have_text("losstrust –")


def test_without_trust_there_is_one_line_and_no_word_for_it(visit: Visit, demo: Server) -> None:
    clock = ClockDriver(visit(demo.url)).wait_ready()
    expect(clock.page.locator(".driftscope-lines")).to_be_hidden()
    expect(clock.slider).not_to_have_attribute("aria-valuetext", re.compile("trust"))


# ---- three dimensions ---------------------------------------------------------------------------

SPACE = "[data-panel=space] .js-plotly-plot"


def eye(page: Page) -> list[float]:
    """Where the reader looks from, as the scene itself has it."""
    found = page.evaluate(
        f"document.querySelector('{SPACE}')._fullLayout.scene._scene.getCamera().eye"
    )
    return [found[axis] for axis in "xyz"]


def first_place(page: Page) -> list[float]:
    return page.evaluate(
        f"() => {{ const {{ x, y, z }} = document.querySelector('{SPACE}')._fullData[0];"
        " return [x[0], y[0], z[0]] }"
    )


def test_three_dimensions_move_with_the_step_and_keep_the_readers_view(
    visit: Visit, demo: Server
) -> None:
    page = visit(f"{demo.url}/?panels=space")
    clock = ClockDriver(page).wait_ready()
    page.wait_for_function(f"() => document.querySelector('{SPACE}')._fullLayout.scene._scene")
    before = eye(page)
    box = page.locator(f"{SPACE} canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 90, steps=5)
    page.mouse.up()
    page.mouse.wheel(0, -200)
    page.wait_for_function(
        f"""far => {{
          const {{ x, y, z }} =
            document.querySelector('{SPACE}')._fullLayout.scene._scene.getCamera().eye
          return Math.hypot(x, y, z) < 0.9 * far
        }}""",
        arg=math.hypot(*before),
    )
    view = eye(page)
    go_to(clock, 60)
    assert first_place(page) == pytest.approx(places(3)[60, 0].tolist(), abs=1e-6)
    assert eye(page) == pytest.approx(view, abs=1e-3)
    page.get_by_text("#D55E00").click()
    page.wait_for_function(
        f"() => document.querySelector('{SPACE}')._fullData[0].marker.color === '#D55E00'"
    )
    assert eye(page) == pytest.approx(view, abs=1e-3)


def test_without_webgl_a_sentence_says_so(chromium: Browser, demo: Server, watch: Watch) -> None:
    browser = launch(chromium.browser_type, "--disable-3d-apis")
    try:
        url = f"{demo.url}/?panels=space"
        page = open_page(browser, url, watch=watch, size=WIDE, dark=False)
        clock = ClockDriver(page).wait_ready()
        expect(page.get_by_text("This picture needs WebGL")).to_be_visible()
        go_to(clock, 60)
        expect(page.locator(SPACE)).to_have_count(0)
    finally:
        browser.close()
    assert watch.unexpected() == []
