"""Colours, axes and sizes of all charts; text and grid take their colours from the page."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from explorer.charts.parts.arrays import log_ticks

# The palette of a light page, 4.5:1 or more where letters and lines have it. On a dark one the
# browser puts another in each one's place: explorer/player/web/theme.js; a test holds both equal.
PAPER = "#FFFFFF"  # the page's background
# The hues of Okabe and Ito 2008, dark enough for letters on a white page.
CATEGORIES = ("#0072B2", "#C04A00", "#007A58", "#A94C86", "#2E2A7A", "#8A6100", "#6B6B6B")
# Those that stand in their places on a dark page, for what Plotly does not draw.
DARK = ("#56A8F0", "#F2853D", "#2BC49A", "#E59AC8", "#A8DCFF", "#F0C04A", "#A8A8A8")
CHOSEN = "#E6007A"  # the chosen token or row, everywhere; in no colour scale
SELECTED = CATEGORIES[1]  # rows selected by a lasso or a search
TRAIL = "rgba(138, 143, 152, 0.75)"  # past points of a row on a map
ARROW = CATEGORIES[2]  # the next move of a row
CURSOR = "#6E737B"  # the current step
FAINT = "rgba(138, 143, 152, 0.38)"  # whatever is drawn for comparison
DEEP = "#0B4F9C"  # the largest of what is not negative
SHADES = 16  # straight parts of a colour scale that follows the root

GLYPHS = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
COLUMN = 92  # pixels of one column of twelve on a lecture screen; limits how many labels fit
TOKENS = {"tickfont": {"size": 12, "family": GLYPHS}}  # of an axis with tokens along it
MARGIN = {"l": 64, "r": 16, "t": 8, "b": 52}


def layout(
    *, xaxis: dict[str, Any], yaxis: dict[str, Any], legend: bool = False, **more: Any
) -> go.Layout:
    """The layout of every chart: transparent, small margins, no grid; zoom survives a redraw.

    A `legend` stands above the plot.
    """
    quiet = {
        "type": "linear",
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickfont": {"size": 12},
    }
    base = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "uirevision": "keep",
        "font": {"size": 13},
        "margin": MARGIN | {"t": 32 if legend else 8},
        "showlegend": legend,
        "hovermode": "closest",
        "hoverlabel": {"font": {"size": 14}, "align": "left", "namelength": -1},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    }
    return go.Layout(**base | more, xaxis=quiet | xaxis, yaxis=quiet | yaxis)


def mixed(colour: str, other: str, share: float) -> str:
    """The colour "#RRGGBB" with this share of another in its place."""
    pairs = zip(_bytes(colour), _bytes(other), strict=True)
    return "#" + "".join(f"{int(one + (two - one) * share + 0.5):02X}" for one, two in pairs)


def with_opacity(colour: str, opacity: float) -> str:
    """The colour "#RRGGBB" with an opacity in 0..1."""
    red, green, blue = _bytes(colour)
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def _bytes(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# Shares and lengths: one hue out of the page, by the square root, so that small ones show.
SEQUENTIAL = tuple(((n / SHADES) ** 2, mixed(PAPER, DEEP, n / SHADES)) for n in range(SHADES + 1))
# Centred on zero, which is the page itself.
DIVERGING = ((0, "#08407A"), (0.25, "#3B8BC4"), (0.5, PAPER), (0.75, "#E0812F"), (1, "#8F3200"))
# The same, pale: behind numbers that are written in the cells.
PALE = ((0, "#B7D6EA"), (0.5, PAPER), (1, "#F3CDA9"))
# Numbers as colours of letters and dots, and where no end means nothing: none fades into the page.
ORDERED = ((0, "#9A6A00"), (0.25, "#A8502A"), (0.5, "#8E2F6B"), (0.75, "#4F2A86"), (1, "#161A54"))


def axis_title(text: str) -> dict[str, Any]:
    return {"text": text, "standoff": 8}


def value_axis(
    title: str, ends: Sequence[float], ticks: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An axis of numbers between two ends, with a grid; `ticks` other than six."""
    if ticks and ticks.get("type") == "log":
        title += ", log scale"
    axis = {"title": axis_title(title), "range": list(ends), "showgrid": True}
    axis |= {"separatethousands": True, "minexponent": 6}  # 10,000 and not 10k
    return axis | (ticks or {"nticks": 6})


def cell_axis(
    title: str, count: int, ticks: dict[str, Any], *, down: bool = False
) -> dict[str, Any]:
    """An axis of `count` cells, bars or points at 0, 1, 2, ...; `down`: the first one on top."""
    ends = [-0.5, count - 0.5]
    return {"title": axis_title(title), "range": ends[::-1] if down else ends, **ticks}


def level_line(y: float, **more: Any) -> go.layout.Shape:
    """A line at `y` across the whole plot."""
    return go.layout.Shape(type="line", xref="paper", x0=0, x1=1, y0=y, y1=y, **more)


def log_axis(low: float, high: float) -> dict[str, Any]:
    """Ticks of a logarithmic axis over [10**low, 10**high], labelled with whole numbers."""
    ticks = log_ticks(low, high)
    words = [f"{tick:.3g}" for tick in ticks]
    return {"type": "log", "tickmode": "array", "tickvals": ticks, "ticktext": words}


def colour_bar(title: str) -> dict[str, Any]:
    """A slim bar; a title too long to fit above it runs along its side."""
    return {
        "title": {"text": title, "side": "top" if len(title) <= 8 else "right"},
        "thickness": 12,
        "outlinewidth": 0,
        "xpad": 8,
        "tickfont": {"size": 12},
    }


def flat_colour_bar(ticks: Sequence[float]) -> dict[str, Any]:
    """A slim bar above the plot, labelled at these numbers: it takes no width of a narrow panel."""
    return {
        "orientation": "h",
        "x": 0.5,
        "xanchor": "center",
        "y": 1.05,
        "yanchor": "bottom",
        "ypad": 2,
        "thickness": 8,
        "outlinewidth": 0,
        "tickfont": {"size": 12},
        "tickvals": list(ticks),
        "ticktext": [f"{tick:.3g}" for tick in ticks],
    }


def plot_width(span: int) -> float:
    """Pixels between the margins of a panel `span` columns wide with a colour bar."""
    return span * COLUMN - MARGIN["l"] - MARGIN["r"] - 64


def plot_height(height: int) -> float:
    return height - MARGIN["t"] - MARGIN["b"]


def height_for(rows: int, *, least: int = 240, most: int = 760) -> int:
    """Pixels of a panel in which each of `rows` has room for a label, in [least, most]."""
    return min(max(16 * rows + MARGIN["t"] + MARGIN["b"], least), most)


def square_height(rows: int, span: int) -> int:
    """As `height_for`, but no higher than square cells fill in `span` columns."""
    fills = int(plot_width(span)) + MARGIN["t"] + MARGIN["b"]
    return min(height_for(rows, least=320), fills)
