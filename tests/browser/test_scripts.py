"""Texts of many scripts in a real Chromium: each label beside its own number, in order."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from model_core.runs import Run
from tests.support.browser.driver import ClockDriver, Held, Server, Visit, Watch
from tests.support.runs import recorded_run

WORDS = "שלום עולם מִלָּה مُحَمَّد كتاب ٣٤ हिन्दी वाक्य สวัสดี ชาวโลก 春眠 不觉晓 e\u0301te\u0301 fox 42"
GLYPHS = str.maketrans({"␣": " ", "⏎": "\n"})
# Each line of a text as its cells with the edges of their boxes: labels are isolated, or words.
CELLS = r"""pre => {
  const node = pre.firstChild
  let from = 0
  return node.data.split("\n").map((line) => {
    const cells = [...line.matchAll(/'?\u2068[^\u2069]*\u2069'?|\S+/gu)].map((cell) => {
      const range = document.createRange()
      range.setStart(node, from + cell.index)
      range.setEnd(node, from + cell.index + cell[0].length)
      const { left, right } = range.getBoundingClientRect()
      return [cell[0].replace(/[\u2068\u2069]/gu, ""), left, right]
    })
    from += line.length + 1
    return cells
  })
}"""


@pytest.fixture(scope="module")
def run(app: Server) -> Run:
    """A run whose tokens are words of many scripts, each with and without a space before it."""
    rng = np.random.default_rng(0)
    lines = [*WORDS.split(), *(" ".join(rng.permutation(WORDS.split())) for _ in range(40))]
    return recorded_run(app.runs / "scripts", "\n".join(lines), tokenizer="word", block_size=16)


def test_half_a_surrogate_pair_is_shown_and_ends_no_connection(
    visit: Visit, app: Server, watch: Watch
) -> None:
    page = visit(f"{app.url}/tables?run=quick-brown-fox")
    ClockDriver(page).wait_ready()
    field = page.get_by_label("Sentence for the model to read")
    for half in ("\\ud83d", "\\ude00"):
        field.press("Control+a")
        page.evaluate(f"document.execCommand('insertText', false, 'the {half}fox')")
        field.press("Enter")
        expect(page.locator(".read s")).to_contain_text("\ufffd")
        expect(page).to_have_url(re.compile("%EF%BF%BD"))
        field.fill("the \U0001f600")  # a whole pair stays
        field.press("Enter")
        expect(page.locator(".read s")).to_have_text("\U0001f600")


def test_the_address_is_that_of_the_last_sentence_where_the_one_before_arrives_late(
    visit: Visit, app: Server
) -> None:
    page = visit("about:blank")
    server = Held(page)
    page.goto(f"{app.url}/tables?run=quick-brown-fox&text=fox")
    ClockDriver(page).wait_ready()
    field = page.get_by_label("Sentence for the model to read")
    server.holds = True
    field.fill("the")
    field.press("Enter")
    while not server.has(b"text=the"):
        page.wait_for_timeout(100)
    field.fill("fox")
    field.press("Enter")
    server.release()
    expect(page).to_have_url(re.compile("text=fox"))


def test_a_page_with_a_long_sentence_can_be_loaded_again(visit: Visit, app: Server) -> None:
    """Of 7,500 Chinese characters: its address had 67,500, and the server refused it."""
    text = "春眠不觉晓，处处闻啼鸟。" * 625
    page = visit(f"{app.url}/tables?run=quick-brown-fox")
    ClockDriver(page).wait_ready()
    field = page.get_by_label("Sentence for the model to read")
    field.fill(text)
    field.press("Enter")
    expect(page).to_have_url(re.compile("text=kept-[0-9a-f]{16}&"))
    answer = page.reload()
    assert answer is not None and answer.status == 200
    expect(field).to_have_value(text)


def test_a_new_line_is_typed_with_shift_and_enter_or_pasted(
    visit: Visit, app: Server, run: Run
) -> None:
    page = visit(f"{app.url}/attention?run=scripts")
    ClockDriver(page).wait_ready()
    field = page.get_by_label("Sentence for the model to read")
    field.fill("fox")
    field.press("Shift+Enter")
    page.evaluate("""() => {
      const data = new DataTransfer()
      data.setData("text/plain", "42\\nfox")
      const paste = { clipboardData: data, bubbles: true, cancelable: true }
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", paste))
    }""")
    expect(field).to_have_value("fox⏎42⏎fox")
    field.press("Enter")
    expect(page.locator("[data-panel=text] .driftscope-token bdi")).to_have_text(
        ["fox", "⏎", "42", "⏎", "fox"]
    )


def test_a_table_offers_our_csv_and_not_one_with_formulas(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/tables?run=quick-brown-fox&tables.view=Values")
    ClockDriver(page).wait_ready()
    page.get_by_text("Numbers", exact=True).click()
    table = page.get_by_test_id("stDataFrame").first
    table.hover()
    expect(page.get_by_label("Search").first).to_be_visible()
    expect(page.get_by_label("Download as CSV")).to_have_count(0)
    expect(page.get_by_role("button", name="Tokens as CSV")).to_be_visible()


# Pages and panels that are wider than their place, but for the menu beside each panel.
BURST = """() => [...document.querySelectorAll("[data-testid=stMain], [data-panel]")]
  .map((node) => (node.querySelector(":scope > .driftscope-save")?.remove(), node))
  .filter((node) => node.scrollWidth > node.clientWidth + 2)
  .map((node) => node.dataset.panel ?? node.tagName)
  .concat([...document.querySelectorAll("[data-panel] text")]
    .filter((node) => node.getBoundingClientRect().width > 400).map((node) => node.textContent))"""


@pytest.mark.parametrize(
    "address", ["?", "drift?drift.map=PCA&", "attention?", "attention?attention.view=Next+token&"]
)
def test_a_token_of_5000_characters_bursts_no_panel(
    visit: Visit, app: Server, address: str
) -> None:
    if not (app.runs / "long").exists():
        recorded_run(app.runs / "long", f"{'x' * 5_000} and שלום fox " * 40, tokenizer="word")
    tokens = Run.open(app.runs / "long").tokenizer.tokens
    chosen = max(range(len(tokens)), key=lambda one: len(tokens[one]))
    page = visit(f"{app.url}/{address}run=long&token={chosen}&text={'x' * 5_000}+fox")
    ClockDriver(page).wait_ready()
    assert page.evaluate(BURST) == []


def lines_of(page: Page, panel: str) -> list[list[Any]]:
    """The cells of each line, which stand from left to right as they are written."""
    text = page.locator(f"[data-panel={panel}] pre")
    text.wait_for()
    lines: list[list[Any]] = text.evaluate(CELLS)
    for cells in lines:
        for (_, left, right), (_, following, _) in pairwise(cells):
            assert left < right <= following + 0.5, cells
    return lines


@pytest.mark.parametrize("word", ["שלום", "हिन्दी"])
def test_distances_stand_under_by_distance_in_every_script(
    visit: Visit, app: Server, run: Run, word: str
) -> None:
    """By their places on the screen, against those computed from the table."""
    tokens = list(run.tokenizer.tokens)
    table = run.token_embeddings()[-1].astype(float)
    row = table[tokens.index(word)]
    page = visit(f"{app.url}/drift?run=scripts&drift.map=PCA&token={tokens.index(word)}")
    ClockDriver(page).wait_ready()
    header, *lines = lines_of(page, "neighbours")
    assert [name for name, *_ in header] == ["nearest", "by", "cosine", "by", "distance"]
    assert len(lines) >= 6
    for (one, *_), (cosine, *_), (other, *_), (distance, begin, _) in lines:
        one, other = (table[tokens.index(name.translate(GLYPHS))] for name in (one, other))
        assert begin > header[2][2]  # the distance, right of "by cosine"
        lengths = np.linalg.norm(row) * np.linalg.norm(one)
        assert float(cosine) == pytest.approx(row @ one / lengths, abs=6e-4)
        assert float(distance) == pytest.approx(np.linalg.norm(row - other), abs=6e-4)


def test_the_lens_has_every_probability_right_of_its_token(
    visit: Visit, app: Server, run: Run
) -> None:
    page = visit(f"{app.url}/attention?run=scripts&attention.view=Next+token&text=שלום كتاب")
    ClockDriver(page).wait_ready()
    for line in lines_of(page, "lens-words"):
        words = [cell for cell, *_ in line if not re.fullmatch("block|embedding|[0-9]", cell)]
        shares = [float(share) for share in words[1::2]]
        assert len(shares) == 5 and shares == sorted(shares, reverse=True)
