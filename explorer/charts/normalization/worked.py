"""A few numbers on one axis, a row for each group that shares its statistics."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.panels import Frame, Panel


class Groups(NamedTuple):
    """Groups of numbers, one per row: what each is (a "feature"), their names and members.

    `pooled`: whether the numbers of a group share statistics.
    """

    kind: str
    names: Sequence[str]
    members: Sequence[str]
    pooled: bool = True


def groups_panel(
    values: np.ndarray,
    groups: Groups,
    frame: Frame,
    *,
    chosen: tuple[int, int],
    unit: str,
) -> Panel:
    """Values (G, M) in `unit`: a row of M dots for each of G groups, all on one axis.

    A dash marks the mean of each group that is pooled, a ring the chosen (group, member).
    Raises ValueError when shapes do not fit.
    """
    names, members = groups.names, groups.members
    drawn = gaps(values, "values", (len(names), len(members)))
    figure = go.Figure(
        [
            *(_dots(numbers, row, names[row], members) for row, numbers in enumerate(drawn)),
            *([_means(drawn)] if groups.pooled else []),
            _ring(drawn[chosen], chosen[0]),
        ],
        theme.layout(
            xaxis=theme.value_axis(escape(unit), padded(*extent(drawn))),
            yaxis={
                "title": theme.axis_title(escape(groups.kind)),
                "range": [len(names) - 0.5, -0.5],
                "tickmode": "array",
                "tickvals": list(range(len(names))),
                "ticktext": [escape(name) for name in names],
                "ticks": "",
                "tickfont": {"size": 14},
            },
        ),
    )
    return Panel(
        frame.at_height(max(36 * len(names) + 96, 200)),
        figure,
        alt=f"{frame.title}: {len(members)} dots in each of {len(names)} rows, in {unit}. "
        + " ".join(_words(numbers, name) for numbers, name in zip(drawn, names, strict=True)),
    )


def _dots(numbers: np.ndarray, row: int, group: str, members: Sequence[str]) -> go.Scatter:
    colour = theme.CATEGORIES[row % len(theme.CATEGORIES)]
    return go.Scatter(
        x=numbers,
        y=np.full(len(numbers), row, np.float32),
        mode="markers",
        marker={"size": 15, "opacity": 0.8, "color": colour},
        customdata=[escape(f"{group}, {member}") for member in members],
        hovertemplate="%{customdata}: %{x:.6~g}<extra></extra>",
    )


def _means(drawn: np.ndarray) -> go.Scatter:
    return go.Scatter(
        x=drawn.mean(1),
        y=np.arange(len(drawn), dtype=np.float32),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 26, "color": theme.CURSOR, "line": {"width": 3}},
        hovertemplate="mean %{x:.6~g}<extra></extra>",
    )


def _ring(value: np.float32, row: int) -> go.Scatter:
    line = {"width": 3}
    return go.Scatter(
        x=[value],
        y=[row],
        mode="markers",
        marker={"symbol": "circle-open", "size": 23, "color": theme.CHOSEN, "line": line},
        hoverinfo="skip",
    )


def _words(row: np.ndarray, group: str) -> str:
    if not np.isfinite(row).any():
        return f"{group}: no numbers."
    low, high = extent(row)
    return f"{group}: from {low:.4g} to {high:.4g}, mean {float(np.nanmean(row)):.4g}."
