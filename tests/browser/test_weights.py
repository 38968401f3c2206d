"""Attention on the step clock: the sentence whose keys light up, and the mosaic of heads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser.clock_demo import (
    LONG,
    SENTENCE,
    head_weights,
    recorded_steps,
    sentence_weights,
)
from tests.support.browser.driver import (
    NARROW,
    WIDE,
    ClockDriver,
    Server,
    Visit,
)

STEPS = recorded_steps(200).tolist()
WEIGHTS = sentence_weights(200)
TOKENS = "[data-panel=text] .driftscope-token"
TIP = "[data-panel=text] .driftscope-tip"
QUERY = 4  # what the demo chooses first


@pytest.fixture
def full(visit: Visit, demo: Server) -> ClockDriver:
    """The page with every kind of panel."""
    return ClockDriver(visit(f"{demo.url}/?panels=all")).wait_ready()


@pytest.fixture
def untouched(at_first_step: Callable[[str], ClockDriver]) -> ClockDriver:
    """The same page, for tests that choose nothing on it."""
    return at_first_step("all")


def token(page: Page, position: int) -> Locator:
    return page.locator(TOKENS).nth(position)


def numbers(page: Page) -> Locator:
    return page.locator(f"{TOKENS} small")


def two_digits(row: np.ndarray) -> list[str]:
    """The numbers below the keys of a row of weights (T,)."""
    texts = [f"{weight:.2f}" for weight in np.nan_to_num(row)]
    return [{"0.00": "", "1.00": "1"}.get(text, text[1:]) for text in texts]


def says(query: int, key: int, weight: str) -> str:
    share = f"{weight} of its attention"
    return f"'{SENTENCE[query]}' at {query} gives {share} to '{SENTENCE[key]}' at {key}"


def percent(weight: np.floating) -> str:
    return f"{float(f'{100 * weight:.3g}'):g}%"


def contrast(colors: list[list[float]]) -> float:
    """WCAG 2.2's contrast ratio of two colours, levels from 0 to 255."""
    parts = np.array(colors) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    dark, bright = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (bright + 0.05) / (dark + 0.05)


# ---- the sentence -------------------------------------------------------------------------------


def test_numbers_beneath_the_keys_are_the_weights_of_the_step(untouched: ClockDriver) -> None:
    untouched.page.locator(TOKENS).first.scroll_into_view_if_needed()
    for key, index in [("End", 199), ("Shift+ArrowLeft", 189), ("Home", 0)]:
        untouched.page.keyboard.press(key)
        untouched.wait_step(STEPS[index])
        expect(numbers(untouched.page)).to_have_text(two_digits(WEIGHTS[index, QUERY]))


def test_a_click_makes_a_query_before_the_server_answers_and_picks_it(full: ClockDriver) -> None:
    for position in (6, 3):
        shown = full.page.evaluate(
            """([tokens, n]) => {
              const nodes = [...document.querySelectorAll(tokens)]
              nodes[n].click()
              const framed = nodes.findIndex((node) => node.matches(".driftscope-query"))
              return [framed, nodes.map((node) => node.lastChild.textContent)]
            }""",
            [TOKENS, position],
        )
        assert shown == [position, two_digits(WEIGHTS[0, position])]
        picked = f"picked: Position(at={position}, second=False)"
        expect(full.page.get_by_text(picked)).to_be_visible()
        expect(full.page.locator(".driftscope-query")).to_have_count(2)  # one a text


def test_the_tip_tells_what_the_query_reads_of_the_token_pointed_at(full: ClockDriver) -> None:
    page, tip = full.page, full.page.locator(TIP)
    expect(tip).to_be_hidden()
    token(page, 3).hover()
    expect(tip).to_have_text(says(QUERY, 3, percent(WEIGHTS[0, QUERY, 3])))
    token(page, 7).hover()
    expect(tip).to_have_text(says(QUERY, 7, "nothing (masked)"))
    token(page, 8).click()
    expect(tip).to_have_text(says(8, 8, percent(WEIGHTS[0, 8, 8])))
    token(page, 6).hover()  # '{weight}' is a token's label here, not a field
    expect(tip).to_have_text(says(8, 6, percent(WEIGHTS[0, 8, 6])))
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()


def test_the_tip_follows_the_step(untouched: ClockDriver) -> None:
    token(untouched.page, 3).hover()
    untouched.page.keyboard.press("End")
    expect(untouched.page.locator(TIP)).to_have_text(says(QUERY, 3, "100%"))


def test_the_keyboard_chooses_a_query_and_the_clock_stands_still(full: ClockDriver) -> None:
    page, flow = full.page, full.page.locator("[data-panel=text] .driftscope-flow")
    flow.focus()
    page.keyboard.press("ArrowLeft")
    told = says(QUERY, 3, percent(WEIGHTS[0, QUERY, 3]))
    expect(page.locator(TIP)).to_have_text(told)
    keys = "Arrow keys move, Enter makes a token the query."
    expect(flow).to_have_attribute("aria-label", f"{told}. {keys}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("picked: Position(at=3, second=False)")).to_be_visible()
    for key in ("End", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_text("picked: Position(at=8, second=False)")).to_be_visible()
    assert full.step() == 0


def test_without_a_pointer_a_screen_reader_hears_what_is_read_most(untouched: ClockDriver) -> None:
    untouched.page.locator(TOKENS).first.scroll_into_view_if_needed()
    untouched.page.keyboard.press("End")
    flow = untouched.page.locator("[data-panel=text] .driftscope-flow")
    words = "; ".join([says(QUERY, 3, "100%"), says(QUERY, 0, "0%"), says(QUERY, 1, "0%")])
    keys = "Arrow keys move, Enter makes a token the query."
    expect(flow).to_have_attribute("aria-label", f"{words}. {keys}")


def test_labels_are_shown_as_they_are_and_a_newline_ends_its_line(untouched: ClockDriver) -> None:
    """Those that the model has written are underlined."""
    labels = untouched.page.locator(f"{TOKENS} bdi")
    assert labels.all_text_contents() == SENTENCE
    assert untouched.page.locator(f"{TOKENS} b").count() == 0
    isolated = labels.evaluate_all("nodes => nodes.map(n => getComputedStyle(n).unicodeBidi)")
    assert set(isolated) == {"isolate"}
    tops = untouched.page.locator(TOKENS).evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().top)"
    )
    assert tops[0] == tops[2] < tops[3] == tops[8]
    lines = labels.evaluate_all("nodes => nodes.map(n => getComputedStyle(n).textDecorationLine)")
    assert lines == ["none"] * 7 + ["underline"] * 2


def test_a_label_that_turns_the_writing_turns_nothing_of_the_tip(full: ClockDriver) -> None:
    token(full.page, 8).click()
    token(full.page, 5).hover()
    tip = full.page.locator(TIP)
    expect(tip).to_have_text(says(8, 5, percent(WEIGHTS[0, 8, 5])))
    assert tip.locator("bdi").all_text_contents() == [SENTENCE[8], SENTENCE[5]]
    starts = tip.evaluate(
        """tip => [...tip.childNodes].filter((node) => node.textContent).map((node) => {
          const range = document.createRange()
          range.selectNodeContents(node)
          return range.getBoundingClientRect().x
        })"""
    )
    assert starts == sorted(starts) and len(starts) == 10


@pytest.mark.parametrize("dark", [False, True])
def test_letters_stay_readable_on_the_strongest_light(
    visit: Visit, demo: Server, dark: bool
) -> None:
    full = ClockDriver(visit(f"{demo.url}/?panels=all", dark=dark)).wait_ready()
    token(full.page, 3).scroll_into_view_if_needed()
    full.page.keyboard.press("End")
    expect(token(full.page, 3).locator("small")).to_have_text("1")
    colors = token(full.page, 3).evaluate(
        """node => ["color", "backgroundColor"].map((name) => {
          const context = new OffscreenCanvas(1, 1).getContext("2d")
          context.fillStyle = getComputedStyle(node)[name]
          context.fillRect(0, 0, 1, 1)
          return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
        })"""
    )
    assert contrast(colors) >= 4.5


def test_a_step_writes_only_what_is_seen_to_change(full: ClockDriver) -> None:
    token(full.page, 0).scroll_into_view_if_needed()
    full.page.evaluate(
        """tokens => {
          const nodes = [...document.querySelectorAll(tokens)]
          window.written = new Set()
          const hear = (changes) => changes.forEach(({ target }) => {
            written.add(nodes.findIndex((node) => node.contains(target)))
          })
          const observer = new MutationObserver(hear)
          const all = { attributes: true, childList: true, characterData: true, subtree: true }
          nodes.forEach((node) => observer.observe(node, all))
        }""",
        TOKENS,
    )
    full.page.keyboard.press("ArrowRight")
    full.wait_step(STEPS[1])
    hundredths = np.rint(100 * np.nan_to_num(WEIGHTS[:2, QUERY]))
    (changed,) = np.nonzero(hundredths[0] != hundredths[1])
    assert full.page.evaluate("() => [...written].sort()") == changed.tolist()
    full.page.keyboard.press("End")
    full.wait_step(STEPS[199])
    assert full.page.evaluate("() => [...written].sort()") == list(range(QUERY + 1))


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_long_text_scrolls_in_its_panel_to_its_query(
    visit: Visit, demo: Server, size: Any
) -> None:
    full = ClockDriver(visit(f"{demo.url}/?panels=all", size=size)).wait_ready()
    flow = full.page.locator("[data-panel=long] .driftscope-flow")
    flow.scroll_into_view_if_needed()
    height, within, width, wide = flow.evaluate(
        "node => [node.clientHeight, node.scrollHeight, node.clientWidth, node.scrollWidth]"
    )
    assert height <= 210 < within and wide == width
    expect(flow.locator(".driftscope-query")).to_be_in_viewport()
    expect(flow.locator(".driftscope-query bdi")).to_have_text("149")


def test_weights_that_do_not_move_stay_at_every_step(untouched: ClockDriver) -> None:
    shown = untouched.page.locator("[data-panel=long] small")
    untouched.page.locator("[data-panel=long]").scroll_into_view_if_needed()
    untouched.page.keyboard.press("End")
    untouched.wait_step(STEPS[199])
    expect(shown).to_have_text([".01"] * 150 + [""] * (LONG - 150))


# ---- the mosaic ---------------------------------------------------------------------------------


def pixels(page: Page, box: dict[str, float]) -> np.ndarray:
    """(rows, columns, 4) levels of the mosaic's canvas within a box of the page."""
    levels = page.evaluate(
        """box => {
          const canvas = document.querySelector("[data-panel=heads] canvas")
          const own = canvas.getBoundingClientRect()
          const at = [box.x - own.x, box.y - own.y, box.width, box.height].map(Math.round)
          const { data } = canvas.getContext("2d").getImageData(...at)
          return Array.from(data, (level) => String.fromCharCode(level)).join("")
        }""",
        box,
    )
    flat = np.frombuffer(levels.encode("latin-1"), np.uint8)  # a list takes seconds
    return flat.reshape((round(box["height"]), round(box["width"]), 4)).astype(int)


def head_box(page: Page, right: int = 0, down: int = 0) -> dict[str, float]:
    """Where the head stands that is so many heads right of and below the chosen one, (1, 2)."""
    page.locator("[data-panel=heads]").scroll_into_view_if_needed()
    frame = page.locator("[data-panel=heads] .driftscope-frame-chosen").bounding_box()
    assert frame is not None
    side = frame["width"] - 4  # the frame stands around it
    x, y = frame["x"] + 2 + right * (side + 6), frame["y"] + 2 + down * (side + 6)
    return {"x": x, "y": y, "width": side, "height": side}


def shade(weight: float) -> np.ndarray:
    """Out of the page by the root of the weight, in 16 straight parts; bytes of a colour."""
    paper, deep = np.array([[255, 255, 255], [11, 79, 156]])
    roots = np.arange(17) / 16
    sent = round(254 * weight) / 254
    return paper + (deep - paper) * np.interp(sent, roots**2, roots)


def test_every_cell_of_a_head_has_the_colour_of_its_weight(untouched: ClockDriver) -> None:
    box = head_box(untouched.page)
    centres = ((np.arange(24) + 0.5) * box["width"] / 24).astype(int)
    for index in (0, 70):
        untouched.drag(0, index / 199)
        untouched.wait_step(STEPS[index])
        cells = pixels(untouched.page, box)[np.ix_(centres, centres)]
        weights = head_weights(200)[index, 1, 2]
        for query, key in zip(*np.tril_indices(24), strict=True):
            assert cells[query, key, :3] == pytest.approx(shade(weights[query, key]), abs=3)
        assert (cells[..., 3] == 255 * np.tri(24)).all()


def test_a_role_is_written_into_the_masked_corner_of_its_head_while_it_has_it(
    untouched: ClockDriver,
) -> None:
    box = head_box(untouched.page, right=-1, down=-1)  # layer 0, head 1
    untouched.drag(0, 0.7)
    untouched.wait_step(STEPS[139])
    written = pixels(untouched.page, box)[..., 3] > 0
    untouched.page.keyboard.press("Home")
    untouched.wait_step(0)
    blank = pixels(untouched.page, box)[..., 3] > 0
    rows, columns = np.nonzero(written & ~blank)
    assert (written[blank]).all(), "no cell is covered"
    assert rows.size > 100 and rows.max() < 20
    assert columns.min() > 20 and columns.max() <= box["width"] - 3


def test_tip_and_label_of_a_head_name_its_role(full: ClockDriver) -> None:
    page = full.page
    box = head_box(page)
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] - 2)
    tip = page.locator("[data-panel=heads] .driftscope-tip")
    expect(tip).to_contain_text("layer 1 · head 2 · query 23 gives")
    page.keyboard.press("End")
    weight = head_weights(200)[199, 1, 2, 23, 0]
    words = f"layer 1 · head 2 · induction · query 23 gives {weight:.0%} of its attention to key 0"
    expect(tip).to_have_text(words)
    heads = page.locator("[data-panel=heads] .driftscope-heads")
    label = "layer 1, head 2, induction, shown large. Arrow keys move, Enter picks."
    expect(heads).to_have_attribute("aria-label", label)
    heads.focus()
    page.keyboard.press("ArrowRight")
    expect(heads).to_have_attribute("aria-label", "layer 1, head 3. Arrow keys move, Enter picks.")
