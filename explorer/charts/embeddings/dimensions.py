"""What goes with each dimension of a table, and what can be read off its whole rows."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import count_ticks, escape, row_ticks
from explorer.panels import Frame, Panel


def relations_panel(
    strength: np.ndarray, found: np.ndarray, names: Sequence[str], frame: Frame
) -> Panel:
    """Strength (S, P, C) in [-1, 1] of P named properties in C channels, only where it is `found`.

    Rows are properties, columns channels; blank is what may be chance. ValueError when shapes do
    not fit.
    """
    cells = gaps(np.where(found, strength, np.nan), "strength", ("S", len(names), "C"))
    channels = cells.shape[2]
    frame = frame.at_height(theme.height_for(len(names)))
    across = count_ticks(channels, theme.plot_width(frame.span))
    down = row_ticks(names, theme.plot_height(frame.height))
    return Panel(
        frame,
        go.Figure(
            go.Heatmap(
                z=cells[0],
                customdata=[[escape(name)] * channels for name in names],
                hovertemplate="%{customdata}, channel %{x:d}: %{z:.3f}<extra></extra>",
                hoverongaps=False,
                colorscale=theme.DIVERGING,
                zmin=-1.0,
                zmax=1.0,
                colorbar=theme.colour_bar("ρ"),
            ),
            theme.layout(
                xaxis=theme.cell_axis("channel", channels, across)
                | {"showline": True, "mirror": True},
                yaxis=theme.cell_axis("property of tokens", len(names), down, down=True)
                | {"showline": True, "mirror": True},
            ),
        ),
        moving={"0.z": cells},
        alt=_alt(frame.title, cells, names),
    )


def _alt(title: str, cells: np.ndarray, names: Sequence[str]) -> str:
    steps, count, channels = cells.shape
    ends = between(
        cells[-1],
        " From {lowest:.3g} ({low}) to {highest:.3g} ({high}) at the last step.",
        lambda row, channel: f"{names[row]}, channel {channel}",
    )
    return (
        f"{title}: heatmap of rank correlations, {count} properties of tokens by {channels} "
        f"channels, over {steps} recorded steps; blank is what may be chance."
        f"{ends or ' At the last step all is blank.'}"
    )


def probes_panel(
    explained: np.ndarray, chance: np.ndarray, names: Sequence[str], frame: Frame
) -> Panel:
    """What share of each of P named properties whole rows explain (S, P), beside that by `chance`.

    A dot a property, and a mark up to which shuffled properties come. ValueError when shapes do not
    fit.
    """
    values, usual = (
        gaps(array, name, ("S", len(names)))
        for array, name in ((explained, "explained"), (chance, "chance"))
    )
    frame = frame.at_height(theme.height_for(len(names)))
    low, high = extent(np.concatenate([values, usual]))
    rows = np.arange(len(names), dtype=np.float32)
    words = [escape(name) for name in names]
    mark = {"symbol": "line-ns-open", "size": 14, "line": {"width": 3}, "color": theme.CURSOR}
    dot = {"size": 11, "color": theme.CATEGORIES[0]}
    traces = [
        go.Scatter(
            x=array[0],
            y=rows,
            mode="markers",
            name=name,
            marker=marker,
            customdata=words,
            hovertemplate=f"%{{customdata}}, {name}: %{{x:.3f}}<extra></extra>",
        )
        for array, name, marker in (
            (usual, "99 of 100 shuffled", mark),
            (values, "of the rows", dot),
        )
    ]
    down = row_ticks(names, theme.plot_height(frame.height))
    axis = theme.value_axis("share explained on tokens left out", padded(min(low, 0), max(high, 1)))
    return Panel(
        frame,
        go.Figure(
            traces,
            theme.layout(
                xaxis=axis,
                yaxis=theme.cell_axis("property of tokens", len(names), down, down=True),
                legend=True,
            ).update(shapes=[_zero()]),
        ),
        moving={"0.x": usual, "1.x": values},
        alt=f"{frame.title}: a dot for each of {len(names)} properties over {len(values)} recorded "
        "steps, and a mark up to which 99 of 100 shuffled ones come."
        + between(
            values[-1],
            " At the last step from {lowest:.3g} ({low}) to {highest:.3g} ({high}).",
            names.__getitem__,
        ),
    )


def _zero() -> go.layout.Shape:
    """Where a prediction is as good as the mean."""
    line = {"color": theme.CURSOR, "width": 1, "dash": "dot"}
    return go.layout.Shape(type="line", yref="paper", x0=0, x1=0, y0=0, y1=1, line=line)
