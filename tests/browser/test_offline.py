"""A page or a lesson as one HTML file: without a network it shows what the app shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from explorer.visit.runs import RECORDED
from model_core.runs import Run
from tests.support.browser.app import settled
from tests.support.browser.driver import ClockDriver, Server, Visit
from tests.support.course import COURSE, written

RUN = Run.open(RECORDED / "quick-brown-fox")
# What the panels that are words and the letters of the machine say.
SAID = """(kind) => [...document.querySelectorAll(kind)]
  .map((panel) => [panel.dataset.panel, panel.innerText])"""

DRAWN = "document.querySelector('.driftscope-drawing').toDataURL()"


def said(page: Page, step: int, kind: str = ".driftscope-panel") -> list[list[str]]:
    clock = ClockDriver(page).wait_ready()
    clock.slider.focus()
    page.keyboard.press("Home")
    clock.wait_step(0)
    for recorded in RUN.steps[RUN.steps <= step][1:]:
        page.keyboard.press("ArrowRight")
        clock.wait_step(int(recorded))
    found: list[list[str]] = page.evaluate(SAID, kind)
    assert found
    return found


def saved(page: Page, label: str, folder: Path) -> Path:
    """The file that a button of this label gives."""
    settled(page)  # a button that was drawn before may offer what is gone
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@contextmanager
def from_disk(chromium: Browser, path: Path) -> Iterator[Page]:
    """A file opened without a network; it has no word to say in the console."""
    context = chromium.new_context(offline=True)
    problems: list[str] = []
    try:
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(path.as_uri())
        yield page
    finally:
        context.close()
    assert problems == []


def test_the_file_obeys_keys_and_says_what_the_app_says(
    visit: Visit, app: Server, chromium: Browser, tmp_path: Path
) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox&step=0")
    ClockDriver(page).wait_ready()
    path = saved(page, "These pictures as one HTML file", tmp_path)
    assert path.name == "quick-brown-fox-overview-step-0.html"
    online = said(page, 5)
    with from_disk(chromium, path) as alone:
        assert said(alone, 5) == online
        heading = page.get_by_role("heading", level=1).inner_text()
        assert alone.get_by_role("heading", level=1).inner_text() == heading
        alone.keyboard.press("End")
        ClockDriver(alone).wait_step(int(RUN.steps[-1]))
        alone.keyboard.press("Home")
        ClockDriver(alone).wait_step(0)
        light = alone.evaluate(DRAWN)
        alone.emulate_media(color_scheme="dark")
        alone.wait_for_function(f"light => {DRAWN} !== light", arg=light)
        alone.emulate_media(color_scheme="light")
        alone.wait_for_function(f"light => {DRAWN} === light", arg=light)
        alone.keyboard.press("Space")
        ClockDriver(alone).wait_beyond(5)


def test_the_file_of_a_lesson_turns_its_slides_and_says_what_the_app_says(
    visit: Visit, app: Server, chromium: Browser, tmp_path: Path
) -> None:
    """Slides 1 to 3 have one view; the second and third a formula, the third a question."""
    name = "15-layer-norm-by-hand"
    page = visit(f"{app.url}/?lesson={name}.1")
    ClockDriver(page).wait_ready()
    page.get_by_role("button", name="This lesson as one HTML file").click()
    expect(page.get_by_text("Making the file: slide 1 of 4 …")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Save the file")).to_be_visible(timeout=120_000)
    path = saved(page, "Save the file", tmp_path)
    size = path.stat().st_size
    expect(page.get_by_role("button", name=f"Save the file, {size / 1e6:.1f} MB")).to_be_visible()
    assert path.name == f"{name}.html" and size < 8e6
    online = said(page, 5, ".driftscope-words")
    slides = COURSE[name].slides
    with from_disk(chromium, path) as alone:
        assert said(alone, 5, ".driftscope-words") == online
        numbers = written(slides[0], "{entering(0)}")
        expect(alone.locator("article:visible p").first).to_contain_text(numbers)
        for number, slide in enumerate(slides, 1):
            heading = alone.get_by_role("heading", level=1)
            expect(heading).to_have_text(written(slide, slide.title))
            expect(alone.get_by_role("status").first).to_have_text(f"{number} of {len(slides)}")
            if number in (2, 3):  # where both begin, wherever the one before stands
                ClockDriver(alone).wait_step(1000)
            assert alone.locator("article:visible math").count() == bool(slide.formula)
            alone.keyboard.press("Home")
            alone.keyboard.press("PageDown")
        assert alone.url.endswith("#4")
        alone.get_by_role("button", name="The slide before").click()
        answer = alone.locator("article:visible details")
        asked = slides[2].predict
        assert asked
        told = written(slides[2], asked.reveal)
        expect(answer.locator("p")).to_be_hidden()
        answer.get_by_text("Answer").click()
        expect(answer.locator("p")).to_have_text(f"{written(slides[2], asked.answer)}. {told}")
        expect(answer.locator("p")).to_be_visible()
        alone.keyboard.press("Home")  # the press has left the keys to the clock
        ClockDriver(alone).wait_step(0)
