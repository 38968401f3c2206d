"""A few numbers on one axis, a row for each group that shares its statistics."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.panels import Panel


def groups_panel(
    values: np.ndarray,
    groups: Sequence[str],
    members: Sequence[str],
    *,
    kind: str,
    chosen: tuple[int, int],
    key: str,
    title: str,
    unit: str,
    span: int = 6,
) -> Panel:
    """Values (G, M) in `unit`: a row of M dots for each of G groups of a `kind`, all on one axis.

    A dash marks the mean of each group, a ring the chosen (group, member). Raises ValueError
    when shapes do not fit.
    """
    drawn = gaps(values, "values", (len(groups), len(members)))
    figure = go.Figure(
        [
            *(_dots(row, place, groups[place], members) for place, row in enumerate(drawn)),
            _means(drawn, groups),
            _ring(drawn[chosen], chosen[0]),
        ],
        theme.layout(
            xaxis={
                "title": theme.axis_title(escape(unit)),
                "range": list(padded(*extent(drawn))),
                "showgrid": True,
                "nticks": 6,
            },
            yaxis={
                "title": theme.axis_title(escape(kind)),
                "range": [len(groups) - 0.5, -0.5],
                "tickmode": "array",
                "tickvals": list(range(len(groups))),
                "ticktext": [escape(group) for group in groups],
                "ticks": "",
                "tickfont": {"size": 14},
            },
        ),
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        alt=f"{title}: {len(members)} dots in each of {len(groups)} rows, in {unit}. "
        + " ".join(_words(row, group) for row, group in zip(drawn, groups, strict=True)),
        span=span,
        height=max(36 * len(groups) + 96, 200),
    )


def _dots(row: np.ndarray, place: int, group: str, members: Sequence[str]) -> go.Scatter:
    return go.Scatter(
        x=row,
        y=np.full(len(row), place, np.float32),
        mode="markers",
        marker={
            "size": 15,
            "opacity": 0.8,
            "color": theme.CATEGORIES[place % len(theme.CATEGORIES)],
        },
        customdata=[escape(f"{group}, {member}") for member in members],
        hovertemplate="%{customdata}: %{x:.6~g}<extra></extra>",
    )


def _means(drawn: np.ndarray, groups: Sequence[str]) -> go.Scatter:
    return go.Scatter(
        x=drawn.mean(1),
        y=np.arange(len(groups), dtype=np.float32),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 26, "color": theme.CURSOR, "line": {"width": 3}},
        hovertemplate="mean %{x:.6~g}<extra></extra>",
    )


def _ring(value: np.float32, place: int) -> go.Scatter:
    return go.Scatter(
        x=[value],
        y=[place],
        mode="markers",
        marker={
            "symbol": "circle-open",
            "size": 23,
            "color": theme.CHOSEN,
            "line": {"width": 3},
        },
        hoverinfo="skip",
    )


def _words(row: np.ndarray, group: str) -> str:
    if not np.isfinite(row).any():
        return f"{group}: no numbers."
    low, high = extent(row)
    return f"{group}: from {low:.4g} to {high:.4g}, mean {float(np.nanmean(row)):.4g}."
