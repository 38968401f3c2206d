"""What leaks through batch norm along the depth, and batch statistics against the running ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.normalization.depth import depth_panel
from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.panels import Panel

OPEN = ("circle-open", "square-open", "diamond-open")  # symbols of all series but the first


def movement_panel(
    values: Mapping[str, np.ndarray],
    names: Sequence[str],
    *,
    key: str,
    title: str,
    unit: str,
    span: int = 6,
    height: int = 400,
) -> Panel:
    """One line a series (S, K) ≥ 0 over K places in depth order, on a linear axis from 0.

    Series that are all 0 lie on each other on a line that says so; their open marks are of
    different sizes, so that each can be seen. ValueError when shapes do not fit.
    """
    most = max(extent(gaps(of, name, ("S", len(names))))[1] for name, of in values.items())
    panel = depth_panel(
        values,
        names,
        key=key,
        title=title,
        unit=unit,
        along="place",
        limits=(-0.16 * (most or 1.0), 1.08 * (most or 1.0)),
        span=span,
        height=height,
    )
    for at, line in enumerate(panel.figure.data):
        symbol = OPEN[(at - 1) % len(OPEN)] if at else "circle"
        line.marker = {"size": 8 + 3 * max(at - 1, 0), "symbol": symbol}
    panel.figure.update_layout(margin=theme.MARGIN | {"t": 56})
    panel.figure.add_shape(_zero())
    return panel


def distances_panel(
    sizes: Sequence[int],
    measured: np.ndarray,
    expected: np.ndarray,
    *,
    repeats: int,
    size: int,
    key: str,
    title: str,
    unit: str,
    span: int = 6,
    height: int = 360,
) -> Panel:
    """How far off batches of N sizes are, (N,) each: measured, and if tokens were independent.

    Measured is the mean of `repeats` batches a size. The `size` of the batch looked at is marked if
    it is one of them; nothing moves with the step. ValueError when shapes do not fit.
    """
    drawn = {
        f"measured, mean of {repeats} batches": gaps(measured, "measured", (len(sizes),)),
        "if all tokens were independent": gaps(expected, "expected", (len(sizes),)),
    }
    lines = [
        _line(sizes, values, name, unit, theme.CATEGORIES[at], "dash" if at else "solid")
        for at, (name, values) in enumerate(drawn.items())
    ]
    measured = lines[0].y
    top = padded(0.0, extent(np.stack(list(drawn.values())))[1])[1]
    return Panel(
        key=key,
        title=title,
        figure=go.Figure([*lines, *_marks(sizes, measured, size)], _over_sizes(sizes, top, unit)),
        alt=f"{title}: lines over batches of {sizes[0]} to {sizes[-1]} windows, in {unit}. "
        f"{_told(sizes, measured, size)}",
        span=span,
        height=height,
    )


def means_panel(
    running: np.ndarray,
    batch: np.ndarray,
    *,
    key: str,
    title: str,
    unit: str,
    span: int = 6,
    height: int = 360,
) -> Panel:
    """One point a channel (S, C): its running number to the right, the batch's upwards.

    On the line both are the same. One scale for all steps. ValueError when shapes do not fit.
    """
    across = gaps(running, "running", ("S", "C"))
    up = gaps(batch, "batch", across.shape)
    ends = padded(*extent(np.stack([across, up])))
    axis = {"range": list(ends), "showgrid": True, "nticks": 6}
    layout = theme.layout(
        xaxis={"title": theme.axis_title(escape(f"running {unit}")), **axis},
        yaxis={"title": theme.axis_title(escape(f"{unit} of the batch")), **axis},
    )
    return Panel(
        key=key,
        title=title,
        figure=go.Figure([_same(ends), _channels(across[0], up[0])], layout),
        moving={"1.x": across, "1.y": up},
        alt=f"{title}: a point for each of {across.shape[1]} channels, {len(across)} recorded "
        f"steps; on the dashed line both are the same. {_farthest(across[-1], up[-1])}",
        span=span,
        height=height,
    )


def _zero() -> go.layout.Shape:
    return go.layout.Shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=0,
        y1=0,
        line={"color": theme.CURSOR, "width": 1},
        layer="below",
        label={
            "text": "exactly 0",
            "textposition": "start",
            "yanchor": "top",
            "padding": 12,
            "font": {"size": 12},
        },
    )


def _line(
    sizes: Sequence[int], values: np.ndarray, name: str, unit: str, colour: str, dash: str
) -> go.Scatter:
    return go.Scatter(
        x=np.array(sizes, np.float32),
        y=values,
        mode="lines+markers",
        name=name,
        line={"color": colour, "width": 2.5, "dash": dash},
        marker={"size": 7},
        hovertemplate=f"{name}, %{{x:d}} windows: %{{y:.4g}} ({escape(unit)})<extra></extra>",
    )


def _over_sizes(sizes: Sequence[int], top: float, unit: str) -> go.Layout:
    return theme.layout(
        xaxis={
            "title": theme.axis_title("windows in the batch"),
            "type": "log",
            "range": [np.log10(sizes[0]) - 0.05, np.log10(sizes[-1]) + 0.1],
            "tickmode": "array",
            "tickvals": list(sizes),
            "ticktext": [str(one) for one in sizes],
        },
        yaxis={
            "title": theme.axis_title(escape(unit)),
            "range": [0.0, top],
            "showgrid": True,
            "nticks": 6,
        },
        showlegend=True,
        margin=theme.MARGIN | {"t": 32},
    )


def _marks(sizes: Sequence[int], measured: np.ndarray, size: int) -> list[go.Scatter]:
    """The batch looked at, if measured, with its number: right of the last it would be cut off."""
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


def _told(sizes: Sequence[int], measured: np.ndarray, size: int) -> str:
    if size not in sizes:
        return f"At {size} windows nothing was measured."
    here = measured[sizes.index(size)]
    return f"At {size} windows measured {'no number' if np.isnan(here) else f'{here:.4g}'}."


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
        return "At the last step there is no number that can be drawn."
    channel = int(np.nanargmax(apart))
    return (
        f"At the last step channel {channel} is farthest from it: running {running[channel]:.4g}, "
        f"batch {batch[channel]:.4g}."
    )
