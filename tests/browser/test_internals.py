"""What the fast drawing relies on inside Plotly, and what happens where it is not there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route

from tests.support.browser.clock_demo import recorded_steps
from tests.support.browser.drawing import assert_drawn_alike, drawn, redrawn
from tests.support.browser.driver import ClockDriver, Server, Watch

STEPS = recorded_steps(200).tolist()
Visit = Callable[..., Page]
WARNING = "driftscope draws by Plotly's own calls"

# What breaks one thing in the figure `div`, from the least to the worst, and the thing's name.
SCATTER = {
    "_dragging": "div._dragging = 'yes'",
    "mc, mcc": "for (const entry of all) delete entry.mcc",
    "path.js-line": "rename('js-line')",
    ".textpoint": "rename('textpoint')",
    "path.point": "for (const entry of all) delete entry.mrc",
    ".trace<uid>": "for (const trace of div._fullData) trace.uid = 'other'",
    "_fullLayout.<axis>": "delete div._fullLayout.yaxis._length",
    "calcdata[][].{i, x, y}": "for (const entry of all) delete entry.i",
    "_fullData[].index": "for (const entries of div.calcdata) delete entries[0].trace",
    "calcdata": "delete div.calcdata",
}
TABLE = {".heatmaplayer .hm": "rename('hm')"}
WRITTEN = {".heatmap-label": "rename('heatmap-label')"}
SPACE = {"_fullLayout._subplots.gl3d": "delete div._fullLayout._subplots.gl3d"}
LACKS = """async (panel) => {
  const files = performance.getEntriesByType("resource").map(({ name }) => name)
  const script = await import(files.find((name) => name.endsWith("/player.js")))
  const internals = script.plotly_checks
  const div = document.querySelector(`[data-panel=${panel}] .js-plotly-plot`)
  const all = (div.calcdata ?? []).flat()
  const rename = (name) => {
    for (const node of div.querySelectorAll(`.${name}`)) node.classList.remove(name)
  }
  DAMAGE
  return { missing: internals.missing(div), names: internals.RELIES_ON.map(({ name }) => name) }
}"""


def lacks(page: Page, panel: str, damage: str = "") -> dict[str, list[str]]:
    """After this damage: the names that are `missing`, and the `names` of all that is checked."""
    return page.evaluate(LACKS.replace("DAMAGE", damage), panel)


SINGLE = """async () => {
  const files = performance.getEntriesByType("resource").map(({ name }) => name)
  const script = await import(files.find((name) => name.endsWith("/player.js")))
  const internals = script.plotly_checks
  const lacking = []
  for (const y of [[2, null], [null, null], [2, null, 3], [2, 3]]) {
    const div = document.body.appendChild(document.createElement("div"))
    await Plotly.newPlot(div, [{ x: [0, 1, 2].slice(0, y.length), y, mode: "lines" }])
    lacking.push(internals.missing(div))
    div.remove()
  }
  return lacking
}"""


def test_a_line_without_two_neighbouring_points_has_no_path_to_miss(
    visit: Visit, demo: Server
) -> None:
    page = visit(f"{demo.url}/?panels=drift")
    ClockDriver(page).wait_ready()
    assert page.evaluate(SINGLE) == [[], [], [], []]


@pytest.mark.parametrize(
    "kind, panel, damages",
    [
        ("drift", "map", SCATTER),
        ("", "tokens", TABLE),
        ("sizes", "written", WRITTEN),
        ("space", "space", SPACE),
    ],
    ids=["scatter", "heatmap", "numbers", "space"],
)
def test_each_thing_relied_on_is_missed_when_it_is_gone(
    visit: Visit, demo: Server, kind: str, panel: str, damages: dict[str, str]
) -> None:
    page = visit(f"{demo.url}/?panels={kind}")
    ClockDriver(page).wait_ready()
    lacking = lacks(page, panel)["missing"]
    assert lacking == []
    for name, damage in damages.items():
        before, lacking = lacking, lacks(page, panel, damage)["missing"]
        assert not any(one.startswith(name) for one in before)
        assert any(one.startswith(name) for one in lacking), name


def test_every_thing_relied_on_is_broken_above(visit: Visit, demo: Server) -> None:
    page = visit(demo.url)
    ClockDriver(page).wait_ready()
    names = lacks(page, "map")["names"]
    broken = [*SCATTER, *TABLE, *WRITTEN, *SPACE]
    assert [name for name in names if not name.startswith(tuple(broken))] == []


DRAWN_WITH = {"calcdata": ("all", ["map", "tokens", "lines"]), "c2p": ("drift", ["map"])}


@pytest.mark.parametrize("name", DRAWN_WITH)
def test_an_upgrade_that_renames_it_costs_speed_and_nothing_else(
    visit: Visit, demo: Server, watch: Watch, name: str
) -> None:
    """Plotly with one name changed throughout draws the same; our fast paths cannot."""
    kind, panels = DRAWN_WITH[name]
    watch.allowed = [WARNING]
    page = visit("about:blank")

    def upgrade(route: Route) -> None:
        script = route.fetch()
        route.fulfill(response=script, body=script.text().replace(name, f"{name}2"))

    page.route("**/plotly.min.js*", upgrade)
    page.goto(f"{demo.url}/?panels={kind}")
    clock = ClockDriver(page).wait_ready()
    calls = page.evaluate_handle(
        """() => {
          const { update } = Plotly
          const asked = new Set()
          Plotly.update = (div, ...rest) => {
            asked.add(div.closest("[data-panel]").dataset.panel)
            return update(div, ...rest)
          }
          return asked
        }"""
    )
    clock.drag(0, 74 / (119 if kind == "drift" else 199))
    clock.wait_step(STEPS[74])
    for panel in panels:
        page.locator(f"[data-panel={panel}]").scroll_into_view_if_needed()
        page.wait_for_function("([asked, panel]) => asked.has(panel)", arg=[calls, panel])
        assert_drawn_alike(drawn(page, panel), redrawn(page, panel))
    warnings = [fault for fault in watch.faults if WARNING in fault]
    assert len(warnings) == 1 and name in warnings[0]
