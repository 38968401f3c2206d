"""The look that all charts share; colours of text and grid come from the page's theme."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from explorer.charts.parts.arrays import log_ticks

# Okabe and Ito 2008, those first that keep their contrast on white and on black.
CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999")
CHOSEN = "#E6007A"  # the chosen token or row, everywhere; in none of the scales
SELECTED = "#D55E00"  # rows that a lasso or a search holds
TRAIL = "rgba(138, 143, 152, 0.75)"  # the ways of rows on a map
ARROW = "#009E73"  # where a row goes next
CURSOR = "#8A8F98"  # the current step
FAINT = "rgba(138, 143, 152, 0.38)"  # everything that is there for comparison
SEQUENTIAL = "Viridis"
# Centred on zero. The middle is grey, not white, so that it does not glare on a dark page.
DIVERGING = ((0, "#08407A"), (0.25, "#3B8BC4"), (0.5, "#DFE3E8"), (0.75, "#E0812F"), (1, "#8F3200"))

GLYPHS = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
COLUMN = 92  # pixels: one of twelve on a lecture screen; decides how many labels fit
MARGIN = {"l": 64, "r": 16, "t": 8, "b": 52}


def layout(*, xaxis: dict[str, Any], yaxis: dict[str, Any], **more: Any) -> go.Layout:
    """The one layout: transparent, small margins, no grid; zoom survives every redraw."""
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
        "margin": MARGIN,
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "#22262E",
            "bordercolor": CURSOR,
            "font": {"size": 14, "color": "#FFFFFF"},
            "align": "left",
            "namelength": -1,
        },
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    }
    return go.Layout(**base | more, xaxis=quiet | xaxis, yaxis=quiet | yaxis)


def with_opacity(colour: str, opacity: float) -> str:
    """A colour "#RRGGBB" through which 1 - `opacity` of what lies under it is seen."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def axis_title(text: str) -> dict[str, Any]:
    return {"text": text, "standoff": 8}


def log_axis(low: float, high: float) -> dict[str, Any]:
    """Ticks of a logarithmic axis over [10**low, 10**high]: each told in full, none too many."""
    ticks = log_ticks(low, high)
    return {"tickmode": "array", "tickvals": ticks, "ticktext": [f"{tick:.3g}" for tick in ticks]}


def colour_bar(title: str) -> dict[str, Any]:
    """A slim bar; a title too long to stand above it runs along its side."""
    return {
        "title": {"text": title, "side": "top" if len(title) <= 8 else "right"},
        "thickness": 12,
        "outlinewidth": 0,
        "xpad": 8,
        "tickfont": {"size": 12},
    }


def flat_colour_bar(ticks: Sequence[float]) -> dict[str, Any]:
    """A slim bar above the plot with these numbers at it: it takes no width of a narrow panel."""
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
    """Pixels between the margins of a panel `span` columns wide, a colour bar beside it."""
    return span * COLUMN - MARGIN["l"] - MARGIN["r"] - 64


def plot_height(height: int) -> float:
    return height - MARGIN["t"] - MARGIN["b"]


def height_for(rows: int, *, least: int = 240, most: int = 760) -> int:
    """Pixels of a panel in which each of `rows` can have its own label, within reason."""
    return min(max(16 * rows + MARGIN["t"] + MARGIN["b"], least), most)


def square_height(rows: int, span: int) -> int:
    """As `height_for`, but no higher than square cells can fill in `span` columns."""
    fills = int(plot_width(span)) + MARGIN["t"] + MARGIN["b"]
    return min(height_for(rows, least=320), fills)
