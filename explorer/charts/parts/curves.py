"""Numbers of the whole training over recorded steps, with a cursor at the step shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.steps import check_steps, cursor, cursor_places, step_axis
from explorer.panels import Panel

TOLD = 2  # with more series the current values would cover each other


class Threshold(NamedTuple):
    """Where a dashed line lies, and what is written at which side of it; "": its number."""

    value: float
    words: str = ""
    side: Literal["start", "end"] = "start"


def curves_panel(
    steps: Sequence[int] | np.ndarray,
    series: Mapping[str, np.ndarray],
    *,
    key: str,
    title: str,
    unit: str,
    log: bool = False,
    limits: tuple[float, float] | None = None,
    threshold: Threshold | None = None,
    steps_of: str = "",
    span: int = 6,
    height: int = 260,
) -> Panel:
    """One line a series (S,) over recorded steps (S,), in `unit`; NaN is a gap.

    A cursor and a dot on each line, with its value, run along with the step. `log`: numbers that
    are not positive are gaps. `limits`: the ends of the axis, of a logarithmic one as powers of
    ten; else it holds all numbers. `steps_of`: whose steps they are, if not the run's recorded
    ones. ValueError when shapes do not fit.
    """
    steps = check_steps(steps)
    drawn = {name: gaps(values, name, (len(steps),)) for name, values in series.items()}
    everything = np.stack(list(drawn.values()), axis=1)  # (S, series)
    if log:
        everything = np.where(everything > 0, everything, np.float32(np.nan))
    whole = padded(*extent(np.log10(everything) if log else everything), share=0.12)
    low, high = limits or whole
    colours = [theme.CATEGORIES[i % len(theme.CATEGORIES)] for i in range(len(drawn))]
    lines = [_line(steps, everything[:, i], name, unit, colours[i]) for i, name in enumerate(drawn)]
    ends = (10**low, 10**high) if log else (low, high)
    across = step_axis(steps) | (
        {"title": theme.axis_title(f"step {steps_of}")} if steps_of else {}
    )
    figure = go.Figure(
        [*lines, cursor(*ends), _now(everything, colours)],
        _layout(across, (low, high), unit, log, legend=len(drawn) > 1),
    )
    if threshold:
        figure.add_shape(_threshold_line(threshold))
    at, whose = len(drawn), f"steps {steps_of}" if steps_of else "recorded steps"
    places = np.arange(len(steps), dtype=np.float32)[:, None].repeat(at, axis=1)
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={
            f"{at}.x": cursor_places(len(steps)),
            f"{at + 1}.x": places,
            f"{at + 1}.y": everything,
        },
        alt=f"{title}: lines over {len(steps)} {whose}, from step {steps[0]:,} to "
        f"{steps[-1]:,}, in {unit}.{_words(steps, drawn, everything)}"
        + (f" The threshold is {threshold.value:g}." if threshold else ""),
        span=span,
        height=height,
    )


def _layout(
    across: dict[str, Any], ends: tuple[float, float], unit: str, log: bool, legend: bool
) -> go.Layout:
    return theme.layout(
        xaxis=across,
        yaxis={
            "title": theme.axis_title(escape(unit)),
            "type": "log" if log else "linear",
            "range": list(ends),
            "showgrid": True,
            **(theme.log_axis(*ends) if log else {"nticks": 6}),
        },
        showlegend=legend,
        margin=theme.MARGIN | {"t": 32 if legend else 8, "r": 48},
    )


def _line(steps: np.ndarray, values: np.ndarray, name: str, unit: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=np.arange(len(steps), dtype=np.float32),
        y=values,
        mode="lines" if len(steps) > 1 else "lines+markers",
        name=escape(name),
        line={"color": colour, "width": 2.5},
        customdata=steps,
        hovertemplate=f"{escape(name)} at step %{{customdata:,d}}: %{{y:.4g}} ({escape(unit)})"
        "<extra></extra>",
    )


def _threshold_line(threshold: Threshold) -> go.layout.Shape:
    return go.layout.Shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=threshold.value,
        y1=threshold.value,
        line={"color": theme.CURSOR, "width": 1.5, "dash": "dash"},
        label={
            "text": escape(threshold.words) or f"threshold {threshold.value:g}",
            "textposition": threshold.side,
            "yanchor": "bottom",
            "font": {"size": 12},
        },
    )


def _now(everything: np.ndarray, colours: Sequence[str]) -> go.Scatter:
    """A dot a series at the step shown; the number beside it is Plotly's, from the moving y.

    Of two series (S, 2) the one that is mostly higher has its number above, the other below.
    """
    values = everything[0]
    sides = ["top right"] * len(values)
    if len(sides) == 2:
        difference = np.sign(np.nan_to_num(everything[:, 1] - everything[:, 0]))
        sides[0 if difference.sum() > 0 else 1] = "bottom right"
    return go.Scatter(
        x=np.zeros(len(values), np.float32),
        y=values,
        mode="markers+text" if len(values) <= TOLD else "markers",
        marker={"color": list(colours), "size": 10},
        texttemplate="%{y:.3g}",
        textposition=sides,
        textfont={"size": 14},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _words(steps: np.ndarray, drawn: Mapping[str, np.ndarray], everything: np.ndarray) -> str:
    words = []
    for name, values in zip(drawn, everything.T, strict=True):
        places = np.flatnonzero(np.isfinite(values))
        if places.size == 0:
            words.append(f" {name} has no number that can be drawn.")
            continue
        first, last = places[0], places[-1]
        least = int(np.nanargmin(values))
        words.append(
            f" {name} goes from {values[first]:.4g} at step {steps[first]:,} to "
            f"{values[last]:.4g} at step {steps[last]:,}, lowest {values[least]:.4g} "
            f"at step {steps[least]:,}."
        )
    return "".join(words)
