"""A page in a notebook: the frame that is displayed scrubs and obeys keys, without a network."""

import os

import pytest
from playwright.sync_api import Browser, expect

from explorer.notebook import show
from explorer.recorded.recipes import RECORDED
from model_core.runs import Run
from tests.support.browser.driver import WIDE

PATH = RECORDED / "quick-brown-fox"


def test_the_frame_of_a_notebook_plays_without_a_server(chromium: Browser) -> None:
    before = dict(os.environ)
    shown = show(PATH, "drift", step=200)
    assert dict(os.environ) == before
    assert shown._mime_() == ("text/html", shown._repr_html_())
    context = chromium.new_context(offline=True, viewport={"width": WIDE[0], "height": WIDE[1]})
    problems: list[str] = []
    try:
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_content(f"<!doctype html>{shown._repr_html_()}")
        frame = page.frame_locator("iframe")
        clock = frame.locator(".driftscope-clock[data-ready=true]")
        expect(clock).to_have_attribute("data-drawn", "197")
        heading = frame.get_by_role("heading", level=1)
        expect(heading).to_have_text("Which tokens does training bring together, "
                                     "and which path did they take?")  # fmt: skip
        frame.get_by_role("slider", name="training step").press("End")
        expect(clock).to_have_attribute("data-drawn", "1000")
        assert frame.locator("[data-panel=map] .textpoint").count() == 27
    finally:
        context.close()
    assert problems == []


@pytest.mark.parametrize("page", ["lessons", "nowhere"])
def test_a_page_without_pictures_of_the_run_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=f"there is no page '{page}' with pictures"):
        show(Run.open(PATH), page)


def test_a_run_is_shown_from_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PATH)
    assert f'data-names="[&quot;{PATH.name}&quot;' in show(".", "attention").page.decode()
