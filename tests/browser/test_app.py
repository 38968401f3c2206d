"""The whole app in a real Chromium: the path of a newcomer, on a wide and on a narrow screen."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser.app import (
    PAGES,
    assert_fits,
    choose_preset,
    go_to,
    heat,
    train,
    type_sentence,
)
from tests.support.browser.driver import NARROW, WIDE, ClockDriver, Server, Visit


def test_train_scrub_type_read_and_change_page(visit: Visit, app: Server) -> None:
    """On a narrow screen, then, with the same run, on a wide one."""
    page = visit(f"{app.url}/?run=quick-brown-fox", size=NARROW)
    clock = ClockDriver(page).wait_ready()
    assert clock.step() == 1000
    expect(page.locator("[data-panel=sample]")).to_contain_text("Quick brown fox jumped over")
    for panel in ("machine", "map"):
        expect(page.locator(f"[data-panel={panel}]")).to_be_attached()
    go_to(page, "Train")
    name = train(page)
    standing = page.get_by_text(re.compile(f"{name}: running, step [1-9].* loss [0-9.]+ nats"))
    standing.wait_for()
    page.get_by_text(re.compile(f"{name}: finished, step 1,000 of 1,000")).wait_for(timeout=90_000)
    for (width, height), text in ((NARROW, "brown dog"), (WIDE, "lazy fox")):
        page.set_viewport_size({"width": width, "height": height})
        go_to(page, "Train")
        step = scrub_type_and_read(page, text)
    for title in PAGES:
        go_to(page, title).wait_step(step)
        expect(page.get_by_label("Sentence for the model to read")).to_have_value(text)
        assert_fits(page)


def scrub_type_and_read(page: Page, text: str) -> int:
    """The step where the reader settled, which the Attention page then shows of their sentence."""
    clock = ClockDriver(page).wait_ready()
    page.keyboard.press("End")
    clock.wait_step(1000)
    entries = page.locator("[data-panel=sample] li:visible")
    entries.last.scroll_into_view_if_needed()  # nothing is drawn that is out of view
    whole = entries.count()
    clock.drag(0.95, 0.5)
    step = clock.step()
    assert 0 < step < 1000
    assert 0 < entries.count() < whole  # the list is as long as the training so far
    number = entries.first.locator("b").inner_text().replace(",", "")
    assert int(number) <= step and entries.first.get_attribute("aria-current") == "step"
    expect(page).to_have_url(re.compile(f"step={step}"))

    type_sentence(page, text)
    clock = go_to(page, "Attention")
    clock.wait_step(step)
    expect(page).to_have_url(re.compile(f"text={text.split()[0]}"))
    weights = heat(page, "head")
    assert len(weights) == len(text)
    for query, row in enumerate(weights):
        assert sum(w for w in row if w is not None) == pytest.approx(1, abs=1e-5)
        assert row[query + 1 :] == [None] * (len(text) - 1 - query)
    return step


def test_both_tables_are_on_one_scale_again_after_that_of_one_step(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/tables?run=quick-brown-fox&tables.view=Values")
    clock = ClockDriver(page).wait_ready()
    ends = """() => ["tokens", "positions"].map((name) =>
      document.querySelector(`[data-panel=${name}] .js-plotly-plot`)._fullData[0].zmax)"""
    whole, toggle = page.evaluate(ends), page.get_by_text("Colours span this step only")
    for step in (0.0, 0.5):
        toggle.click()
        page.wait_for_function(f"whole => String(({ends})()) !== String(whole)", arg=whole)
        clock.drag(1, step)
        toggle.click()
        page.wait_for_function(f"whole => String(({ends})()) === String(whole)", arg=whole)


def test_a_deep_link_brings_back_run_step_sentence_and_token(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/tables?run=quick-brown-fox&step=26&text=the+dog&token=5")
    assert ClockDriver(page).wait_ready().step() == 26
    expect(page.get_by_label("Sentence for the model to read")).to_have_value("the dog")


def test_odd_addresses_fall_back_with_words(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?run=../../etc&step=1e9&token=-3&head=9.9")
    assert ClockDriver(page).wait_ready().step() == 5000
    expect(page.get_by_text("There is no run named '../../etc'")).to_be_visible()


def test_unknown_characters_are_struck_through_below_the_field(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox")
    ClockDriver(page).wait_ready()
    type_sentence(page, "the cafü")
    expect(page.locator(".read s")).to_have_text("ü")
    field = page.get_by_label("Sentence for the model to read")
    expect(field).to_have_value("the cafü")
    field.fill("the lazy dog " * 20)  # nothing may cover its end
    expect(page.get_by_test_id("InputInstructions")).to_be_hidden()


def test_a_run_trained_here_opens_with_a_sentence_of_its_own(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/train")
    ClockDriver(page).wait_ready()
    choose_preset(page, "induction")
    name = train(page)
    field = page.get_by_label("Sentence for the model to read")
    expect(field).to_have_value("Mia saw a dog. Mia saw a dog.", timeout=15_000)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text(re.compile(f"{name}: stopped")).wait_for()


def test_what_is_wrong_in_the_form_is_said_beside_its_button(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/train")
    ClockDriver(page).wait_ready()
    page.get_by_role("button", name="All settings").click()
    rate = page.get_by_label("Learning rate")
    rate.fill("fast")
    rate.press("Enter")
    expect(page.get_by_text("learning_rate must be")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()


def test_a_binary_file_named_txt_is_refused_in_words(
    visit: Visit, app: Server, tmp_path: Path
) -> None:
    fake = tmp_path / "picture.txt"
    fake.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    page = visit(f"{app.url}/train")
    ClockDriver(page).wait_ready()
    page.get_by_role("button", name="your own text").click()
    page.locator("input[type=file]").set_input_files(fake)
    expect(page.get_by_text("not UTF-8 text: byte 0x89 at position 0")).to_be_visible()


def test_a_clock_of_its_own_keeps_its_step_across_views_and_pages(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/normalization?run=quick-brown-fox&lab=Scaling+inputs&descent=3")
    clock = ClockDriver(page).wait_ready()
    assert clock.step() == 3
    clock.drag(0.03, 0.2)
    page.locator("summary").filter(has_text="Numbers").click()
    page.get_by_text("After step 20 of this descent").wait_for()
    clock.slider.press("ArrowRight")
    page.get_by_text("After step 21 of this descent").wait_for()
    expect(page).to_have_url(re.compile(r"scaling\.step=21"))
    expect(page.locator(".driftscope-numbers")).to_contain_text(
        "% of the excess left (standardized)"
    )

    page.get_by_role("radio", name="For engineers").click()
    page.locator("[data-panel=model]").wait_for()
    expect(page.locator(".driftscope-clock")).to_have_count(1)  # the other one is gone
    assert ClockDriver(page).wait_ready().step() == 1000
    height = "getComputedStyle(document.documentElement).getPropertyValue('--driftscope-bar')"
    assert page.evaluate(height).endswith("px")  # the page's end stays clear of the bar

    go_to(page, "Tables").wait_step(1000)
    go_to(page, "Normalization")
    page.get_by_role("radio", name="Background").click()
    page.locator("[data-panel=excess]").wait_for()
    expect(page.locator(".driftscope-clock")).to_have_count(1)
    assert ClockDriver(page).wait_ready().step() == 21


def test_a_chosen_theme_holds_on_every_page(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/lessons")
    dark, light = "rgb(14, 17, 23)", "rgb(255, 255, 255)"
    for theme, other, background in (("Dark", "tables", dark), ("System", "lessons", light)):
        page.get_by_test_id("stMainMenu").get_by_role("button").click()
        page.get_by_test_id("stMainMenuPopover").get_by_text(theme).click()
        page.goto(f"{app.url}/{other}")
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", background)
