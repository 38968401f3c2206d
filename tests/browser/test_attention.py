"""The Attention page in a real Chromium: what is typed is drawn whole, and clicks choose."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from model_core.attention import Attention, attend
from model_core.runs import Run
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer
from tests.support.browser.app import assert_fits, column_labels, heat, type_sentence
from tests.support.browser.driver import NARROW, WIDE, ClockDriver, Server, Visit
from tests.support.runs import TINY

SENTENCE = "aaaa 11"  # repeated tokens, and digits that are not numbers
STAGES = ("stage-product", "stage-scaled", "stage-masked", "stage-weights")
TOKENS = "[data-panel=text] .driftscope-token"
SHOWN_BY = {  # a panel that only this view has
    "All heads": "heads",
    "One weight": "pair",
    "Roles": "scores",
    "Next token": "lens",
    "Two sentences": "second-head",
}


@pytest.fixture(scope="module")
def run(app: Server) -> Run:
    """Two layers of two heads, whose vocabulary has repeated tokens, digits and markup."""
    path = app.runs / "odd"
    text = f"{SENTENCE} <b> &lt; bb\n" * 30
    create_from_preset(path, "quick-brown-fox", TINY | {"block_size": 16}, own_text=text)
    with only_trainer(path):
        train(path)
    return Run.open(path)


@pytest.fixture
def attention(visit: Visit, app: Server, run: Run) -> Callable[..., Page]:
    """attention(size=WIDE, dark=False, text=SENTENCE, ...) opens the page at such an address."""

    def go(size: tuple[int, int] = WIDE, dark: bool = False, **query: object) -> Page:
        asked = urlencode({"run": "odd", "text": SENTENCE} | query)
        page = visit(f"{app.url}/attention?{asked}", size=size, dark=dark)
        ClockDriver(page).wait_ready()
        return page

    return go


def plain(run: Run, step: int, text: str = SENTENCE) -> Attention:
    """What plain torch finds in a sentence."""
    return attend(run.model_at(step), torch.tensor(run.tokenizer.encode(text)))


def masked(values: np.ndarray) -> np.ndarray:
    return np.where(np.tri(len(values)), values, np.nan)


def wait_heat(page: Page, panel: str, expected: np.ndarray) -> None:
    """Returns once the heatmap shows these numbers, to 1e-5, and gaps where they are NaN."""
    page.locator(f"[data-panel={panel}]").scroll_into_view_if_needed()
    page.wait_for_function(
        """([panel, expected]) => {
          const div = document.querySelector(`[data-panel=${panel}] .js-plotly-plot`)
          const z = div?._fullData?.[0]?.z
          const near = (a, b) => (b === null ? !Number.isFinite(a) : Math.abs(a - b) < 1e-5)
          return z?.length === expected.length && expected.every((row, i) => {
            return z[i].length === row.length && row.every((value, k) => near(z[i][k], value))
          })
        }""",
        arg=[panel, [[None if np.isnan(v) else float(v) for v in row] for row in expected]],
    )


def row_labels(page: Page, panel: str) -> list[str]:
    return page.locator(f"[data-panel={panel}] .ytick text").all_text_contents()


def title(page: Page, panel: str) -> Locator:
    return page.locator(f"[data-panel={panel}] h2")


def point_at(page: Page, query: int, key: int) -> None:
    """Put the pointer into the middle of a cell of the large head."""
    page.locator("[data-panel=head]").scroll_into_view_if_needed()
    at = page.evaluate(
        """([query, key]) => {
          const div = document.querySelector("[data-panel=head] .js-plotly-plot")
          const box = div.querySelector(".nsewdrag").getBoundingClientRect()
          const { xaxis, yaxis } = div._fullLayout
          return [box.x + xaxis.c2p(key), box.y + yaxis.c2p(query)]
        }""",
        [query, key],
    )
    page.mouse.move(*at)


def click_head(page: Page, right: int, down: int) -> None:
    """Click in the mosaic the head that stands so many right of and below the chosen one."""
    page.locator("[data-panel=heads]").scroll_into_view_if_needed()
    frame = page.locator("[data-panel=heads] .driftscope-frame-chosen").bounding_box()
    assert frame is not None
    apart = frame["width"] + 2  # a head is 4 less wide than its frame, and 6 stand between two
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    page.mouse.click(x + right * apart, y + down * apart)


def choose_view(page: Page, view: str) -> ClockDriver:
    page.get_by_role("radio", name=view, exact=True).click()
    page.locator(f"[data-panel={SHOWN_BY[view]}]").wait_for()
    return ClockDriver(page).wait_ready()


# ---- what is typed is drawn whole ----------------------------------------------------------------


def test_what_is_not_read_is_struck_through_where_it_was_typed(
    attention: Callable[..., Page],
) -> None:
    page = attention(WIDE, False, text="bb")
    for typed, struck in (("b€b", "€"), ("ébb", "é"), ("bb", "")):
        type_sentence(page, typed)
        expect(page.locator(".driftscope-flow bdi")).to_have_text(list(typed))
        assert "".join(page.locator(".driftscope-flow s").all_inner_texts()) == struck


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide", "narrow"])
def test_repeated_tokens_and_digits_keep_all_rows_and_columns(
    attention: Callable[..., Page], run: Run, size: tuple[int, int], dark: bool
) -> None:
    page = attention(size, dark, text="bb")
    type_sentence(page, SENTENCE)
    seen = plain(run, 30)
    scores, weights = seen.scores[0, 0], seen.weights[0, 0]
    size_root = np.sqrt(run.model_config.n_embd / run.model_config.n_head)
    wait_heat(page, "head", masked(weights))
    expected = [scores * size_root, scores, masked(scores), masked(weights)]
    for panel, values in zip(STAGES, expected, strict=True):
        wait_heat(page, panel, values)
    expect(page.locator(f"{TOKENS} bdi")).to_have_text(["a", "a", "a", "a", "␣", "1", "1"])
    places = ["a 0", "a 1", "a 2", "a 3", "␣", "1 5", "1 6"]
    assert column_labels(page, "head") == row_labels(page, "head") == places
    for panel in ("head", "stage-weights"):
        for query, row in enumerate(heat(page, panel)):
            assert sum(w for w in row if w is not None) == pytest.approx(1, abs=1e-6)
            assert row[query + 1 :] == [None] * (6 - query)


def test_every_step_of_a_new_sentence_comes_without_being_asked_for(
    attention: Callable[..., Page], run: Run
) -> None:
    page, new = attention(text="bb"), "1a b"  # no other test reads it
    type_sentence(page, new)
    wait_heat(page, "head", masked(plain(run, 30, new).weights[0, 0]))
    clock = ClockDriver(page)
    clock.press(1)
    for at in (0, len(run.steps) // 2):
        clock.move(at / (len(run.steps) - 1))  # held, so no step is reported to the server
        wait_heat(page, "head", masked(plain(run, int(run.steps[at]), new).weights[0, 0]))
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"step={run.steps[at]}(&|$)"))


def test_a_cell_tells_in_words_what_its_query_reads(
    attention: Callable[..., Page], run: Run
) -> None:
    page = attention()
    weights = plain(run, 30).weights[0, 0]
    wait_heat(page, "head", masked(weights))
    told = page.locator("[data-panel=head] .hovertext")
    for query, key in ((3, 1), (6, 5)):
        point_at(page, query, key)
        names = SENTENCE[query], SENTENCE[key]
        expect(told).to_have_text(
            f"query '{names[0]}' at {query} gives {float(f'{100 * weights[query, key]:.3g}'):g}% "
            f"of its attention to key '{names[1]}' at {key}"
        )
    page.keyboard.press("Home")  # the words follow the clock, the pointer stays
    first = plain(run, 0).weights[0, 0][6, 5]
    expect(told).to_contain_text(f"gives {float(f'{100 * first:.3g}'):g}% of")


def test_tokens_that_look_like_markup_are_shown_as_they_are(
    attention: Callable[..., Page],
) -> None:
    page = attention(text="<b> &lt;")
    expect(page.locator(f"{TOKENS} bdi")).to_have_text(["<", "b", ">", "␣", "&", "l", "t", ";"])
    assert column_labels(page, "head") == ["<", "b", ">", "␣", "&", "l", "t", ";"]
    assert row_labels(page, "head") == ["<", "b", ">", "␣", "&", "l", "t", ";"]


# ---- what is clicked -----------------------------------------------------------------------------


def test_a_click_on_a_token_moves_the_frame_and_the_verdict(attention: Callable[..., Page]) -> None:
    page = attention()
    tokens = page.locator(TOKENS)
    for place in (2, 5):
        tokens.nth(place).click()
        words = f"'{SENTENCE[place]}' at {place} gives "
        expect(page.locator("[data-panel=text] .driftscope-verdict")).to_contain_text(words)
        expect(tokens.nth(place)).to_have_class(re.compile("driftscope-query"))
        expect(page.locator(".driftscope-query")).to_have_count(1)
        expect(page).to_have_url(re.compile(rf"pair={place}(&|$)"))


def test_a_click_on_a_head_shows_it_large(attention: Callable[..., Page], run: Run) -> None:
    page = attention()
    weights = plain(run, 30).weights
    for right, down, layer, head in ((1, 1, 1, 1), (0, -1, 0, 1)):
        click_head(page, right, down)
        expect(title(page, "head")).to_contain_text(f"Layer {layer}, head {head} ")
        wait_heat(page, "head", masked(weights[layer, head]))
        wait_heat(page, "stage-weights", masked(weights[layer, head]))


def test_a_click_on_a_cell_chooses_query_and_key(attention: Callable[..., Page]) -> None:
    page = attention(view="One weight")
    for query, key in ((3, 1), (6, 0)):
        point_at(page, query, key)
        page.mouse.down()
        page.mouse.up()
        words = f"Query '{SENTENCE[query]}' at {query} · key '{SENTENCE[key]}' at {key}, "
        expect(title(page, "pair")).to_contain_text(words)
        expect(page).to_have_url(re.compile(rf"pair={query}\.{key}"))


# ---- five views ----------------------------------------------------------------------------------


def test_all_views_keep_sentence_step_and_head_and_fit_the_screen(
    attention: Callable[..., Page], run: Run
) -> None:
    step = int(run.steps[4])
    page = attention(step=step, head="1.0")
    for view in [*SHOWN_BY, "All heads"]:
        choose_view(page, view).wait_step(step)
        expect(page).to_have_url(re.compile(rf"step={step}&.*head=1\.0"))
        field = page.get_by_label("Sentence for the model to read")
        expect(field).to_have_value(SENTENCE)
        assert_fits(page)
    wait_heat(page, "head", masked(plain(run, step).weights[1, 0]))


def test_one_more_token_is_written_at_every_press(attention: Callable[..., Page]) -> None:
    page = attention(view="Next token", written=3)
    new = page.locator("[data-panel=written] .driftscope-written bdi")
    expect(new).to_have_count(3)
    for count in (4, 5):
        before = new.all_text_contents()
        page.get_by_role("button", name="One more").click()
        expect(new).to_have_count(count)
        assert new.all_text_contents()[:-1] == before
        expect(page).to_have_url(re.compile(f"written={count}"))


def test_an_address_may_say_that_no_head_is_off(attention: Callable[..., Page]) -> None:
    page = attention(view="Roles", off="")
    page.get_by_text("Numbers", exact=True).click()
    expect(page.get_by_text("with none switched off (+0.0000)")).to_be_visible()
    field = page.get_by_label("Switch off")
    field.press_sequentially("layer 1 head 0")  # its place still moves: the drawer opens slowly
    expect(page.get_by_role("option", name="layer 1 head 0")).to_be_visible()
    field.press("Enter")
    caption = page.get_by_text(re.compile(r"without layer 1 head 0 \([+-]"))
    expect(caption).to_be_visible()
    expect(page).to_have_url(re.compile("off=2"))
