"""A page as one HTML file: opened from disk without a network it shows what the app shows."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from explorer.visit.runs import RECORDED
from model_core.runs import Run
from tests.support.browser.driver import ClockDriver, Server, Visit

RUN = Run.open(RECORDED / "quick-brown-fox")
# What the panels that are words and the letters of the machine say.
SAID = """() => [...document.querySelectorAll(".driftscope-panel")]
  .map((panel) => [panel.dataset.panel, panel.innerText])"""


def said(page: Page, step: int) -> list[list[str]]:
    clock = ClockDriver(page).wait_ready()
    clock.slider.focus()
    page.keyboard.press("Home")
    clock.wait_step(0)
    for recorded in RUN.steps[RUN.steps <= step][1:]:
        page.keyboard.press("ArrowRight")
        clock.wait_step(int(recorded))
    return page.evaluate(SAID)


def test_the_file_obeys_keys_and_says_what_the_app_says(
    visit: Visit, app: Server, chromium: Browser, tmp_path: Path
) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox&step=0")
    ClockDriver(page).wait_ready()
    with page.expect_download() as download:
        page.get_by_role("button", name="These pictures as one HTML file").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "quick-brown-fox-overview-step-0.html"
    online = said(page, 5)
    context = chromium.new_context(offline=True)
    problems: list[str] = []
    try:
        alone = context.new_page()
        alone.on("console", lambda message: problems.append(message.text))
        alone.on("pageerror", lambda error: problems.append(str(error)))
        alone.goto(path.as_uri())
        assert said(alone, 5) == online
        heading = page.get_by_role("heading", level=1).inner_text()
        assert alone.get_by_role("heading", level=1).inner_text() == heading
        alone.keyboard.press("End")
        ClockDriver(alone).wait_step(int(RUN.steps[-1]))
        alone.keyboard.press("Home")
        alone.keyboard.press("Space")
        ClockDriver(alone).wait_beyond(5)
    finally:
        context.close()
    assert problems == []
