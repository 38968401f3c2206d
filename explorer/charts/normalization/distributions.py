"""How a distribution moves while a model learns: bands of quantiles over recorded steps."""

from collections.abc import Iterator, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import bent, bent_axis
from explorer.charts.parts.steps import check_steps, cursor, cursor_places, step_axis
from explorer.panels import Panel

INNERMOST, OUTERMOST = 0.42, 0.22  # opacity of a band by itself; they lie on each other


def bands_over_steps_panel(
    steps: Sequence[int] | np.ndarray,
    quantiles: np.ndarray,
    levels: Sequence[float],
    *,
    key: str,
    title: str,
    unit: str,
    colour: str = theme.CATEGORIES[0],
    limits: tuple[float, float] | None = None,
    bend: float | None = None,
    span: int = 6,
    height: int = 300,
) -> Panel:
    """Quantiles (S, K) over recorded steps (S,) as nested bands around a median line, in `unit`.

    `levels` (K,) in 0..1 ascend and lie evenly around the median: the first and the last are the
    outermost band, and so on. A cursor and a dot on the median run along with the step; a step
    without a number is a gap. `limits` are the ends of the axis, so that panels can be compared;
    else it holds all numbers. `bend`: see `scales.bent`. ValueError when shapes do not fit.
    """
    steps = check_steps(steps)
    _check_levels(levels)
    told = gaps(quantiles, "quantiles", (len(steps), len(levels)))
    drawn = bent(told, bend).astype(np.float32)
    layout = _layout(steps, limits or padded(*extent(told)), bend, unit)
    middle = len(levels) // 2
    figure = go.Figure(
        [
            *(_band(drawn, at, levels, colour) for at in range(middle)),
            _median(steps, drawn[:, middle], told, levels, colour, unit),
            cursor(*layout.yaxis.range),
            _dot(drawn[0, middle], colour),
        ],
        layout,
    )
    places = cursor_places(len(steps))
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={
            f"{middle + 1}.x": places,
            f"{middle + 2}.x": places[:, :1],
            f"{middle + 2}.y": np.ascontiguousarray(drawn[:, middle : middle + 1]),
        },
        alt=_bands_alt(title, steps, told, levels, unit),
        span=span,
        height=height,
    )


def _layout(
    steps: np.ndarray, limits: tuple[float, float], bend: float | None, unit: str
) -> go.Layout:
    return theme.layout(
        xaxis=step_axis(steps),
        yaxis={
            "title": theme.axis_title(escape(unit)),
            "range": bent(np.array(limits), bend).tolist(),
            "showgrid": True,
            **bent_axis(*limits, bend),
        },
        hoverdistance=-1,  # the nearest step, wherever in the plot
        showlegend=True,
        margin=theme.MARGIN | {"t": 32},
    )


def _check_levels(levels: Sequence[float]) -> None:
    around = np.asarray(levels)
    even = len(around) % 2 and np.allclose(around + around[::-1], 1) and (np.diff(around) > 0).all()
    if not even:
        raise ValueError(f"levels must ascend evenly around a median of 0.5, got {list(levels)}")


def _band(drawn: np.ndarray, at: int, levels: Sequence[float], colour: str) -> go.Scatter:
    """What lies between the quantile `at` and its counterpart: a polygon a stretch of numbers."""
    x: list[np.ndarray] = []
    y: list[np.ndarray] = []
    gap = np.array([np.nan], np.float32)
    for places in _stretches(drawn):
        lower, upper = drawn[places, at], drawn[places, len(levels) - 1 - at]
        x += [places, places[::-1], places[:1], gap]
        y += [lower, upper[::-1], lower[:1], gap]
    last = len(levels) // 2 - 1
    opacity = OUTERMOST + (INNERMOST - OUTERMOST) * at / max(last, 1)
    return go.Scatter(
        x=np.concatenate([gap, *x]).astype(np.float32),
        y=np.concatenate([gap, *y]).astype(np.float32),
        mode="lines",
        fill="toself",
        fillcolor=theme.with_opacity(colour, opacity),
        line={"color": theme.with_opacity(colour, opacity), "width": 1},
        name=f"{100 * levels[at]:g}–{100 * levels[-1 - at]:g} %",
        hoverinfo="skip",
    )


def _median(
    steps: np.ndarray,
    median: np.ndarray,
    told: np.ndarray,
    levels: Sequence[float],
    colour: str,
    unit: str,
) -> go.Scatter:
    """The line that also tells all quantiles of a step."""
    rows = [f"{100 * level:g} %: %{{customdata[{at + 1}]:.4g}}" for at, level in enumerate(levels)]
    words = "<br>".join(reversed(rows))
    return go.Scatter(
        x=np.arange(len(steps), dtype=np.float32),
        y=median,
        mode="lines" if len(steps) > 1 else "lines+markers",
        name="median",
        line={"color": colour, "width": 2.5},
        customdata=np.column_stack([steps, told]),
        hovertemplate=f"step %{{customdata[0]:,d}} ({escape(unit)})<br>{words}<extra></extra>",
    )


def _dot(median: np.float32, colour: str) -> go.Scatter:
    return go.Scatter(
        x=np.zeros(1, np.float32),
        y=np.array([median], np.float32),
        mode="markers",
        marker={"color": colour, "size": 10},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _stretches(drawn: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of steps that follow each other and have numbers, one stretch after the other."""
    places = np.flatnonzero(np.isfinite(drawn).all(1))
    yield from (
        one for one in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(one)
    )


def _bands_alt(
    title: str, steps: np.ndarray, told: np.ndarray, levels: Sequence[float], unit: str
) -> str:
    words = f"{title}: bands of quantiles over {len(steps)} recorded steps, in {unit}."
    known = np.flatnonzero(np.isfinite(told).all(1))
    if not len(known):
        return f"{words} No step has numbers that can be drawn."
    share = 100 * (levels[-1] - levels[0])
    for at in dict.fromkeys((known[0], known[-1])):
        low, median, high = told[at, [0, len(levels) // 2, -1]]
        words += (
            f" At step {steps[at]:,} the median is {median:.4g}, and {share:g} % lie from "
            f"{low:.4g} to {high:.4g}."
        )
    missing = len(steps) - len(known)
    return words + (
        f" {missing} of the steps have no numbers that can be drawn." if missing else ""
    )
