"""How a distribution moves while a model learns: bands of quantiles over recorded steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import Scale, bent, bent_axis
from explorer.charts.parts.steps import check_steps, cursor, cursor_x, step_axis
from explorer.panels import Frame, Panel

INNERMOST, OUTERMOST = 0.42, 0.22  # opacity of one band; the bands overlap


@dataclass(frozen=True)
class Quantiles:
    """Quantiles (..., Q) of distributions at `levels` (Q,) in 0..1.

    Levels ascend and lie evenly around the median: the first and the last are the outermost pair,
    and so on.
    """

    values: np.ndarray
    levels: Sequence[float]

    def __post_init__(self) -> None:
        at = np.asarray(self.levels)
        even = len(at) % 2 and np.allclose(at + at[::-1], 1) and (np.diff(at) > 0).all()
        if not even:
            raise ValueError(
                f"levels must ascend evenly around a median of 0.5, got {list(self.levels)}"
            )


def bands_over_steps_panel(
    steps: Sequence[int] | np.ndarray,
    quantiles: Quantiles,
    frame: Frame,
    scale: Scale,
    *,
    colour: str = theme.CATEGORIES[0],
) -> Panel:
    """Quantiles (S, Q) over recorded steps (S,) as nested bands around a median line.

    A cursor and a dot on the median move with the step; a step that is not finite is a gap. The
    scale is linear or bent. ValueError when shapes do not fit.
    """
    steps, levels = check_steps(steps), quantiles.levels
    exact = gaps(quantiles.values, "quantiles", (len(steps), len(levels)))
    drawn = bent(exact, scale.bend).astype(np.float32)
    low, high = scale.limits or padded(*extent(exact))
    ends = bent(np.array([low, high]), scale.bend).tolist()
    middle = len(levels) // 2
    figure = go.Figure(
        [
            *(_band(drawn, at, levels, colour) for at in range(middle)),
            _median(steps, drawn[:, middle], Quantiles(exact, levels), scale.unit, colour),
            cursor(*ends),
            _dot(drawn[0, middle], colour),
        ],
        _layout(steps, (low, high), scale),
    )
    at = cursor_x(len(steps))
    return Panel(
        frame.at_height(300),
        figure,
        moving={
            f"{middle + 1}.x": at,
            f"{middle + 2}.x": at[:, :1],
            f"{middle + 2}.y": np.ascontiguousarray(drawn[:, middle : middle + 1]),
        },
        alt=f"{frame.title}: bands of quantiles over {len(steps)} recorded steps, in "
        f"{scale.unit}.{_words(steps, exact, levels)}",
    )


def _layout(steps: np.ndarray, limits: tuple[float, float], scale: Scale) -> go.Layout:
    ends = bent(np.array(limits), scale.bend).tolist()
    return theme.layout(
        xaxis=step_axis(steps),
        yaxis=theme.value_axis(escape(scale.unit), ends, bent_axis(*limits, scale.bend)),
        hoverdistance=-1,  # the nearest step, wherever in the plot
        legend=True,
    )


def _band(drawn: np.ndarray, at: int, levels: Sequence[float], colour: str) -> go.Scatter:
    """Between the quantile `at` and its counterpart: one polygon a stretch of finite steps."""
    x: list[np.ndarray] = []
    y: list[np.ndarray] = []
    gap = np.array([np.nan], np.float32)
    for at_steps in _stretches(drawn):
        lower, upper = drawn[at_steps, at], drawn[at_steps, len(levels) - 1 - at]
        x += [at_steps, at_steps[::-1], at_steps[:1], gap]
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
        name=f"{100 * levels[at]:g}–{100 * levels[-1 - at]:g}%",
        hoverinfo="skip",
    )


def _median(
    steps: np.ndarray, median: np.ndarray, exact: Quantiles, unit: str, colour: str
) -> go.Scatter:
    """The median's line; its hover lists all quantiles of a step."""
    rows = [
        f"{100 * level:g}%: %{{customdata[{at + 1}]:.4g}}" for at, level in enumerate(exact.levels)
    ]
    words = "<br>".join(reversed(rows))
    return go.Scatter(
        x=np.arange(len(steps), dtype=np.float32),
        y=median,
        mode="lines" if len(steps) > 1 else "lines+markers",
        name="median",
        line={"color": colour, "width": 2.5},
        customdata=np.column_stack([steps, exact.values]),
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
    """Indices of consecutive finite steps, one stretch after the other."""
    known = np.flatnonzero(np.isfinite(drawn).all(1))
    yield from (one for one in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1) if len(one))


def _words(steps: np.ndarray, exact: np.ndarray, levels: Sequence[float]) -> str:
    known = np.flatnonzero(np.isfinite(exact).all(1))
    if not len(known):
        return " No step has numbers that can be drawn."
    words, share = "", 100 * (levels[-1] - levels[0])
    for at in dict.fromkeys((known[0], known[-1])):
        low, median, high = exact[at, [0, len(levels) // 2, -1]]
        words += (
            f" At step {steps[at]:,} the median is {median:.4g}, and {share:g}% lie from "
            f"{low:.4g} to {high:.4g}."
        )
    lost = len(steps) - len(known)
    return words + (f" {lost} of the steps have no numbers that can be drawn." if lost else "")
