"""Distributions along the depth of a model: one upright bar a site, from its quantiles."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.normalization.depth import Sites
from explorer.charts.normalization.distributions import Quantiles
from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import each_step, extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel

COLOUR = theme.with_opacity(theme.CATEGORIES[0], 0.45)
WIDEST = 18  # pixels of the innermost bar


def spread_panel(quantiles: Quantiles, sites: Sites, frame: Frame, scale: Scale) -> Panel:
    """Quantiles (S, K, Q) of the values at each of K sites, on a linear scale.

    Bars within bars from the outermost pair of quantiles to the innermost, and a dot at the median.
    ValueError when shapes do not fit.
    """
    levels = quantiles.levels
    drawn = gaps(quantiles.values, "values", ("S", len(sites.names), len(levels)))
    x, middle = np.arange(len(sites.names), dtype=np.float32), len(levels) // 2
    bars = [_ends(drawn, pair) for pair in range(middle)]
    medians = np.ascontiguousarray(drawn[:, :, middle])
    traces = [_bars(x, bar[0], levels, pair) for pair, bar in enumerate(bars)]
    traces.append(_medians(x, medians[0], sites.names, scale.unit))
    moving = {f"{at}.y": array for at, array in enumerate([*bars, medians])}
    ends = scale.limits or padded(*extent(drawn))
    if scale.per_step:
        moving["layout.yaxis.range"] = ranges = each_step(drawn)
        ends = tuple(ranges[0].tolist())
    layout = theme.layout(
        xaxis=sites.axis(theme.plot_width(frame.span) + 64),
        yaxis=theme.value_axis(escape(scale.unit), ends),
        legend=True,
    )
    return Panel(
        frame.at_height(320),
        go.Figure(traces, layout),
        moving=moving,
        alt=f"{frame.title}: distributions at {len(sites.names)} norms in depth order, "
        f"{len(drawn)} recorded steps, in {scale.unit}. "
        f"At the last step {_words(drawn[-1], sites.names, levels)}",
    )


def _ends(drawn: np.ndarray, pair: int) -> np.ndarray:
    """Both ends of every bar and a gap after it: (S, 3K)."""
    ends = [drawn[:, :, pair], drawn[:, :, -1 - pair], np.full_like(drawn[:, :, 0], np.nan)]
    return np.stack(ends, axis=2).reshape(len(drawn), -1)


def _bars(x: np.ndarray, ends: np.ndarray, levels: Sequence[float], pair: int) -> go.Scatter:
    """The bars between a pair of quantiles; the inner ones are wider."""
    share = f"{100 * (levels[-1 - pair] - levels[pair]):.3g}%"
    return go.Scatter(
        x=np.repeat(x, 3),
        y=ends,
        mode="lines",
        name=share if pair else f"{share} of the numbers",
        line={"color": COLOUR, "width": WIDEST * (pair + 0.5) / (len(levels) // 2)},
        hovertemplate=f"%{{y:.4g}}: an end of {share} of the numbers<extra></extra>",
    )


def _medians(x: np.ndarray, medians: np.ndarray, names: Sequence[str], unit: str) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=medians,
        mode="markers",
        name="median",
        marker={"size": 7, "color": theme.CATEGORIES[1]},
        customdata=[escape(name) for name in names],
        hovertemplate=f"%{{customdata}}, median: %{{y:.4g}} ({escape(unit)})<extra></extra>",
    )


def _words(last: np.ndarray, names: Sequence[str], levels: Sequence[float]) -> str:
    """The widest and the narrowest distribution at the last step."""
    share = f"{100 * (levels[-1] - levels[0]):.3g}%"
    words = between(
        last[:, -1] - last[:, 0],
        "narrowest at {low}, widest at {high}.",
        lambda at: f"{names[at]} ({share} within {last[at, 0]:.4g} and {last[at, -1]:.4g})",
    )
    return words or "no value can be drawn."
