"""What a Plotly picture shows, read from its nodes, to compare our own drawing with Plotly's."""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

_READ = """async ([panel, redraw]) => {
  const div = document.querySelector(`[data-panel=${panel}] .js-plotly-plot`)
  if (redraw) await Plotly.redraw(div)
  const found = { points: {}, labels: {}, lines: {}, images: [] }
  found.written = [...div.querySelectorAll(".heatmap-label")].map((node) => node.textContent)
  const numbers = (text) => (text.match(/-?[\\d.]+/g) ?? []).map(Number)
  for (const node of div.querySelectorAll("path.point, .textpoint")) {
    if (node.getAttribute("display") === "none") continue
    const trace = node.closest(".trace").__data__[0].trace.index
    const key = `${trace} ${node.__data__.i}`
    if (node.localName === "path") {
      const fill = numbers(getComputedStyle(node).fill)
      found.points[key] = { at: numbers(node.getAttribute("transform")), fill }
    } else {
      const text = node.firstElementChild
      found.labels[key] = { at: ["x", "y"].map((name) => Number(text.getAttribute(name))) }
    }
  }
  for (const node of div.querySelectorAll(".cartesianlayer path.js-line")) {
    const trace = node.closest(".trace").__data__[0].trace.index
    const stretches = node.getAttribute("d").split("M").map(numbers)
    found.lines[trace] = [...(found.lines[trace] ?? []), ...stretches.filter((s) => s.length > 2)]
  }
  for (const image of div.querySelectorAll("image")) {
    const bitmap = new Image()
    bitmap.src = image.getAttribute("href") ?? image.getAttribute("xlink:href")
    await bitmap.decode()
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")
    context.drawImage(bitmap, 0, 0)
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height)
    found.images.push(Array.from(data, (level) => String.fromCharCode(level)).join(""))
  }
  return found
}"""


def drawn(page: Page, panel: str) -> dict[str, Any]:
    """What the panel shows now: points and labels by "trace number", lines by trace, images.

    `at`, and each stretch of a line, are pixels; `fill` levels from 0 to 255, and images such
    levels as one string, since a list of them takes seconds; what is `written` in cells row by row.
    """
    return page.evaluate(_READ, [panel, False])


def redrawn(page: Page, panel: str) -> dict[str, Any]:
    """The same after Plotly has redrawn everything."""
    return page.evaluate(_READ, [panel, True])


def assert_drawn_alike(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Every coordinate is the same; colours may differ by rounding."""
    assert any(theirs.values())
    for kind in ("points", "labels"):
        assert ours[kind].keys() == theirs[kind].keys()
        for key, mark in theirs[kind].items():
            assert ours[kind][key]["at"] == mark["at"], (kind, key)
            assert_levels(ours[kind][key].get("fill", []), mark.get("fill", []))
    assert ours["lines"] == theirs["lines"]
    assert ours["written"] == theirs["written"]
    assert len(ours["images"]) == len(theirs["images"])
    for image, official in zip(ours["images"], theirs["images"], strict=True):
        assert_levels(image.encode("latin-1"), official.encode("latin-1"))


def assert_levels(ours: Sequence[float], theirs: Sequence[float]) -> None:
    assert len(ours) == len(theirs)
    assert max((abs(a - b) for a, b in zip(ours, theirs, strict=True)), default=0) <= 3
