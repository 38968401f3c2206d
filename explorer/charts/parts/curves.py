"""Curves over recorded steps, with a cursor at the step shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.ends import end_labels, room
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.steps import NARROW, TICKS, check_steps, cursor, cursor_x, step_axis
from explorer.panels import Frame, Panel

LOW = 0.8  # of its height a panel has in a low window: player/web/bar.js
LABELLED = 2  # series; of more, the current values would cover each other


class Threshold(NamedTuple):
    """The value of a dashed line, and its label ("": its number) at one end, over or under it."""

    value: float
    words: str = ""
    side: Literal["start", "end"] = "start"
    over: bool = True


def curves_panel(
    steps: Sequence[int] | np.ndarray,
    series: Mapping[str, np.ndarray],
    frame: Frame,
    scale: Scale,
    *,
    steps_of: str = "",
) -> Panel:
    """One line per series (S,) over recorded steps (S,); NaN is a gap.

    Of several, each has its name at its end. A cursor and a dot on each line, with its value, move
    with the step. `steps_of` names what the steps belong to, if not to the run. ValueError when
    shapes do not fit.
    """
    frame = frame.at_height(260)
    steps = check_steps(steps)
    drawn = {name: gaps(values, name, (len(steps),)) for name, values in series.items()}
    everything = np.stack(list(drawn.values()), axis=1)  # (S, series)
    if scale.log:
        everything = np.where(everything > 0, everything, np.float32(np.nan))
    scaled = np.log10(everything) if scale.log else everything
    low, high = scale.limits or padded(*extent(scaled), share=0.12)
    colours = [theme.CATEGORIES[i % len(theme.CATEGORIES)] for i in range(len(drawn))]
    lines = [
        _line(steps, everything[:, i], name, scale.unit, colours[i]) for i, name in enumerate(drawn)
    ]
    ends = (10**low, 10**high) if scale.log else (low, high)
    ticks = NARROW if frame.span <= 4 else TICKS
    figure = go.Figure(
        [*lines, cursor(*ends), _now(everything, colours)],
        _layout(step_axis(steps, steps_of, ticks), (low, high), scale),
    )
    if len(drawn) > 1:
        height = theme.plot_height(round(LOW * frame.height))
        ends_at = _last(scaled)
        labels = end_labels(list(drawn), ends_at, colours, limits=(low, high), height=height)
        figure.update_layout(annotations=labels, margin={"r": room(list(drawn))})
    whose = f"steps {steps_of}" if steps_of else "recorded steps"
    return Panel(
        frame,
        figure,
        moving=_moving(everything),
        alt=f"{frame.title}: lines over {len(steps)} {whose}, from step {steps[0]:,} to "
        f"{steps[-1]:,}, in {scale.unit}.{_words(steps, drawn, everything)}",
    )


def _moving(everything: np.ndarray) -> dict[str, np.ndarray]:
    """The cursor and the dots on the lines (S, series), which are the traces before them."""
    steps, at = everything.shape
    return {
        f"{at}.x": cursor_x(steps),
        f"{at + 1}.x": np.arange(steps, dtype=np.float32)[:, None].repeat(at, axis=1),
        f"{at + 1}.y": everything,
    }


def with_threshold(panel: Panel, threshold: Threshold) -> Panel:
    """The same panel with a dashed line at the threshold."""
    label = {
        "text": escape(threshold.words) or f"threshold {threshold.value:g}",
        "textposition": threshold.side,
        "yanchor": "bottom" if threshold.over else "top",
        "font": {"size": 12},
    }
    line = {"color": theme.CURSOR, "width": 1.5, "dash": "dash"}
    panel.figure.add_shape(theme.level_line(threshold.value, line=line, label=label))
    return replace(panel, alt=f"{panel.alt} The threshold is {threshold.value:g}.")


def _layout(across: dict[str, Any], ends: tuple[float, float], scale: Scale) -> go.Layout:
    ticks = theme.log_axis(*ends) if scale.log else None
    return theme.layout(
        xaxis=across,
        yaxis=theme.value_axis(escape(scale.unit), ends, ticks),
        margin=theme.MARGIN | {"t": 12, "r": 48},
    )


def _last(everything: np.ndarray) -> np.ndarray:
    """The last number of each series of (S, series); NaN of one without any."""
    known = np.isfinite(everything)
    last = len(known) - 1 - known[::-1].argmax(axis=0)
    return everything[last, np.arange(everything.shape[1])]


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


def _now(everything: np.ndarray, colours: Sequence[str]) -> go.Scatter:
    """A dot per series at the step shown; Plotly writes the number beside it, from the moving y.

    Of two series (S, 2) the one that ends higher has its number above, the other below.
    """
    values = everything[0]
    sides = ["top center"] * len(values)
    if len(sides) == 2:
        first, second = _last(everything)
        sides[0 if second > first else 1] = "bottom center"
    return go.Scatter(
        x=np.zeros(len(values), np.float32),
        y=values,
        mode="markers+text" if len(values) <= LABELLED else "markers",
        marker={"color": list(colours), "size": 10},
        texttemplate=f"%{{y:{_digits(everything)}}}",
        textposition=sides,
        textfont={"size": 14},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _digits(everything: np.ndarray) -> str:
    """d3's format of three digits: written out where numbers are not too large or small for it."""
    sizes = np.abs(everything[np.isfinite(everything) & (everything != 0)])
    is_plain = sizes.size == 0 or (sizes.max() < 1e6 and sizes.min() >= 1e-4)
    return ",.3r" if is_plain else ".3g"


def _words(steps: np.ndarray, drawn: Mapping[str, np.ndarray], everything: np.ndarray) -> str:
    words = []
    for name, values in zip(drawn, everything.T, strict=True):
        known = np.flatnonzero(np.isfinite(values))
        if known.size == 0:
            words.append(f" {name} has no value that can be drawn.")
            continue
        first, last, least = known[0], known[-1], int(np.nanargmin(values))
        words.append(
            f" {name} goes from {values[first]:.4g} at step {steps[first]:,} to "
            f"{values[last]:.4g} at step {steps[last]:,}, lowest {values[least]:.4g} "
            f"at step {steps[least]:,}."
        )
    return "".join(words)
