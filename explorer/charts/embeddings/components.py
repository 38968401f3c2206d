"""Every component of one vector over recorded steps: lines, or where they are many a heatmap."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between, missing
from explorer.charts.parts.arrays import bound, gaps
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.labels import row_ticks
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.steps import check_steps, cursor, cursor_x, step_axis
from explorer.panels import Frame, Panel

LINES = len(theme.CATEGORIES)  # components that each have a colour of their own


def components_panel(steps: Sequence[int] | np.ndarray, vectors: np.ndarray, frame: Frame) -> Panel:
    """Vectors (S, C) of one row over recorded steps (S,); a cursor moves with the step.

    At most LINES components are lines with their names at the ends; more are rows of a heatmap
    whose colours are centred on zero. ValueError when shapes do not fit.
    """
    steps = check_steps(steps)
    values = gaps(vectors, "vectors", (len(steps), "C"))
    count = values.shape[1]
    if count <= LINES:
        series = {f"channel {channel}": values[:, channel] for channel in range(count)}
        return curves_panel(steps, series, frame, Scale("value"))
    frame = frame.at_height(theme.height_for(count))
    names = [str(channel) for channel in range(count)]
    figure = go.Figure(
        [_cells(values, steps), cursor(-0.5, count - 0.5)],
        theme.layout(
            xaxis=step_axis(steps) | {"range": [-0.5, len(steps) - 0.5]},
            yaxis=theme.cell_axis(
                "channel", count, row_ticks(names, theme.plot_height(frame.height)), down=True
            ),
        ),
    )
    return Panel(
        frame, figure, moving={"1.x": cursor_x(len(steps))}, alt=_alt(frame, values, steps)
    )


def _cells(values: np.ndarray, steps: np.ndarray) -> go.Heatmap:
    end = bound(values)
    return go.Heatmap(
        z=values.T,
        customdata=np.tile(steps, (values.shape[1], 1)),
        hovertemplate="channel %{y:d} at step %{customdata:,d}: %{z:.4g}<extra></extra>",
        hoverongaps=False,
        colorscale=theme.DIVERGING,
        zmin=-end,
        zmax=end,
        colorbar=theme.colour_bar("value"),
    )


def _alt(frame: Frame, values: np.ndarray, steps: np.ndarray) -> str:
    opening = (
        f"{frame.title}: heatmap, {values.shape[1]} channels by {len(steps)} recorded steps, from "
        f"step {steps[0]:,} to {steps[-1]:,}. "
    )
    ends = between(
        values,
        "From {lowest:.4g} ({low}) to {highest:.4g} ({high}).",
        lambda step, channel: f"channel {channel} at step {steps[step]:,}",
    )
    return opening + (ends + missing(values) if ends else "No value is finite.")
