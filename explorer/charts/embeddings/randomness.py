"""The directions of a table beside those of a random matrix."""

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import count_ticks
from explorer.panels import Frame, Panel


def directions_panel(values: np.ndarray, expected: np.ndarray, low: float, frame: Frame) -> Panel:
    """Singular values (S, K) as bars, the largest first, over the line expected (K,) by chance.

    All are in units of the upper edge of a random matrix, which is the line at 1; its lower edge is
    at `low`. ValueError when shapes do not fit.
    """
    drawn = gaps(values, "values", ("S", len(expected)))
    count = len(expected)
    x = np.arange(count, dtype=np.float32)
    top = padded(0.0, max(extent(drawn)[1], 1.0))[1]
    figure = go.Figure(
        [_bars(x, drawn[0]), _by_chance(x, expected)],
        theme.layout(
            xaxis=theme.cell_axis(
                "direction, the largest first",
                count,
                count_ticks(count, theme.plot_width(frame.span)),
            ),
            yaxis=theme.value_axis("singular value / upper edge of chance", (0, top)),
            bargap=0.2,
            legend=True,
        ),
    )
    for edge in (1.0, low):
        figure.add_shape(
            theme.level_line(edge, line={"color": theme.CURSOR, "width": 1.5, "dash": "dash"})
        )
    return Panel(
        frame.at_height(300), figure, moving={"0.y": drawn}, alt=_alt(frame.title, drawn, low)
    )


def _bars(x: np.ndarray, values: np.ndarray) -> go.Bar:
    return go.Bar(
        x=x,
        y=values,
        name="this table",
        marker={"color": theme.CATEGORIES[0]},
        hovertemplate="direction %{x:d}: %{y:.4~g} of the upper edge of chance<extra></extra>",
    )


def _by_chance(x: np.ndarray, expected: np.ndarray) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=expected.astype(np.float32),
        name="random numbers",
        mode="lines+markers",
        line={"color": theme.CATEGORIES[1], "width": 2},
        marker={"size": 6 if len(x) < 40 else 3},
        hovertemplate="direction %{x:d} of random numbers: %{y:.4~g}<extra></extra>",
    )


def _alt(title: str, drawn: np.ndarray, low: float) -> str:
    words = between(
        drawn[-1],
        " At the last step the largest is {highest:.4g} and the smallest {lowest:.4g}.",
    )
    return (
        f"{title}: bars of {drawn.shape[1]} singular values over {len(drawn)} recorded steps; "
        f"those of random numbers lie between {low:.3g} and 1."
        f"{words or ' At the last step none is finite.'}"
    )
