"""An embedding table as it is: rows in id order, columns channels, one colour a value."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import bound, extremes, gaps
from explorer.charts.parts.frames import frame_row
from explorer.charts.parts.labels import count_ticks, escape, row_ticks
from explorer.panels import Panel


def table_panel(
    values: np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    row_title: Literal["token", "position"],
    ids: Sequence[int] | None = None,
    chosen: int | None = None,
    selected: Sequence[int] = (),
    per_step: bool = False,
    span: int = 6,
    height: int | None = None,
) -> Panel:
    """Values (S, R, C) of R labelled rows; a Pick is (id, channel), ids are 0 .. R-1 by default.

    The row at place `chosen` is framed, labels of `selected` ones have their colour.

    The colours are centred on zero and reach the largest magnitude of all steps, or with
    `per_step` of the step shown. Raises ValueError when shapes do not fit.
    """
    table = gaps(values, "values", ("S", len(labels), "C"))
    _, rows, channels = table.shape
    height = height or theme.height_for(rows)
    marked = dict.fromkeys(selected, theme.SELECTED)
    ends = np.array([bound(step) for step in table] if per_step else [bound(table)], np.float32)
    figure = go.Figure(
        go.Heatmap(
            z=table[0],
            customdata=_row_words(labels, ids or range(rows), channels, row_title),
            hovertemplate="%{customdata}, channel %{x:d}: %{z:.4g}<extra></extra>",
            hoverongaps=False,
            colorscale=theme.DIVERGING,
            zmin=-float(ends[0]),
            zmax=float(ends[0]),
            colorbar=theme.colour_bar("value"),
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title("channel"),
                "range": [-0.5, channels - 0.5],
                **count_ticks(channels, theme.plot_width(span)),
            },
            yaxis={
                "title": theme.axis_title(row_title),
                "range": [rows - 0.5, -0.5],
                "tickfont": {"size": 12, "family": theme.GLYPHS},
                **row_ticks(labels, theme.plot_height(height), chosen, marked),
            },
        ),
    )
    if chosen is not None:
        frame_row(figure, chosen, channels)
    moving = {"0.z": table}
    if per_step:
        moving |= {"0.zmin": -ends, "0.zmax": ends}
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=_alt(title, table, labels, row_title),
        span=span,
        height=height,
        pickable=True,
        picks=None if ids is None else tuple(int(one) for one in ids),
    )


def _row_words(
    labels: Sequence[str], ids: Sequence[int], channels: int, row_title: str
) -> list[list[str]]:
    """(R, C): Plotly looks customdata up by cell, so each row's words stand in all its cells."""
    if row_title == "position":
        words = [f"position {escape(label)}" for label in labels]
    else:
        named = zip(labels, ids, strict=True)
        words = [f"token '{escape(label)}' (id {one})" for label, one in named]
    return [[word] * channels for word in words]


def _alt(title: str, table: np.ndarray, labels: Sequence[str], row_title: str) -> str:
    steps, rows, channels = table.shape
    told = f"{title}: heatmap, {rows} {row_title}s by {channels} channels, {steps} recorded steps."
    ends = extremes(table)
    if ends is None:
        return f"{told} No value is finite."
    low, high = ends
    told += (
        f" From {table[low]:.4g} ({row_title} '{labels[low[1]]}', channel {low[2]})"
        f" to {table[high]:.4g} ({row_title} '{labels[high[1]]}', channel {high[2]})."
    )
    missing = int(np.isnan(table).sum())
    return told + (f" {missing:,} values are not finite." if missing else "")
