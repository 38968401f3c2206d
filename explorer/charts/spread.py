"""Distributions along the depth of a model: one upright bar a place, told by its quantiles."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts import theme
from explorer.charts.arrays import each_step, extent, gaps, padded
from explorer.charts.labels import column_ticks, escape
from explorer.panels import Panel

QUANTILES = 7  # of each distribution: three pairs around the median
COLOUR = theme.with_opacity(theme.CATEGORIES[0], 0.45)
# the share of the numbers between the two ends of a bar, from the outer pair inwards; its width
BARS = (("98 % of the numbers", 3), ("90 %", 9), ("50 %", 17))


def spread_panel(
    values: np.ndarray,
    names: Sequence[str],
    *,
    key: str,
    title: str,
    unit: str,
    along: str = "norm",
    limits: tuple[float, float] | None = None,
    per_step: bool = False,
    span: int = 6,
    height: int = 320,
) -> Panel:
    """Quantiles (S, K, 7) of the numbers at each of K places `along` the depth, in `unit`.

    Bars within bars from the outer pair of quantiles to the inner one, and a dot for the median.
    The scale holds all steps, or with `per_step` follows the step shown; `limits` are its ends
    where several panels share it. ValueError when shapes do not fit.
    """
    drawn = gaps(values, "values", ("S", len(names), QUANTILES))
    places = np.arange(len(names), dtype=np.float32)
    ranges = each_step(drawn)
    bars = [_bar(drawn, pair) for pair in range(len(BARS))]
    figure = go.Figure(
        [
            *(_bars(places, bar[0], *BARS[pair]) for pair, bar in enumerate(bars)),
            _medians(places, drawn[0, :, QUANTILES // 2], names, unit),
        ],
        theme.layout(
            xaxis={
                "title": theme.axis_title(f"{along}, in depth order"),
                "range": [-0.5, len(names) - 0.5],
                **column_ticks(names, theme.plot_width(span) + 64),
            },
            yaxis={
                "title": theme.axis_title(escape(unit)),
                "range": ranges[0].tolist() if per_step else list(limits or padded(*extent(drawn))),
                "showgrid": True,
                "nticks": 6,
            },
            showlegend=True,
            margin=theme.MARGIN | {"t": 32},
        ),
    )
    moving = {
        **{f"{pair}.y": bar for pair, bar in enumerate(bars)},
        f"{len(BARS)}.y": np.ascontiguousarray(drawn[:, :, QUANTILES // 2]),
    }
    if per_step:
        moving["layout.yaxis.range"] = ranges
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=f"{title}: distributions at {len(names)} places in depth order, {len(drawn)} recorded "
        f"steps, in {unit}. {_words(drawn[-1], names)}",
        span=span,
        height=height,
    )


def _bar(drawn: np.ndarray, pair: int) -> np.ndarray:
    """Both ends of every bar and a gap behind it: (S, 3K)."""
    ends = [drawn[:, :, pair], drawn[:, :, -1 - pair], np.full_like(drawn[:, :, 0], np.nan)]
    return np.stack(ends, axis=2).reshape(len(drawn), -1)


def _bars(places: np.ndarray, ends: np.ndarray, name: str, width: int) -> go.Scatter:
    return go.Scatter(
        x=np.repeat(places, 3),
        y=ends,
        mode="lines",
        name=name,
        line={"color": COLOUR, "width": width},
        hovertemplate=f"%{{y:.4g}}: an end of {name}<extra></extra>",
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


def _words(last: np.ndarray, names: Sequence[str]) -> str:
    """The widest and the narrowest distribution at the last step."""
    widths = last[:, -1] - last[:, 0]
    if not np.isfinite(widths).any():
        return "At the last step there is no number that can be drawn."
    low, high = int(np.nanargmin(widths)), int(np.nanargmax(widths))
    narrow, wide = (
        f"at {names[place]} (98 % within {last[place, 0]:.4g} and {last[place, -1]:.4g})"
        for place in (low, high)
    )
    return f"At the last step narrowest {narrow}, widest {wide}."
