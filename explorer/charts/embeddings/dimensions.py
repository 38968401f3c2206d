"""What goes with each dimension of a table, and what can be read off its whole rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import count_ticks, escape, row_ticks
from explorer.panels import Frame, Panel

MORE, MAY_BE = "more than chance", "may be chance"


class Probed(NamedTuple):
    """What share of each of P properties whole rows explain at S steps (S, P), that of `chance`,
    and where it is `told`: more than chance, corrected for all comparisons of a step."""

    explained: np.ndarray
    chance: np.ndarray
    told: np.ndarray


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


def probes_panel(probed: Probed, names: Sequence[str], frame: Frame) -> Panel:
    """What whole rows explain of P named properties; ValueError when shapes do not fit.

    A full dot where that is more than chance, an empty one where it may be, and a mark up to
    which 99 of 100 shuffled properties come.
    """
    values, usual = (
        gaps(array, name, ("S", len(names)))
        for array, name in ((probed.explained, "explained"), (probed.chance, "chance"))
    )
    told = np.where(probed.told, values, np.float32(np.nan))
    rest = np.where(probed.told, np.float32(np.nan), values)
    frame = frame.at_height(theme.height_for(len(names)))
    dot = {"size": 11, "color": theme.CATEGORIES[0], "line": {"width": 2}}
    mark = {"symbol": "line-ns-open", "size": 14, "line": {"width": 3}, "color": theme.CURSOR}
    shown = {
        "99 of 100 shuffled": (usual, mark),
        MORE: (told, dot),
        MAY_BE: (rest, dot | {"symbol": "circle-open"}),
    }
    return Panel(
        frame,
        go.Figure(
            [_dots(array[0], name, look, names) for name, (array, look) in shown.items()],
            _probes_layout(np.concatenate([values, usual]), names, frame),
        ),
        moving={f"{at}.x": array for at, (array, _) in enumerate(shown.values())},
        alt=f"{frame.title}: a dot for each of {len(names)} properties over {len(values)} recorded "
        "steps, full where whole rows tell it more than by chance, and a mark up to which 99 of "
        "100 shuffled ones come."
        + between(
            values[-1],
            " At the last step from {lowest:.3g} ({low}) to {highest:.3g} ({high}).",
            names.__getitem__,
        ),
    )


def _dots(
    first: np.ndarray, name: str, look: Mapping[str, Any], names: Sequence[str]
) -> go.Scatter:
    """One mark (P,) a row."""
    return go.Scatter(
        x=first,
        y=np.arange(len(names), dtype=np.float32),
        mode="markers",
        name=name,
        marker=dict(look),
        customdata=[escape(one) for one in names],
        hovertemplate=f"%{{customdata}}, {name}: %{{x:.3f}}<extra></extra>",
    )


def _probes_layout(every: np.ndarray, names: Sequence[str], frame: Frame) -> go.Layout:
    low, high = extent(every)
    down = row_ticks(names, theme.plot_height(frame.height))
    ends = padded(min(low, 0), max(high, 1))
    return theme.layout(
        xaxis=theme.value_axis("share explained on tokens left out", ends),
        yaxis=theme.cell_axis("property of tokens", len(names), down, down=True),
        legend=True,
    ).update(shapes=[_zero()])


def _zero() -> go.layout.Shape:
    """Where a prediction is as good as the mean."""
    line = {"color": theme.CURSOR, "width": 1, "dash": "dot"}
    return go.layout.Shape(type="line", yref="paper", x0=0, x1=0, y0=0, y1=1, line=line)
