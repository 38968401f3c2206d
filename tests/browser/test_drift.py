"""The Drift page in a real Chromium: asked for, drawn, selected, followed to other pages."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from explorer.charts.parts import theme
from tests.support.browser.app import choose_preset, go_to, train
from tests.support.browser.driver import NARROW, WIDE, ClockDriver, Server, Visit

FOX = "run=quick-brown-fox"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def traces(page: Page) -> list[list[object]]:
    """Mode and number of points of each trace of the map."""
    return page.evaluate(
        """() => document.querySelector('[data-panel=map] .js-plotly-plot')._fullData
          .map(trace => [trace.mode, trace.x.length, trace.marker?.line?.color ?? null])"""
    )


def map_title(page: Page, name: str) -> None:
    expect(page.locator("[data-panel=map] h2")).to_have_text(f"Token map ({name})", timeout=60_000)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_shipped_run_has_its_map_at_once(
    visit: Visit, app: Server, size: tuple[int, int]
) -> None:
    page = visit(f"{app.url}/drift?{FOX}", size=size)
    ClockDriver(page).wait_ready()
    map_title(page, "UMAP")
    expect(page.get_by_text("UMAP of 120 steps: 15 neighbours")).to_be_visible()
    expect(page.locator(".driftscope-trust")).to_have_text(re.compile(r"trust 0\.\d\d"))
    note = page.locator("[data-panel=map] .driftscope-note")
    expect(note).to_have_text(re.compile(r"trust 0\.89, chance 0\.85 ± 0\.02: .+"))
    page.keyboard.press("Home")  # the note follows the clock
    expect(note).to_have_text(re.compile(r"trust 0\.85, chance 0\.81 ± 0\.02: .+"))
    for panel in ("neighbours", "trust", "biography", "drift"):
        expect(page.locator(f"[data-panel={panel}]")).to_be_attached()
    text = page.locator("[data-panel=neighbours] pre")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
        assert text.evaluate("node => node.scrollWidth <= node.clientWidth")
        assert text.evaluate("node => node.scrollHeight <= 24 * 7 + 2"), "a line is broken"


def test_a_lasso_selects_and_the_selection_follows(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?{FOX}")
    ClockDriver(page).wait_ready()
    page.locator("[data-panel=map] .modebar-btn[data-title*=Box]").click(force=True)
    box = page.locator("[data-panel=map] .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 40, steps=6)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"tokens=\d+\.\d+"))
    chips = page.get_by_test_id("stMultiSelect").get_by_text(re.compile(r"\(id \d+\)$"))
    found = re.search(r"tokens=([\d.]+)", page.url)
    assert found is not None
    count = len(found[1].split("."))
    expect(chips).to_have_count(count)
    page.wait_for_function(
        "n => document.querySelector('[data-panel=map] .js-plotly-plot')._fullData"
        ".some(trace => trace.mode === 'markers' && trace.x.length === n)",
        arg=count,
    )
    for title, panel in (("Tables", "tokens"), ("Attention", "head")):
        go_to(page, title)
        if title == "Tables":
            page.get_by_role("radio", name="Values").click()
        marked = page.locator(f"[data-panel={panel}] .ytick [style*='{theme.SELECTED}']")
        expect(marked.first).to_be_attached()
        expect(page).to_have_url(re.compile(re.escape(found[0])))


def test_a_token_is_found_by_typing(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?{FOX}")
    ClockDriver(page).wait_ready()
    for letter, address in (("q", "tokens=2"), ("z", "tokens=2.26")):
        field = page.get_by_role("combobox", name="Find and select tokens")
        field.fill(letter)
        page.get_by_role("option", name=re.compile(f"^{letter} \\(id", re.IGNORECASE)).click()
        expect(page).to_have_url(re.compile(f"{re.escape(address)}(&|$)"))
    expect(page.locator("[data-panel=neighbours] h2")).to_contain_text("'Q'")


def test_the_method_changes_and_the_reader_keeps_the_step(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?{FOX}&step=100")
    clock = ClockDriver(page).wait_ready()
    before = clock.step()
    for name in ("PCA", "Axis between two sets", "UMAP"):
        page.get_by_role("combobox", name="Map", exact=False).first.click()
        page.get_by_role("option", name=name, exact=True).click()
        map_title(page, name.split()[0])
        assert clock.step() == before
    title = page.locator("[data-panel=map]").get_by_text("UMAP x (no unit)")
    expect(title).to_be_visible()  # a table further down has it too


def test_a_map_that_is_not_there_is_made_while_pca_is_shown(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?{FOX}&seed=5&neighbours-tokens=8")
    ClockDriver(page).wait_ready()
    expect(page.get_by_text("PCA, one basis")).to_be_visible()
    map_title(page, "UMAP")
    expect(
        page.get_by_text("8 neighbours, least distance 0.1, smoothness 0.3, seed 5")
    ).to_be_visible()


def test_arrows_and_trails_are_drawn_and_said(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?{FOX}&map=PCA&arrows=the+optimizer%27s+step&token=11")
    ClockDriver(page).wait_ready()
    expect(
        page.get_by_text(re.compile("arrows: what the optimizer does next, .* as long"))
    ).to_be_visible()
    drawn = traces(page)
    assert ["lines", 27 * 7, None] in drawn
    assert ["lines+markers", 120] in [trace[:2] for trace in drawn]


def test_space_is_drawn_or_says_why_not(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?{FOX}&map=PCA&axes=3-D")
    ClockDriver(page).wait_ready()
    drawn = page.locator("[data-panel=map] .gl-container canvas").first
    words = page.get_by_text("This picture needs WebGL")
    expect(drawn.or_(words).first).to_be_visible()


def test_a_live_run_grows_its_map(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/train")
    ClockDriver(page).wait_ready()
    choose_preset(page, "python-docs")  # it takes a minute: maps of the growing run are made
    name = train(page)  # another test may have trained one
    page.get_by_text(re.compile(f"{name}: running, step [1-9]")).wait_for(timeout=30_000)
    go_to(page, "Drift")
    map_title(page, "UMAP")
    expect(page.get_by_text(re.compile("grown with its run, in [0-9]+ pieces"))).to_be_visible(
        timeout=60_000
    )
    go_to(page, "Train")
    stop = page.get_by_role("button", name="Stop")
    if stop.count():
        stop.click()
    page.get_by_text(re.compile(f"{name}: (stopped|finished)")).wait_for(timeout=60_000)


def test_another_size_and_back_moves_neither_the_map_nor_the_name_of_a_mark(
    visit: Visit, app: Server
) -> None:
    page = visit(f"{app.url}/drift?run=english&step=1111")
    ClockDriver(page).wait_ready()
    before = ranges(page)
    for width, height in ((1000, 500), WIDE):
        was = page.evaluate("document.querySelector('[data-panel=map]').clientWidth")
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            """was => {
              const middle = (node) => {
                const { left, width } = node.getBoundingClientRect()
                return left + width / 2
              }
              const mark = document.querySelector(".driftscope-mark")
              const ticks = [...document.querySelectorAll(".driftscope-tick")]
              const named = ticks.find((tick) => tick.title.startsWith(mark.textContent))
              const plot = document.querySelector("[data-panel=map] .js-plotly-plot")
              return (
                plot.clientWidth !== was &&
                Math.abs(plot._fullLayout.width - plot.clientWidth) < 1 &&
                Math.abs(middle(mark) - middle(named)) < 1
              )
            }""",
            arg=was,
        )
    assert ranges(page) == pytest.approx(before, rel=0.02)


def test_the_name_of_the_last_mark_stands_beside_the_legend(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/drift?run=english")
    ClockDriver(page).wait_ready()
    mark, legend = (page.locator(f".driftscope-{name}") for name in ("mark", "lines"))
    expect(mark).to_have_text("lowest validation loss")
    expect(legend).to_contain_text("trust 0.")
    boxes = [one.bounding_box() for one in (mark, legend)]
    assert boxes[0] and boxes[1]
    assert 8 <= boxes[1]["x"] - boxes[0]["x"] - boxes[0]["width"] <= 16


def ranges(page: Page) -> list[float]:
    """Of both axes of the map."""
    return page.evaluate(
        """() => {
          const plot = document.querySelector('[data-panel=map] .js-plotly-plot')
          return [...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]
        }"""
    )
