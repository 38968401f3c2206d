"""The loss over training beside what guessing costs, and the size of the gradient."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, padded
from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel

ABOVE = 0.25  # of the axis, for crosses above the last number, and for that number's own label
BROKEN = "not finite: infinite, or not a number"


def loss_panel(
    steps: Sequence[int] | np.ndarray,
    training: np.ndarray,
    validation: np.ndarray,
    vocab_size: int,
    frame: Frame,
) -> Panel:
    """Both losses (S,) in nats per token, and ln V: the loss of guessing evenly.

    A validation loss that was not measured is left out, a training loss is marked: it is not
    finite.
    """
    guessing = math.log(vocab_size)
    series = {"training": training, "validation": validation}
    if not np.isfinite(validation).any():
        del series["validation"]
    low, high = extent(np.append(np.concatenate(list(series.values())), guessing))
    scale = Scale("nats per token", limits=padded(low, high, share=0.12))
    panel = curves_panel(steps, series, frame, scale)
    words = f"guessing: ln {vocab_size:,} = {guessing:.2f}"
    late = training[len(training) // 2 :]
    above = np.isfinite(late) & (late > guessing)
    over = 2 * above.sum() <= len(late)  # on the side where the line of the loss is not
    return marked(with_threshold(panel, Threshold(guessing, words, "end", over)), training)


def gradient_panel(steps: Sequence[int] | np.ndarray, norms: np.ndarray, frame: Frame) -> Panel:
    """The gradient's Euclidean norm (S,), on a logarithmic scale; marked where it is not finite."""
    return marked(
        curves_panel(steps, {"gradient": norms}, frame, Scale("L2 norm", log=True)), norms
    )


def marked(panel: Panel, values: np.ndarray) -> Panel:
    """The same panel with a cross above it for each of (S,) values that is not finite."""
    broken = np.flatnonzero(~np.isfinite(values))
    if not len(broken) or len(broken) == len(values):
        return panel
    axis = panel.figure.layout.yaxis
    low, high = axis.range
    room = ABOVE * (high - low)
    axis.range = low - room / 4, high + room  # what stands below the lowest line has its room again
    top = high + 0.9 * room  # Plotly draws nothing that rounding puts beyond the end
    top = 10**top if axis.type == "log" else top
    crosses = go.Scatter(
        x=broken.astype(np.float32),
        y=np.full(len(broken), top),
        mode="markers+text",
        marker={"symbol": "x", "size": 11, "color": theme.CATEGORIES[1]},
        text=["\u221e or NaN"] + [""] * (len(broken) - 1),
        textposition="middle left",
        textfont={"size": 13, "color": theme.CATEGORIES[1]},
        cliponaxis=False,
        hovertemplate=f"{BROKEN}<extra></extra>",
        showlegend=False,
    )
    panel.figure.add_trace(crosses)
    count = len(broken)
    return replace(panel, alt=f"{panel.alt} At {count} of the steps it is {BROKEN}.")
