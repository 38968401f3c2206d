"""Changes through batch norm along the depth, and batch statistics against the running ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel

OPEN = ("circle-open", "square-open", "diamond-open")  # symbols of all series but the first


@dataclass(frozen=True)
class Distances:
    """Distances of the means of batches of `sizes` (N,) windows from the running ones, (N,) each.

    Measured as the mean of `repeats` batches a size; expected if all tokens were independent.
    """

    sizes: Sequence[int]
    measured: np.ndarray
    expected: np.ndarray
    repeats: int


def movement_panel(
    values: Mapping[str, np.ndarray], names: Sequence[str], frame: Frame, *, unit: str
) -> Panel:
    """One line per series (S, K) ≥ 0 over K sites in depth order, on a linear axis from 0.

    Series that are all 0 coincide on the line labelled "exactly 0"; their open markers have
    different sizes, so that each is visible. ValueError when shapes do not fit.
    """
    most = max(extent(gaps(of, name, ("S", len(names))))[1] for name, of in values.items()) or 1.0
    scale = Scale(unit, limits=(-0.16 * most, 1.08 * most))
    panel = depth_panel(values, Sites(names, "site"), frame.at_height(400), scale)
    for at, line in enumerate(panel.figure.data):
        symbol = OPEN[(at - 1) % len(OPEN)] if at else "circle"
        line.marker = {"size": 8 + 3 * max(at - 1, 0), "symbol": symbol}
    panel.figure.update_layout(margin=theme.MARGIN | {"t": 56})
    panel.figure.add_shape(_zero())
    return panel


def distances_panel(distances: Distances, frame: Frame, *, size: int, unit: str) -> Panel:
    """Measured and expected distances over batch sizes; that of the batch in use is marked.

    Its `size` may be none of those measured; nothing moves with the step. ValueError when shapes do
    not fit.
    """
    sizes = distances.sizes
    drawn = {
        f"measured, mean of {distances.repeats} batches": gaps(
            distances.measured, "measured", (len(sizes),)
        ),
        "if all tokens were independent": gaps(distances.expected, "expected", (len(sizes),)),
    }
    lines = [
        _line(sizes, values, name, unit, at) for at, (name, values) in enumerate(drawn.items())
    ]
    measured = lines[0].y
    top = padded(0.0, extent(np.stack(list(drawn.values())))[1])[1]
    return Panel(
        frame.at_height(360),
        go.Figure([*lines, *_marks(sizes, measured, size)], _over_sizes(sizes, top, unit)),
        alt=f"{frame.title}: lines over batches of {sizes[0]} to {sizes[-1]} windows, in {unit}. "
        f"{_measured_words(sizes, measured, size)}",
    )


def means_panel(running: np.ndarray, batch: np.ndarray, frame: Frame, *, unit: str) -> Panel:
    """One point per channel (S, C): its running mean on x, the batch's on y.

    Both are equal on the dashed line. One scale for all steps. ValueError when shapes do not fit.
    """
    across = gaps(running, "running", ("S", "C"))
    up = gaps(batch, "batch", across.shape)
    ends = padded(*extent(np.stack([across, up])))
    layout = theme.layout(
        xaxis=theme.value_axis(escape(f"running {unit}"), ends),
        yaxis=theme.value_axis(escape(f"{unit} of the batch"), ends),
    )
    return Panel(
        frame.at_height(360),
        go.Figure([_same(ends), _channels(across[0], up[0])], layout),
        moving={"1.x": across, "1.y": up},
        alt=f"{frame.title}: a point for each of {across.shape[1]} channels, {len(across)} "
        "recorded steps; on the dashed line both are the same. "
        f"At the last step {_farthest(across[-1], up[-1])}",
    )


def _zero() -> go.layout.Shape:
    label = {
        "text": "exactly 0",
        "textposition": "start",
        "yanchor": "top",
        "padding": 12,
        "font": {"size": 12},
    }
    line = {"color": theme.CURSOR, "width": 1}
    return theme.level_line(0, line=line, layer="below", label=label)


def _line(sizes: Sequence[int], values: np.ndarray, name: str, unit: str, at: int) -> go.Scatter:
    dash = "dash" if at else "solid"
    return go.Scatter(
        x=np.array(sizes, np.float32),
        y=values,
        mode="lines+markers",
        name=name,
        line={"color": theme.CATEGORIES[at], "width": 2.5, "dash": dash},
        marker={"size": 7},
        hovertemplate=f"{name}, %{{x:d}} windows: %{{y:.4g}} ({escape(unit)})<extra></extra>",
    )


def _over_sizes(sizes: Sequence[int], top: float, unit: str) -> go.Layout:
    return theme.layout(
        xaxis={
            "title": theme.axis_title("windows in the batch, log scale"),
            "type": "log",
            "range": [np.log10(sizes[0]) - 0.05, np.log10(sizes[-1]) + 0.1],
            "tickmode": "array",
            "tickvals": list(sizes),
            "ticktext": [str(one) for one in sizes],
        },
        yaxis=theme.value_axis(escape(unit), (0.0, top)),
        legend=True,
    )


def _marks(sizes: Sequence[int], measured: np.ndarray, size: int) -> list[go.Scatter]:
    """The batch in use, if measured, with its value: right of the last it would be cut off."""
    if size not in sizes:
        return []
    mark = go.Scatter(
        x=np.array([size], np.float32),
        y=measured[[sizes.index(size)]],
        mode="markers+text",
        marker={"color": theme.CHOSEN, "size": 13},
        texttemplate="%{y:.3g}",
        textposition="top left" if size == sizes[-1] else "top right",
        textfont={"size": 14},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    return [mark]


def _measured_words(sizes: Sequence[int], measured: np.ndarray, size: int) -> str:
    if size not in sizes:
        return f"At {size} windows nothing was measured."
    here = measured[sizes.index(size)]
    return f"At {size} windows measured {'nothing finite' if np.isnan(here) else f'{here:.4g}'}."


def _channels(across: np.ndarray, up: np.ndarray) -> go.Scatter:
    return go.Scatter(
        x=across,
        y=up,
        mode="markers",
        marker={"size": 9, "color": theme.CATEGORIES[0], "opacity": 0.7},
        customdata=np.arange(len(across), dtype=np.float32),
        hovertemplate="channel %{customdata}: running %{x:.4g}, batch %{y:.4g}<extra></extra>",
    )


def _same(ends: tuple[float, float]) -> go.Scatter:
    return go.Scatter(
        x=list(ends),
        y=list(ends),
        mode="lines",
        line={"color": theme.CURSOR, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )


def _farthest(running: np.ndarray, batch: np.ndarray) -> str:
    apart = np.abs(batch - running)
    if not np.isfinite(apart).any():
        return "no value can be drawn."
    channel = int(np.nanargmax(apart))
    return (
        f"channel {channel} is farthest from it: running {running[channel]:.4g}, "
        f"batch {batch[channel]:.4g}."
    )
