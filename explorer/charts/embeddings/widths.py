"""A measure against n_embd: every seed as a point, their mean as a line, their spread as bars."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import counted, escape
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from model_core.training.widths import Spread, spread

NARROW = 3  # columns of twelve
LINE, POINT, OTHER = theme.CATEGORIES[0], theme.CATEGORIES[1], theme.CURSOR


def widths_panel(
    values: np.ndarray,
    sizes: Sequence[int],
    frame: Frame,
    scale: Scale,
    *,
    beside: tuple[str, np.ndarray] | None = None,
) -> Panel:
    """Values (S, K, R) of K sizes from R seeds over S steps, or one step that stands for all.

    `beside` is a line for comparison, its name and values (K,). Bars reach one standard deviation
    over seeds to either side of the mean. ValueError when shapes do not fit.
    """
    frame, drawn = frame.at_height(300), gaps(values, "values", ("S", len(sizes), "R"))
    if scale.log:
        drawn = np.where(drawn > 0, drawn, np.float32(np.nan))
    spreads = [spread(step) for step in drawn]
    last = spreads[-1]
    mean = np.stack([one.mean for one in spreads]).astype(np.float32)  # (S, K)
    y = [drawn.reshape(len(drawn), -1), _ends(mean, spreads, scale), mean]
    at = np.arange(len(sizes), dtype=np.float32)
    traces = [
        _points(at, y[0][0], drawn.shape[2], scale.unit),
        _bars(at, y[1][0]),
        _means(at, mean[0], last.seeds, scale.unit),
    ]
    every = y[:2]
    if beside:
        every.append(beside[1][None])
        traces.append(_beside(at, *beside))
    figure = go.Figure(traces, _layout(_ticks(sizes, last.seeds, frame), every, scale))
    figure.update_layout(showlegend=beside is not None)
    moving = {f"{n}.y": one for n, one in enumerate(y)} if len(drawn) > 1 else {}
    return Panel(frame, figure, moving=moving, alt=_alt(frame.title, sizes, last, scale))


def _ends(mean: np.ndarray, spreads: Sequence[Spread], scale: Scale) -> np.ndarray:
    """Of each mean (S, K) both ends of its bar and a gap: (S, 3 K)."""
    deviation = np.stack([one.deviation for one in spreads])
    ends = np.stack([mean - deviation, mean + deviation, np.full_like(mean, np.nan)], axis=2)
    ends = ends.reshape(len(mean), -1).astype(np.float32)
    return np.where(ends > 0, ends, np.float32(np.nan)) if scale.log else ends


def _ticks(sizes: Sequence[int], seeds: np.ndarray, frame: Frame) -> list[str]:
    words = counted if frame.span > NARROW else _times
    return [f"{one}<br>{words(int(n), 'seed')}" for one, n in zip(sizes, seeds, strict=True)]


def _layout(words: Sequence[str], every: Sequence[np.ndarray], scale: Scale) -> go.Layout:
    flat = np.concatenate([one.ravel() for one in every])
    ends = scale.limits or padded(*extent(np.log10(flat) if scale.log else flat), share=0.12)
    ticks = {"tickvals": list(range(len(words))), "ticktext": list(words), "tickangle": 0}
    return theme.layout(
        xaxis=theme.cell_axis("n_embd", len(words), ticks),
        yaxis=theme.value_axis(
            escape(scale.unit), ends, theme.log_axis(*ends) if scale.log else None
        ),
        margin=theme.MARGIN | {"b": 68},
        legend=True,
    )


def _times(count: int, _: str) -> str:
    """How many seeds, where there is no room for the word."""
    return f"×{count}"


def _points(at: np.ndarray, first: np.ndarray, seeds: int, unit: str) -> go.Scatter:
    return go.Scatter(
        x=at.repeat(seeds),
        y=first,
        mode="markers",
        name="one seed",
        marker={"color": POINT, "size": 7, "symbol": "circle-open", "line": {"width": 1.5}},
        hovertemplate=f"one seed: %{{y:.4g}} {escape(unit)}<extra></extra>",
        showlegend=False,
    )


def _bars(at: np.ndarray, first: np.ndarray) -> go.Scatter:
    return go.Scatter(
        x=at.repeat(3),
        y=first,
        mode="lines",
        line={"color": LINE, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def _means(at: np.ndarray, first: np.ndarray, seeds: np.ndarray, unit: str) -> go.Scatter:
    return go.Scatter(
        x=at,
        y=first,
        mode="lines+markers",
        name="mean over seeds",
        line={"color": LINE, "width": 2.5},
        marker={"color": LINE, "size": 9},
        customdata=seeds,
        hovertemplate=f"mean of %{{customdata}}: %{{y:.4g}} {escape(unit)}<extra></extra>",
        showlegend=False,
    )


def _beside(at: np.ndarray, name: str, values: np.ndarray) -> go.Scatter:
    return go.Scatter(
        x=at,
        y=values,
        mode="lines" if len(at) > 1 else "markers",  # one size has no line
        name=escape(name),
        line={"color": OTHER, "width": 1.5, "dash": "dash"},
        marker={"color": OTHER, "symbol": "line-ew-open", "size": 24, "line": {"width": 1.5}},
        hovertemplate=f"{escape(name)}: %{{y:.4g}}<extra></extra>",
        showlegend=True,
    )


def _alt(title: str, sizes: Sequence[int], last: Spread, scale: Scale) -> str:
    mean, deviation, seeds = last
    parts = [
        f"{size}: {mean[at]:.4g}"
        + (f" ± {deviation[at]:.2g}" if np.isfinite(deviation[at]) else "")
        + f" ({counted(int(seeds[at]), 'seed')})"
        for at, size in enumerate(sizes)
    ]
    return f"{title}, by n_embd at the last step, in {scale.unit}: {'; '.join(parts)}."
