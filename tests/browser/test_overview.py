"""The drawn model and the letter map on the first page, seen and used."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from explorer.visit.runs import RECORDED
from model_core.attention import attend
from model_core.normalization import part_parameters, part_sites
from model_core.prediction.words import known_words, unknown_words
from model_core.runs import Run
from tests.support.browser.app import go_to, type_sentence
from tests.support.browser.driver import ClockDriver, Server, Visit, sent_messages
from tests.support.browser.rules import violations

FOX = Run.open(RECORDED / "quick-brown-fox")
SENTENCE = "Quick brown fox jumped over the lazy dog."
GREY = "[data-panel=sample] .driftscope-body div:nth-child({}) .driftscope-faint"
PIXELS = """panel => {
  const canvas = document.querySelector(`[data-panel=${panel}] canvas`)
  return canvas.toDataURL()
}"""


@pytest.fixture
def page(visit: Visit, app: Server) -> Page:
    page = visit(f"{app.url}/?run=quick-brown-fox")
    ClockDriver(page).wait_ready()
    wait_whole(page)
    return page


def wait_whole(page: Page) -> None:
    """Returns once all steps have come."""
    page.wait_for_function(
        "() => performance.getEntriesByName('driftscope:complete').some((m) => !m.detail.alone)"
    )


def drawn(page: Page) -> dict[str, str]:
    return {panel: page.evaluate(PIXELS, panel) for panel in ("machine", "map")}


def guesses(step: int) -> int:
    """How many next tokens of the sentence the model of this step has as its likeliest."""
    ids = FOX.tokenizer.encode(SENTENCE)
    logits = FOX.model_at(step)(torch.tensor([ids]))[0][0].detach().numpy()
    return int((logits[:-1].argmax(1) == np.array(ids[1:])).sum())


def test_one_drag_moves_all_of_it_without_a_word_to_the_server_and_without_plotly(
    visit: Visit, app: Server
) -> None:
    page = visit("about:blank", size=(1440, 1100))
    sent = sent_messages(page)
    page.goto(f"{app.url}/?run=quick-brown-fox")
    clock = ClockDriver(page).wait_ready()
    wait_whole(page)
    verdict = page.locator(".driftscope-verdict")
    expect(verdict).to_have_text(f"guesses {guesses(1000)} of 40 next tokens")
    before, asked = drawn(page), len(sent)
    clock.press(1)
    clock.move(0)
    clock.wait_step(0)
    expect(verdict).to_have_text(f"guesses {guesses(0)} of 40 next tokens")
    assert all(picture != before[panel] for panel, picture in drawn(page).items())
    assert len(sent) == asked, "the pointer is still down"
    page.mouse.up()
    assert page.evaluate("typeof Plotly") == "undefined"
    go_to(page, "Drift")
    assert page.evaluate("typeof Plotly") == "object"


def test_what_is_no_word_of_the_text_is_grey(page: Page) -> None:
    known, samples = known_words(FOX.text), FOX.metrics()["sample"]
    for column, sample in ((1, samples.iloc[0]), (3, samples.iloc[-1])):
        words = [sample[start:end] for start, end in unknown_words(sample, known)]
        assert page.locator(GREY.format(column)).all_inner_texts() == words
    assert page.locator(GREY.format(1)).count() > 0 == page.locator(GREY.format(3)).count()


def test_a_line_of_what_changed_moves_the_clock_at_once_and_is_lit(page: Page) -> None:
    clock, lines = ClockDriver(page), page.locator(".driftscope-event")
    expect(lines.first).to_have_class(re.compile("driftscope-past"))
    line = lines.filter(has_text="by frequency")
    step = int(line.locator("span").inner_text().removeprefix("step ").replace(",", ""))
    line.press("Enter")
    clock.wait_step(step)
    expect(line).to_have_attribute("aria-current", "step")
    expect(page.locator(".driftscope-mark")).to_have_text(line.inner_text().partition("\n")[2])
    steps = lines.locator("span").all_inner_texts()
    past = sum(int(text.removeprefix("step ").replace(",", "")) <= step for text in steps)
    expect(page.locator(".driftscope-past")).to_have_count(past)
    expect(page).to_have_url(re.compile(f"step={step}(&|$)"))


def test_parts_say_their_shapes_and_how_many_parameters_they_have(page: Page) -> None:
    model, machine = FOX.model_at(1000), page.locator("[data-panel=machine]")
    counts = [sum(one.numel() for one in block.parameters()) for block in model.blocks]
    expect(machine.locator(".driftscope-name-attention")).to_contain_text(
        [f"layer {at} · {count} parameters" for at, count in enumerate(counts)]
    )
    tables = model.token_embedding_table.weight.numel() + FOX.model_config.block_size * 5
    rows, head = machine.locator(".driftscope-name-rows"), machine.locator(".driftscope-name-next")
    expect(rows).to_have_text(f"token + position 41 × 5 {tables} parameters")
    rest = sum(one.numel() for one in model.parameters()) - sum(counts) - tables
    expect(head).to_have_text(f"expects next 41 × 27 {rest} parameters")


def test_every_part_is_the_way_to_its_page(page: Page) -> None:
    machine = page.locator("[data-panel=machine]")
    machine.get_by_role("button", name="Q at 0").press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(machine.locator(".driftscope-after")).to_have_text("after 'i' at 2")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/tables\?.*token={FOX.tokenizer.encode('i')[0]}&"))
    for name, goal in (
        (re.compile("layer 1.*: open Attention"), r"/attention\?.*head=0.0.*pair"),
        (re.compile("stream .*: open Normalization"), r"/normalization\?"),
        (re.compile("after 'i' at 2"), r"/attention\?.*view=Next\+token"),
    ):
        go_to(page, "Overview")
        machine.get_by_role("button", name=name).first.press("Enter")
        expect(page).to_have_url(re.compile(goal), timeout=30_000)


def test_the_pointer_on_an_arc_reads_it_and_a_click_opens_it(page: Page) -> None:
    box = page.locator("[data-panel=machine] canvas").bounding_box()
    assert box is not None
    tip = page.locator("[data-panel=machine] .driftscope-tip")
    form = re.compile(
        r"layer 1, head 0: '(.)' at (\d+) gives (\d+)% of its attention to '.' at (\d+)"
    )
    found = None
    for x in range(140, int(box["width"]) - 220, 7):
        page.mouse.move(box["x"] + x, box["y"] + 0.78 * box["height"])
        found = form.fullmatch(tip.inner_text()) if tip.is_visible() else None
        if found and int(found[3]) > 30:
            break
    assert found
    query, share, key = (int(found[group]) for group in (2, 3, 4))
    weights = attend(FOX.model_at(1000), torch.tensor(FOX.tokenizer.encode(SENTENCE))).weights
    assert abs(100 * weights[1, 0, query, key] - share) < 0.8
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"/attention\?.*head=1.0&pair={query}.{key}"))


def test_what_is_not_read_is_struck_through_in_the_drawn_model(page: Page) -> None:
    spelled = page.locator(".driftscope-spelled")
    for typed, unread in (("fo€x", ["€"]), ("éfox", ["é"]), ("fox", [])):
        type_sentence(page, typed)
        expect(spelled.locator("bdi")).to_have_text(list(typed))
        expect(spelled.locator("s")).to_have_text(unread)
        for letter, position in zip("fox", range(3), strict=True):
            button = spelled.locator(f"[data-position='{position}']")
            expect(button).to_have_text(letter)
    expect(page.locator(".driftscope-verdict")).to_contain_text(" of 2 next tokens")


def test_a_letter_of_the_map_is_chosen_by_click_and_by_key(page: Page) -> None:
    field = page.locator("[data-panel=map] .driftscope-heads")
    field.scroll_into_view_if_needed()
    field.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("token=2(&|$)"))
    box = field.bounding_box()
    assert box is not None
    tip = page.locator("[data-panel=map] .driftscope-tip")
    spots = [(x, y) for y in range(20, int(box["height"]) - 20, 20) for x in range(60, 560, 24)]
    for x, y in spots:
        page.mouse.move(box["x"] + x, box["y"] + y)
        if tip.is_visible() and "chosen" not in tip.inner_text():
            break
    letter = tip.inner_text().strip("'")
    page.mouse.down()
    page.mouse.up()
    token = FOX.tokenizer.encode(" " if letter == "␣" else letter)[0]
    expect(page).to_have_url(re.compile(f"token={token}(&|$)"))


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844)], ids=str)
def test_the_picture_begins_high_and_nothing_is_behind_the_clock(
    visit: Visit, app: Server, size: tuple[int, int]
) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox", size=size)
    ClockDriver(page).wait_ready()
    first = page.locator("[data-panel=machine] canvas").bounding_box()
    assert first is not None and (first["y"] <= 300 or size[0] < 1000)
    page.locator(".stMain").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    bar, last = (
        page.locator(selector).bounding_box()
        for selector in (".driftscope-bar", "[data-panel]:last-child")
    )
    assert bar is not None and last is not None
    assert last["y"] + last["height"] <= bar["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_code_has_the_numbers_of_the_step_and_names_the_widest(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox&overview.view=Line+by+line")
    clock = ClockDriver(page).wait_ready()
    wait_whole(page)
    code = page.locator("[data-panel=code]")
    row = code.locator(".driftscope-row", has_text="logits = self.lm_head")
    ids = torch.tensor([FOX.tokenizer.encode(SENTENCE)])
    for step, key in ((1000, "End"), (0, "Home")):
        clock.slider.press(key)
        clock.wait_step(step)
        logits = FOX.model_at(step).double()(ids)[0].detach().numpy()
        shown = row.locator(".driftscope-number").all_inner_texts()
        for text, exact in zip(shown, (logits.mean(), logits.std()), strict=True):
            assert float(text.replace("−", "-")) == pytest.approx(exact, rel=6e-3)
        spreads = code.locator(".driftscope-number:last-child").all_inner_texts()[1:]
        largest = max(float(text) for text in spreads)
        most = code.locator(".driftscope-most .driftscope-number:last-child")
        assert float(most.inner_text()) == largest
        expect(code.locator(".driftscope-verdict")).to_contain_text(f"std {most.inner_text()}")
    assert violations(page, "light") == []


def test_the_part_with_the_largest_gradient_is_named_and_opens_its_page(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox&overview.view=Part+by+part")
    clock = ClockDriver(page).wait_ready()
    wait_whole(page)
    parts = page.locator("[data-panel=parts]")
    ids = torch.tensor(FOX.tokenizer.encode(SENTENCE))
    for step, key in ((0, "Home"), (1000, "End")):
        clock.slider.press(key)
        clock.wait_step(step)
        model = FOX.model_at(step)
        torch.nn.functional.cross_entropy(model(ids[None])[0][0, :-1], ids[1:]).backward()
        sizes = {}
        for part, names in part_parameters(model.config, model.anatomy).items():
            grads = [model.get_parameter(name).grad for name in names]
            flat = [grad.flatten() for grad in grads if grad is not None]
            sizes[part] = torch.cat(flat).square().mean().sqrt().item() if flat else 0
        sites = part_sites(model.config, model.anatomy)
        largest = max(sites, key=lambda name: sizes[sites[name]])
        expect(parts.locator(".driftscope-verdict")).to_contain_text(f"largest at {largest}: ")
        row = parts.locator(".driftscope-row", has=page.locator(".driftscope-most"))
        expect(row.get_by_role("button")).to_have_text(largest[:1].upper() + largest[1:])
    assert violations(page, "light") == []
    parts.get_by_role("button", name="Block 1's attention").press("Enter")
    expect(page).to_have_url(re.compile(r"/attention\?"), timeout=30_000)
