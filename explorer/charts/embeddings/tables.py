"""An embedding table as it is: rows in id order, columns channels, one colour a value."""

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between, missing
from explorer.charts.parts.arrays import bound, gaps
from explorer.charts.parts.frames import frame_row
from explorer.charts.parts.labels import count_ticks, escape, row_ticks
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame, Panel

CELL = (34, 13)  # pixels of a cell, across and down, in which a number can be read


def table_panel(values: np.ndarray, rows: Rows, frame: Frame, *, per_step: bool = False) -> Panel:
    """Values (S, R, C) of R rows; the chosen row is framed, labels of selected ones are coloured.

    The colours are centred on zero and reach the largest magnitude of all steps, or with
    `per_step` of the step shown. Where they fit into the cells, the numbers are written there.
    Raises ValueError when shapes do not fit.
    """
    table = gaps(values, "values", ("S", len(rows.labels), "C"))
    channels = table.shape[2]
    frame = frame.at_height(theme.height_for(len(rows.labels)))
    ends = np.array([bound(step) for step in table] if per_step else [bound(table)], np.float32)
    figure = go.Figure(_cells(table[0], rows, float(ends[0])), _layout(rows, channels, frame))
    if _fit(len(rows.labels), channels, frame):
        look = {"texttemplate": "%{z:.2f}", "colorscale": theme.PALE, "showscale": False}
        figure.update_traces(look)
    if rows.chosen is not None:
        frame_row(figure, rows.chosen, channels)
    moving = {"0.z": table}
    if per_step:
        moving |= {"0.zmin": -ends, "0.zmax": ends}
    return Panel(frame, figure, moving=moving, alt=_alt(frame.title, table, rows), picks=rows.picks)


def _cells(values: np.ndarray, rows: Rows, end: float) -> go.Heatmap:
    """Plotly reads customdata by cell, so each row's words are repeated in all its cells."""
    if rows.kind == "position":
        words = [f"position {escape(label)}" for label in rows.labels]
    else:
        words = rows.words
    return go.Heatmap(
        z=values,
        customdata=[[word] * values.shape[1] for word in words],
        hovertemplate="%{customdata}, channel %{x:d}: %{z:.4g}<extra></extra>",
        hoverongaps=False,
        colorscale=theme.DIVERGING,
        zmin=-end,
        zmax=end,
        colorbar=theme.colour_bar("value"),
    )


def _fit(rows: int, channels: int, frame: Frame) -> bool:
    across, down = CELL
    wide = frame.span * theme.COLUMN - theme.MARGIN["l"] - theme.MARGIN["r"]
    return channels * across <= wide and rows * down <= theme.plot_height(frame.height)


def _layout(rows: Rows, channels: int, frame: Frame) -> go.Layout:
    marked = dict.fromkeys(rows.selected, theme.SELECTED)
    across = count_ticks(channels, theme.plot_width(frame.span))
    down = row_ticks(rows.labels, theme.plot_height(frame.height), rows.chosen, marked)
    return theme.layout(
        xaxis=theme.cell_axis("channel", channels, across),
        yaxis=theme.TOKENS | theme.cell_axis(rows.kind, len(rows.labels), down, down=True),
    )


def _alt(title: str, table: np.ndarray, rows: Rows) -> str:
    steps, count, channels = table.shape
    opening = (
        f"{title}: heatmap, {count} {rows.kind}s by {channels} channels, {steps} recorded steps. "
    )
    ends = between(
        table,
        "From {lowest:.4g} ({low}) to {highest:.4g} ({high}).",
        lambda _, row, channel: f"{rows.kind} '{rows.labels[row]}', channel {channel}",
    )
    return opening + (ends + missing(table) if ends else "No value is finite.")
