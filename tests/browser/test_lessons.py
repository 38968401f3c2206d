"""Lessons in the browser: turned by keys in a presentation, each slide with its pictures."""

import re

from playwright.sync_api import expect

from explorer.lessons.lesson import SHIPPED, read_lesson
from tests.support.browser.driver import ClockDriver, Server, Visit

STORY = "00-in-three-minutes"
# Panels with something in them that can be seen.
DRAWN = """() => [...document.querySelectorAll(".driftscope-panel")].filter((panel) => {
  const body = panel.querySelector(".driftscope-body") ?? panel
  return body.childElementCount && body.getBoundingClientRect().height > 20
}).length"""


def test_the_story_of_three_minutes_is_told_with_few_keys(visit: Visit, app: Server) -> None:
    """From random numbers to why layer norm and not batch norm: P, then Page Down five times."""
    slides = read_lesson(SHIPPED / f"{STORY}.yaml").slides
    page = visit(f"{app.url}/?lesson={STORY}.1")
    clock = ClockDriver(page).wait_ready()
    page.keyboard.press("p")
    for number, slide in enumerate(slides, 1):
        if number > 1:
            page.keyboard.press("PageDown")
        expect(page.get_by_text(f"{number} of {len(slides)}")).to_be_visible()
        expect(page.locator(".st-key-lesson h3")).to_have_text(slide.title)
        clock.wait_ready()
        expect(page.locator("[data-testid=stException], .st-key-lesson .stAlert")).to_have_count(0)
        expect(page).to_have_url(re.compile(rf"/{slide.page}\?.*run={slide.run}&"))
        assert page.evaluate(DRAWN) >= 1
        if slide.play:
            clock.wait_beyond(0)
    page.keyboard.press("b")
    expect(page.locator("html.driftscope-black")).to_have_count(1)
    page.keyboard.press("b")
    page.keyboard.press("p")
    page.keyboard.press("PageUp")
    expect(page.get_by_text(f"{len(slides) - 1} of {len(slides)}")).to_be_visible()
