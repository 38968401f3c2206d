"""Cosines of all pairs of rows, and profiles of a position table."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import column_ticks, escape, in_lines, row_ticks
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame, Panel

DASHES = ("solid", "dot", "dash")


def cosines_panel(values: np.ndarray, rows: Rows, frame: Frame) -> Panel:
    """Cosines (S, N, N) of N rows in their order; the chosen row's label is bold.

    Colours run from -1 to 1. ValueError when shapes do not fit.
    """
    count = len(rows.labels)
    drawn = gaps(values, "values", ("S", count, count))
    frame = frame.at_height(theme.square_height(count, frame.span))
    figure = go.Figure(_cells(drawn[0], rows), _square(rows, frame))
    return Panel(
        frame,
        figure,
        moving={"0.z": drawn},
        alt=_cosines_alt(frame.title, drawn, rows),
        picks=rows.picks,
    )


def profile_panel(
    x: np.ndarray,
    moving: np.ndarray,
    beside: Mapping[str, np.ndarray],
    frame: Frame,
    titles: tuple[str, str],
) -> Panel:
    """A line (S, K) over x (K,) that moves with the step, and others (K,) that do not.

    `titles` name the axes. ValueError when shapes do not fit.
    """
    drawn = gaps(moving, "moving", ("S", len(x)))
    fixed = {name: gaps(values, name, (len(x),)) for name, values in beside.items()}
    low, high = padded(*extent(np.concatenate([drawn.ravel(), *fixed.values()])))
    lines = {"this table": drawn[0], **fixed}
    figure = go.Figure(
        [_line(x, values, name, at) for at, (name, values) in enumerate(lines.items())],
        theme.layout(
            xaxis={
                "title": theme.axis_title(escape(titles[0])),
                "range": list(padded(*extent(x), share=0.02)),
                "nticks": 8,
            },
            yaxis=theme.value_axis(escape(titles[1]), (low, high)),
            legend=True,
        ),
    )
    return Panel(
        frame.at_height(240),
        figure,
        moving={"0.y": drawn},
        alt=_profile_alt(frame.title, x, drawn, titles),
    )


def _cells(values: np.ndarray, rows: Rows) -> go.Heatmap:
    """Cosines (N, N) at one step."""
    words = np.array([in_lines(label) for label in rows.labels], object)
    return go.Heatmap(
        z=values,
        text=np.broadcast_to(words[:, None], values.shape),
        customdata=np.broadcast_to(words, values.shape),
        hovertemplate=f"{rows.kind}s '%{{text}}' and '%{{customdata}}': cosine %{{z:.3f}}"
        "<extra></extra>",
        hoverongaps=False,
        colorscale=theme.DIVERGING,
        zmin=-1.0,
        zmax=1.0,
        colorbar=theme.colour_bar("cosine"),
    )


def _square(rows: Rows, frame: Frame) -> go.Layout:
    """The same rows across and down, in square cells."""
    count, marked = len(rows.labels), dict.fromkeys(rows.selected, theme.SELECTED)
    side = min(theme.plot_height(frame.height), theme.plot_width(frame.span))
    across = column_ticks(rows.labels, side, rows.chosen, marked)
    down = row_ticks(rows.labels, side, rows.chosen, marked)
    axis = theme.TOKENS | {"constrain": "domain"}
    return theme.layout(
        xaxis=axis | theme.cell_axis(rows.kind, count, across),
        yaxis=axis
        | theme.cell_axis(rows.kind, count, down, down=True)
        | {"scaleanchor": "x", "scaleratio": 1},
    )


def _line(x: np.ndarray, values: np.ndarray, name: str, at: int) -> go.Scatter:
    """The first is what moves, the others stand beside it for comparison."""
    return go.Scatter(
        x=x.astype(np.float32),
        y=values,
        name=escape(name),
        mode="lines" if len(x) > 1 else "lines+markers",
        line={
            "color": theme.CATEGORIES[at],
            "width": 2 if at else 3,
            "dash": DASHES[min(at, 2)],
        },
        hovertemplate=f"{escape(name)} at %{{x:d}}: %{{y:.4~g}}<extra></extra>",
    )


def _cosines_alt(title: str, drawn: np.ndarray, rows: Rows) -> str:
    last = drawn[-1].copy()
    np.fill_diagonal(last, np.nan)
    words = between(
        last,
        " At the last step {high} are most alike, {highest:.3f}, and {low} least, {lowest:.3f}.",
        lambda one, other: f"'{rows.labels[one]}' and '{rows.labels[other]}'",
    )
    return (
        f"{title}: heatmap of cosines of {len(rows.labels)} {rows.kind}s, {len(drawn)} recorded "
        f"steps.{words or ' At the last step none is finite.'}"
    )


def _profile_alt(title: str, x: np.ndarray, drawn: np.ndarray, titles: tuple[str, str]) -> str:
    words = between(
        drawn[-1],
        " At the last step from {lowest:.3g} at {low} to {highest:.3g} at {high}.",
        lambda at: f"{x[at]:g}",
    )
    return (
        f"{title}: line of {titles[1]} over {titles[0]}, {len(drawn)} recorded steps."
        f"{words or ' At the last step no value is finite.'}"
    )
