"""Every slide of every lesson, turned by keys in one page: its view, its pictures, its question."""

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as Late

from explorer.lessons.glossary import glossary
from explorer.lessons.lesson import Prediction, Slide
from explorer.views.lessons.trained import BUTTON
from explorer.visit.runs import RECORDED
from model_core.labels import head_label, token_label
from model_core.runs import Run
from tests.support.browser.driver import NARROW, ClockDriver, Server, Visit
from tests.support.browser.rules import violations
from tests.support.course import COURSE, written

# What is wrong with the slide that is on, or not there yet. A panel that has nothing drawn is
# scrolled to: the clock draws only what is seen.
LACKS = """([name, number, page]) => {
  const has = (selector) => document.querySelector(selector)
  const url = new URL(location)
  const path = url.pathname.split("/").at(-1) || "overview"
  if (url.searchParams.get("lesson") !== `${name}.${number}`) return `it stands at ${url.search}`
  if (path !== page) return `it is on ${path}`
  const rests = has(".stApp[data-test-script-state=notRunning]") && !has("[data-stale=true]")
  if (!rests) return "it runs"
  if (!has(".driftscope-clock[data-ready=true]")) return "its clock is not ready"
  const box = has("[data-testid=stException], .stMain [data-testid=stAlertContentError]")
  if (box) return `it says ${box.innerText}`
  const inked = (canvas) => {
    if (!canvas.width || !canvas.height) return false
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    const pixels = new Uint32Array(data.buffer)
    return pixels.some((pixel) => pixel !== pixels[0])
  }
  const shown = (node) => node.getBoundingClientRect().width > 0
  const drawn = (panel) => {
    const body = panel.querySelector(".driftscope-body")
    if (panel.matches(".driftscope-plot"))
      return [...body.querySelectorAll(".trace *, .hm image, .scatterlayer path")].some(shown)
    const canvases = [...body.querySelectorAll("canvas")].filter(shown)
    return canvases.length ? canvases.some(inked) : body.innerText.trim() !== ""
  }
  const panels = [...document.querySelectorAll(".driftscope-panel")]
  if (!panels.length) return "it has no picture"
  const empty = panels.find((panel) => !drawn(panel))
  empty?.scrollIntoView()
  return empty ? `${empty.dataset.panel} is empty` : ""
}"""


def settle(page: Page, name: str, number: int, slide: Slide) -> None:
    """Returns once the slide is there whole."""
    asked = [name, number, slide.page]
    try:
        page.wait_for_function(f"asked => !({LACKS})(asked)", arg=asked, timeout=60_000)
    except Late:
        pytest.fail(f"{name}, slide {number}: {page.evaluate(LACKS, asked)}")


def train(page: Page, slide: Slide) -> None:
    """Press the slide's button; returns once its run has ended, whose view is then shown."""
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text(f"Trained: {slide.run}")).to_be_visible(timeout=60_000)


def keeps_its_promise(page: Page, slide: Slide, own: Path) -> None:
    """It shows its words, and its view: the run, the step or what plays from there, the choices."""
    expect(page.locator(".st-key-lesson h3")).to_have_text(written(slide, slide.title, own))
    url = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    promised = {name: text for name, text in slide.address.items() if name != "step"}
    asked = {name: written(slide, text, own) for name, text in promised.items()}
    assert {name: url.get(name, text) for name, text in asked.items()} == asked
    if slide.step is not None:
        clock = ClockDriver(page)
        clock.wait_beyond(slide.step) if slide.play else clock.wait_step(slide.step)


def click(page: Page, slide: Slide, said: str) -> None:
    """Choose in the picture by its keyboard, then say so."""
    run = Run.open(RECORDED / str(slide.run))
    layers, heads = run.model_config.n_layer, run.model_config.n_head
    names = {
        "map": [token_label(token) for token in run.tokenizer.tokens],
        "scores": [head_label(*divmod(at, heads)) for at in range(layers * heads)],
    }
    panel = "scores" if said in names["scores"] else "map"
    cursor = page.locator(f"[data-panel={panel}] .driftscope-cursor")
    cursor.press("Home")
    for _ in range(names[panel].index(said)):
        cursor.press("ArrowDown")
    cursor.press("Enter")
    page.get_by_role("button", name=f"My answer: {said}").click()


def is_answered(page: Page, slide: Slide, asked: Prediction, own: Path) -> None:
    """What the run says is right, and is told only now."""
    reveal = page.get_by_text("You said")
    expect(reveal).to_have_count(0)
    said = written(slide, asked.answer, own)
    if asked.click:
        click(page, slide, said)
    elif asked.options:
        page.locator(".st-key-lesson").get_by_role("button", name=said, exact=True).click()
    else:
        page.get_by_label("Your number").fill(said.replace(",", ""))
        page.get_by_role("button", name="Check").click()
    told = written(slide, asked.reveal, own).replace("*", "")  # for bold words
    expect(reveal).to_contain_text(f"You said {said}. {told}")
    expect(reveal.get_by_role("img", name="check icon")).to_be_visible()


@pytest.mark.parametrize("name", COURSE)
def test_each_slide_is_what_it_promises(visit: Visit, app: Server, name: str) -> None:
    """From the lesson's address on by Page Down; what stands beside the views breaks no rule."""
    page = visit(f"{app.url}/?lesson={name}.1")
    for number, slide in enumerate(COURSE[name].slides, 1):
        if number > 1:
            page.mouse.move(0, 0)  # else the hint of what comes under it may cover an answer
            page.keyboard.press("PageDown")
        settle(page, name, number, slide)
        if slide.train:
            train(page, slide)
            settle(page, name, number, slide)
        keeps_its_promise(page, slide, app.runs)
        if slide.predict:
            is_answered(page, slide, slide.predict, app.runs)
        assert violations(page, "light", within=".st-key-lesson") == []
    assert violations(page, "dark", within=".st-key-lesson", only_colours=True) == []


# How long, in ms, the page was at work at most while it did not say so.
WATCH_SILENCE = """() => {
  window.silence = 0
  let since = 0
  setInterval(() => {
    const app = document.querySelector(".stApp")
    const works = app.matches("[data-test-script-state=running]")
    const says = getComputedStyle(app, "::after")
    const silent = works && !(says.content.includes("Working") && says.visibility === "visible")
    since = silent ? since || performance.now() : 0
    if (since) window.silence = Math.max(window.silence, performance.now() - since)
  }, 50)
}"""


def test_the_teachers_story_takes_twelve_presses_and_three_minutes(
    visit: Visit, app: Server
) -> None:
    """Random at first, then meaning, a head forms, why layer norm, and a training of one's own."""
    began = time.monotonic()
    page = visit(app.url)
    ClockDriver(page).wait_ready()
    page.evaluate(WATCH_SILENCE)
    presses: list[str] = []

    def press(name: str, target: Locator | None = None) -> None:
        presses.append(name)
        target.press("Enter") if target else page.keyboard.press(name)

    press("Lessons", page.get_by_role("link", name="Lessons"))
    name = "00-in-three-minutes"
    press("the lesson", page.get_by_role("button", name=COURSE[name].title))
    settle(page, name, 1, COURSE[name].slides[0])
    press("p")
    for number, slide in enumerate(COURSE[name].slides[1:], 2):
        press("PageDown")
        settle(page, name, number, slide)
        keeps_its_promise(page, slide, app.runs)
    press("p")
    press("Train", page.get_by_role("button", name="Train", exact=True))
    expect(page.get_by_text(": finished")).to_be_visible(timeout=90_000)
    assert len(presses) <= 12 and time.monotonic() - began < 180
    assert page.evaluate("window.silence") < 2000


def test_a_presentation_is_black_and_goes_back_by_keys(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?lesson=00-in-three-minutes.2")
    ClockDriver(page).wait_ready()
    page.keyboard.press("p")
    expect(page.locator("h1")).to_be_hidden()  # the slide says it: the picture begins on top
    page.set_viewport_size({"width": 1024, "height": 768})
    picture = page.locator("[data-panel=map]").bounding_box()
    assert picture is not None and picture["y"] < 100 and picture["width"] > 450
    page.keyboard.press("b")
    expect(page.locator("html.driftscope-black")).to_have_count(1)
    page.keyboard.press("b")
    page.keyboard.press("p")
    page.get_by_role("button", name="Show again").press("PageUp")  # as a button needs it not
    expect(page.get_by_text("1 of 6")).to_be_visible()


def test_the_picture_of_a_slide_is_whole_in_a_small_presentation(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?lesson=16-an-induction-head.3", size=(1024, 768))
    ClockDriver(page).wait_ready()
    page.keyboard.press("p")
    expect(
        page.locator(".driftscope-panel").first
    ).not_to_be_in_viewport()  # below what is outlined
    page.wait_for_function(  # of the last layer
        """() => {
          const [chosen, bar] = [".driftscope-frame-chosen", ".driftscope-bar"].map((one) =>
            document.querySelector(one).getBoundingClientRect())
          return chosen.top > 100 && chosen.bottom < bar.top
        }"""
    )


def test_a_word_is_explained_by_pointer_key_and_tap(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?lesson=01-token-table.1", size=NARROW)
    ClockDriver(page).wait_ready()
    word = page.locator(".term", has_text="vocabulary")
    says = word.get_by_role("tooltip", include_hidden=True)
    expect(says).to_be_hidden()
    word.hover(position={"x": 5, "y": 5})
    expect(says).to_have_text(glossary()["vocabulary"])
    expect(says).to_be_visible()
    box = says.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= NARROW[0]
    page.mouse.move(0, 0)
    expect(says).to_be_hidden()
    word.focus()  # as Tab and a tap do
    expect(says).to_be_visible()
    assert violations(page, "light", within=".st-key-lesson") == []


def test_a_slide_is_turned_to_the_top_of_its_page(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?lesson=04-how-a-vector-evolves.2")
    ClockDriver(page).wait_ready()
    main = page.get_by_test_id("stMain")
    for key in ("PageDown", "PageUp"):
        page.get_by_text("in order, as numbers").scroll_into_view_if_needed()
        assert main.evaluate("node => node.scrollTop") > 100
        page.keyboard.press(key)
        expect(page.locator(".st-key-lesson h3")).to_have_text(
            "Watch it move" if key == "PageDown" else "What one step does"
        )
        assert main.evaluate("node => node.scrollTop") == 0
