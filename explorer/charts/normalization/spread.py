"""Distributions along the depth of a model: one upright bar a place, told by its quantiles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import each_step, extent, gaps, padded
from explorer.charts.parts.labels import column_ticks, escape
from explorer.panels import Panel

COLOUR = theme.with_opacity(theme.CATEGORIES[0], 0.45)
WIDEST = 18  # pixels of the innermost bar


def spread_panel(
    values: np.ndarray,
    names: Sequence[str],
    levels: Sequence[float],
    *,
    key: str,
    title: str,
    unit: str,
    limits: tuple[float, float] | None = None,
    per_step: bool = False,
    span: int = 6,
    height: int = 320,
) -> Panel:
    """Quantiles (S, K, Q) of the numbers at each of K norms in the order of depth, in `unit`.

    `levels` (Q,) in 0..1 ascend evenly around a median: bars within bars from the outer pair to
    the inner one, and a dot. The scale holds all steps, or with `per_step` follows the step shown;
    `limits` are its ends where several panels share it. ValueError when shapes do not fit.
    """
    drawn = gaps(values, "values", ("S", len(names), len(levels)))
    places, middle = np.arange(len(names), dtype=np.float32), len(levels) // 2
    bars = [_ends(drawn, pair) for pair in range(middle)]
    medians = np.ascontiguousarray(drawn[:, :, middle])
    ranges = each_step(drawn)
    traces = [_bars(places, bar[0], levels, pair) for pair, bar in enumerate(bars)]
    traces.append(_medians(places, medians[0], names, unit))
    whole = limits or padded(*extent(drawn))
    moving = {f"{at}.y": array for at, array in enumerate([*bars, medians])}
    if per_step:
        moving["layout.yaxis.range"] = ranges
    return Panel(
        key=key,
        title=title,
        figure=go.Figure(
            traces, _layout(names, unit, ranges[0].tolist() if per_step else list(whole), span)
        ),
        moving=moving,
        alt=f"{title}: distributions at {len(names)} norms in depth order, {len(drawn)} recorded "
        f"steps, in {unit}. {_words(drawn[-1], names, levels)}",
        span=span,
        height=height,
    )


def _layout(names: Sequence[str], unit: str, ends: list[float], span: int) -> go.Layout:
    axis: dict[str, Any] = column_ticks(names, theme.plot_width(span) + 64)
    return theme.layout(
        xaxis={
            "title": theme.axis_title("norm, in depth order"),
            "range": [-0.5, len(names) - 0.5],
            **axis,
        },
        yaxis={
            "title": theme.axis_title(escape(unit)),
            "range": ends,
            "showgrid": True,
            "nticks": 6,
        },
        showlegend=True,
        margin=theme.MARGIN | {"t": 32},
    )


def _ends(drawn: np.ndarray, pair: int) -> np.ndarray:
    """Both ends of every bar and a gap behind it: (S, 3K)."""
    ends = [drawn[:, :, pair], drawn[:, :, -1 - pair], np.full_like(drawn[:, :, 0], np.nan)]
    return np.stack(ends, axis=2).reshape(len(drawn), -1)


def _bars(places: np.ndarray, ends: np.ndarray, levels: Sequence[float], pair: int) -> go.Scatter:
    """The bars between a pair of quantiles; the inner ones are wider."""
    share = f"{100 * (levels[-1 - pair] - levels[pair]):.3g} %"
    return go.Scatter(
        x=np.repeat(places, 3),
        y=ends,
        mode="lines",
        name=share if pair else f"{share} of the numbers",
        line={"color": COLOUR, "width": WIDEST * (pair + 0.5) / (len(levels) // 2)},
        hovertemplate=f"%{{y:.4g}}: an end of {share} of the numbers<extra></extra>",
    )


def _medians(
    places: np.ndarray, medians: np.ndarray, names: Sequence[str], unit: str
) -> go.Scatter:
    return go.Scatter(
        x=places,
        y=medians,
        mode="markers",
        name="median",
        marker={"size": 7, "color": theme.CATEGORIES[1]},
        customdata=[escape(name) for name in names],
        hovertemplate=f"%{{customdata}}, median: %{{y:.4g}} ({escape(unit)})<extra></extra>",
    )


def _words(last: np.ndarray, names: Sequence[str], levels: Sequence[float]) -> str:
    """The widest and the narrowest distribution at the last step."""
    widths = last[:, -1] - last[:, 0]
    if not np.isfinite(widths).any():
        return "At the last step there is no number that can be drawn."
    low, high = int(np.nanargmin(widths)), int(np.nanargmax(widths))
    share = f"{100 * (levels[-1] - levels[0]):.3g} %"
    narrow, wide = (
        f"at {names[place]} ({share} within {last[place, 0]:.4g} and {last[place, -1]:.4g})"
        for place in (low, high)
    )
    return f"At the last step narrowest {narrow}, widest {wide}."
