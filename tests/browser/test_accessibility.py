"""Without a mouse; by the browser's Back; on a phone; and that axe-core finds what is wrong."""

import re
from collections.abc import Sequence

from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from tests.support.browser.app import go_to
from tests.support.browser.driver import ClockDriver, Server, Visit
from tests.support.browser.rules import violations


def test_axe_finds_what_is_wrong(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/?run=quick-brown-fox")
    ClockDriver(page).wait_ready()
    page.evaluate("document.body.append(new Image())")
    assert "image-alt" in {rule for rule, _ in violations(page, "light")}
    page.evaluate("""() => {
      const faint = document.createElement("p")
      faint.textContent = "faint"
      const place = { position: "fixed", top: 0, left: 0, zIndex: 9999999 }
      Object.assign(faint.style, place, { background: "#000", color: "#333" })
      document.body.append(faint)
    }""")
    found = violations(page, "dark", only_colours=True)
    assert {rule for rule, _ in found} == {"color-contrast"}


def tab_to(page: Page, goal: Locator) -> None:
    """Press Tab until this has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if goal.evaluate("node => node.contains(document.activeElement)"):
            return
    raise AssertionError(f"60 times Tab does not reach {goal}")


def test_a_view_a_head_a_token_and_a_step_are_chosen_without_a_mouse(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/attention?run=quick-brown-fox&step=26")
    clock = ClockDriver(page).wait_ready()
    tab_to(page, page.locator(".driftscope-heads"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("head=0.0"))
    tab_to(page, clock.slider)
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("step=(?!26)"))
    page.goto(f"{app.url}/drift?run=quick-brown-fox&step=26")
    ClockDriver(page).wait_ready()
    tab_to(page, page.locator("[data-panel=map] .driftscope-cursor"))
    for key in ("End", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("token=25"))
    page.goto(f"{app.url}/attention?run=quick-brown-fox&step=26")
    ClockDriver(page).wait_ready()
    tab_to(page, page.get_by_role("radio", name="All heads", exact=True))
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.get_by_role("radio", name="One weight", exact=True)).to_be_checked()


def test_back_returns_to_the_view_before_and_at_last_leaves(visit: Visit, app: Server) -> None:
    page = visit("about:blank")
    page.goto(f"{app.url}/attention?run=quick-brown-fox")
    clock = ClockDriver(page).wait_ready()
    page.get_by_role("radio", name="One weight", exact=True).click()
    expect(page).to_have_url(re.compile("view=One"))
    clock.wait_ready().slider.press("Home")  # the training step makes no entry
    expect(page).to_have_url(re.compile("view=One.*step=0"))
    go_to(page, "Drift")
    expect(page).to_have_url(re.compile("drift.*step=0"))
    page.evaluate("history.back()")
    expect(page).to_have_url(re.compile("attention.*view=One.*step=0"))
    ClockDriver(page).wait_ready()
    expect(page.get_by_role("radio", name="One weight", exact=True)).to_be_checked()
    page.evaluate("history.back()")
    expect(page).to_have_url(re.compile("attention(?!.*view=One)"))
    ClockDriver(page).wait_ready()
    expect(page.get_by_role("radio", name="All heads", exact=True)).to_be_checked()
    page.evaluate("history.back()")
    expect(page).to_have_url("about:blank")


def test_a_tap_on_a_map_chooses_and_a_finger_scrolls_over_it(
    chromium: Browser, app: Server
) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{app.url}/drift?run=quick-brown-fox&step=26")
    ClockDriver(page).wait_ready()
    picture = page.locator("[data-panel=map] .js-plotly-plot")
    picture.scroll_into_view_if_needed()
    point = picture.locator("path.point").nth(5).bounding_box()
    assert point is not None
    page.touchscreen.tap(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    expect(page).to_have_url(re.compile("token=5"))
    before = picture.bounding_box()
    assert before is not None
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    swipe(context.new_cdp_session(page), x, range(int(y), int(y) + 100, 10))
    page.wait_for_function(
        f"() => document.querySelector('[data-panel=map] "
        f".js-plotly-plot').getBoundingClientRect().y > {before['y'] + 40}"
    )
    context.close()


def swipe(session: CDPSession, x: float, heights: Sequence[int]) -> None:
    """One finger down, over these heights, and up: Chromium scrolls by it as by a real one."""
    for kind, points in [
        ("touchStart", heights[:1]), ("touchMove", heights[1:]), ("touchEnd", [None])
    ]:  # fmt: skip
        for y in points:
            at = [] if y is None else [{"x": x, "y": y}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})


def test_p_and_a_frame_leave_question_pictures_and_clock_p_in_letters_of_20_pixels(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/attention?run=quick-brown-fox&step=26")
    ClockDriver(page).wait_ready()
    link, save = page.locator(".driftscope-link-button"), page.locator(".driftscope-save")
    expect(link).to_be_visible()
    expect(save.first).to_be_visible()
    page.keyboard.press("p")
    sentence = page.get_by_label("Sentence for the model to read")
    expect(sentence).to_be_hidden()
    expect(link).to_be_hidden()
    expect(save.filter(visible=True)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    sizes = page.evaluate(
        """() => {
          const app = document.querySelector(".stApp")
          const scale = app.getBoundingClientRect().width / app.offsetWidth
          const letters = [".driftscope-panel h2", ".driftscope-numbers", ".xtick text"]
          return letters.map((one) => scale * parseFloat(
            getComputedStyle(document.querySelector(one)).fontSize))
        }"""
    )
    assert min(sizes) >= 20
    chosen = page.locator(".driftscope-frame-chosen")
    chosen.element_handle().wait_for_element_state("stable")  # the pictures have the new size
    frame = chosen.bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + frame["width"] * 0.02, frame["y"] + frame["height"] * 0.98)
    expect(page.locator(".driftscope-mosaic .driftscope-tip")).to_contain_text("query 40")
    page.keyboard.press("p")
    expect(sentence).to_be_visible()
    expect(save.first).to_be_visible()
    page.goto(f"{page.url}&embed=true")
    ClockDriver(page).wait_ready()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for one in (sentence, link):
        expect(one).to_be_hidden()
    for every in (save, page.locator(".stMain .stButtonGroup")):  # the switch of views
        expect(every).not_to_have_count(0)
        expect(every.filter(visible=True)).to_have_count(0)
