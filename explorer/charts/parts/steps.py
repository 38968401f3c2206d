"""The axis of recorded steps, spaced like the clock's track, and its cursor."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts.theme import CURSOR, axis_title
from explorer.panels import Panel

TICKS, NARROW = 7, 4  # labelled steps; on a third of the page


def check_steps(steps: Sequence[int] | np.ndarray) -> np.ndarray:
    """(S,) int64; ValueError unless there is at least one and they ascend."""
    array = np.asarray(steps, np.int64)
    if array.ndim != 1 or array.size == 0 or (np.diff(array) <= 0).any():
        raise ValueError(f"recorded steps must ascend and be at least one, got {array.tolist()}")
    return array


def step_axis(steps: np.ndarray, of: str = "", most: int = TICKS) -> dict[str, Any]:
    """Recorded steps equally far apart: x is their index, tick labels are steps.

    `of` names what the steps belong to, if not to the run; `most` of them have labels.
    """
    last = len(steps) - 1
    ticks = np.unique(np.linspace(0, last, min(most, last + 1)).round().astype(int))
    return {
        "title": axis_title(f"step {of or '(each recorded one equally wide)'}"),
        "range": [-0.5, 0.5] if last == 0 else [0, last],
        "tickmode": "array",
        "tickvals": ticks.tolist(),
        "ticktext": [f"{steps[tick]:,}" for tick in ticks],
    }


def with_epochs(panel: Panel, epochs: np.ndarray) -> Panel:
    """The same panel, its steps labelled with their epochs (S,) instead."""
    axis = panel.figure.layout.xaxis
    axis.title = axis_title("epoch (each recorded step equally wide)")
    axis.ticktext = [f"{epochs[int(tick)]:.3g}" for tick in axis.tickvals]
    return panel


def cursor(low: float, high: float) -> go.Scatter:
    """A vertical line at the current step, over the whole of the y range."""
    return go.Scatter(
        x=[0, 0],
        y=[low, high],
        mode="lines",
        line={"color": CURSOR, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )


def cursor_x(count: int) -> np.ndarray:
    """(S, 2) float32: the x of the cursor at each step."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], 2, axis=1)
