"""Compare and the shelf of runs in a real Chromium: operated as a reader does."""

import re
import shutil

import numpy as np
from playwright.sync_api import Page, expect

from explorer.recorded.recipes import RECIPES, RECORDED
from model_core.runs import Run, list_runs, shelf
from model_core.runs.elapsed import tokens_a_step
from tests.support.browser.app import settled
from tests.support.browser.driver import ClockDriver, Server, Visit
from tests.support.waiting import wait_until

ROW = 35  # pixels of a line of a table, and of its header
# Whether these numbers, and no others, stand on the curves of the training losses.
SHOW = """wanted => {
  const texts = [...document.querySelectorAll("[data-panel=train_loss] .scatterlayer text")]
  const shown = texts.map((text) => Number(text.textContent)).sort()
  return JSON.stringify(shown) === JSON.stringify(wanted.map(Number).sort())
}"""


def choose_run(page: Page, place: str, name: str) -> None:
    page.get_by_role("combobox", name=f"The {place} run").click()
    page.get_by_role("option", name=name, exact=True).click()
    expect(page).to_have_url(re.compile(f"[?&]compare.{place}={name}(&|$)"))  # the rerun began
    settled(page)


def test_two_runs_are_compared_by_tokens_at_any_moment(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/compare?run=english")
    clock = ClockDriver(page).wait_ready()
    title = page.get_by_role("heading", level=5)
    expect(title).to_contain_text("Normalization alone differs.")
    settled(page)
    names = ("exploding-with-layer-norm", "small-batch-layer-norm")
    for place, name in zip(("first", "second"), names, strict=True):
        choose_run(page, place, name)
    expect(page.get_by_text("no one setting explains a difference")).to_be_visible()
    page.get_by_role("radio", name="token").click()
    expect(title).to_contain_text("At token 24,000, ")  # which is the end, as step 1,500 was
    settled(page)
    runs = [Run.open(RECORDED / name) for name in names]
    moments = np.unique(np.concatenate([run.steps * tokens_a_step(run) for run in runs]))
    for at, key in ((0, "Home"), (1, "ArrowRight"), (len(moments) - 1, "End")):
        clock.slider.press(key)
        clock.wait_step(int(moments[at]))
        drawn = []
        expect(title).to_contain_text(f"At token {moments[at]:,}, validation loss: ")
        for run in runs:
            own = run.steps * tokens_a_step(run)
            table = run.metrics().ffill().iloc[np.searchsorted(own, moments[at], "right") - 1]
            ended = own[-1] < moments[at]
            drawn += [] if ended else [table["train_loss"]]  # a curve ends with its run
            words = f"{run.name} {table['val_loss']:.3g}{' at its end' * bool(ended)}"
            expect(title).to_contain_text(words)
        page.wait_for_function(SHOW, arg=[f"{loss:.3g}" for loss in drawn])


def test_a_run_is_renamed_noted_duplicated_deleted_and_travels_as_a_file(
    visit: Visit, app: Server
) -> None:
    shutil.copytree(RECORDED / "quick-brown-fox", app.runs / "mine")
    page = visit(f"{app.url}/train?run=mine&train.view=Shelf+of+runs")
    try:
        ClockDriver(page).wait_ready()
        settled(page)
        _shelved(page, app)
    finally:
        for name in ("mine", "his", "his-2", shelf.DELETED):
            shutil.rmtree(app.runs / name, ignore_errors=True)


def _shelved(page: Page, app: Server) -> None:
    chip = page.locator(".st-key-header").get_by_role("button", name=re.compile("layers ×"))
    field = page.get_by_label("Name", exact=True)
    field.fill("his")
    field.press("Enter")
    expect(chip).to_contain_text("his ·")
    settled(page)
    note = page.get_by_label("Note", exact=True)
    note.fill("the good one")
    note.press("Control+Enter")
    wait_until(lambda: shelf.read_note(app.runs / "his") == "the good one")
    settled(page)  # a button that was drawn before offers a file that is gone
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {
            "name": "any.zip",
            "mimeType": "application/zip",
            "buffer": download.value.path().read_bytes(),
        }
    )
    expect(chip).to_contain_text("his-2 ·")
    expect(page.get_by_text("The same to the bit as his, at 120 recorded steps.")).to_be_visible()
    for name in ("english", "his"):
        choose_line(page, list_all(app).index(name))
        expect(chip).to_contain_text(f"{name} ·")
        settled(page)
    expect(page.get_by_label("Note", exact=True)).to_have_value("the good one")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Really delete").click()
    expect(chip).to_contain_text("english ·")
    assert "his" not in list_runs(app.runs)
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(chip).to_contain_text("his ·")
    settled(page)
    page.get_by_role("button", name="Duplicate with a change").click()
    expect(page.get_by_text("As his: change one setting, then train.")).to_be_visible()


def list_all(app: Server) -> list[str]:
    """The lines of the shelf's table."""
    return [recipe.name for recipe in RECIPES] + list_runs(app.runs)


def choose_line(page: Page, row: int) -> None:
    """Click the mark of a line of a table, which is painted on a canvas."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + ROW / 2, box["y"] + ROW * (row + 1.5))
