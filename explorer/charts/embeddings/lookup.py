"""A table beside the one-hot vector that picks one of its rows."""

import numpy as np
import plotly.graph_objects as go

from explorer.charts.embeddings.tables import table_panel
from explorer.charts.parts import theme
from explorer.charts.parts.labels import row_ticks
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame, Panel


def one_hot_panel(values: np.ndarray, rows: Rows, frame: Frame) -> Panel:
    """A `table_panel` of values (S, R, C) with ids at its rows.

    Left of it stands the one-hot vector of the chosen row, of which only the R rows are shown.
    """
    panel = table_panel(values, rows, frame)
    channels = values.shape[2]
    wide = max(1.0, channels / 8)  # of the vector, in cells of the table
    ends = [-0.5 - 1.5 * wide, -0.5 - 0.5 * wide]
    hot = go.Heatmap(
        x=ends,
        z=[[float(row == rows.chosen)] for row in range(len(rows.labels))],
        hoverinfo="skip",
        colorscale=theme.PALE,
        zmin=-1,
        zmax=1,
        showscale=False,
        texttemplate="%{z:d}",
    )
    panel.figure.add_trace(hot)
    across = panel.figure.layout.xaxis
    across.update(
        range=[ends[0], channels - 0.5],
        tickvals=[sum(ends) / 2, *across.tickvals],
        ticktext=["one-hot", *across.ticktext],
    )
    names = [f"{label} {one}" for label, one in zip(rows.labels, rows.ids, strict=True)]
    marked = dict.fromkeys(rows.selected, theme.SELECTED)
    down = row_ticks(names, theme.plot_height(panel.frame.height), rows.chosen, marked)
    panel.figure.layout.yaxis.update(down, title=theme.axis_title("token and id"))
    return panel
