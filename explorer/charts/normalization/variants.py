"""Several variants of one run in one picture: a norm has one colour everywhere, post is dashed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.parts import theme
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from model_core.norms import KINDS, NORMS

# In the order of NORMS; grey where there is no norm.
COLOURS: dict[str, str] = {
    kind: theme.CATEGORIES[at] if NORMS[kind].exists else theme.CATEGORIES[-1]
    for at, kind in enumerate(KINDS)
}
EVALUATION = ", evaluation mode"  # after a variant's name where both of its modes are drawn


def as_variants(panel: Panel) -> Panel:
    """The panel with each line in the style of the variant it is named after.

    Lines continue over what one of the runs lacks: a step not recorded or measured, or a site.
    """
    figure = go.Figure(panel.figure)
    names = [trace.name for trace in figure.data if trace.name]
    for trace in figure.data:
        if trace.name:
            style = {"color": _colour(trace.name), "dash": _dash(trace.name)}
            trace.update(line=style, marker={"color": style["color"]}, connectgaps=True)
        elif len(trace.x) == len(names) and trace.mode.startswith("markers"):
            trace.update(marker={"color": [_colour(name) for name in names]})
    for name, label in zip(names, figure.layout.annotations, strict=False):
        label.font.color = _colour(name)
    return replace(panel, figure=figure)


def mark_ends(panel: Panel, lost: Mapping[str, int]) -> Panel:
    """The curves with "NaN at step ..." at the last number of each variant that `lost` names."""
    figure = go.Figure(panel.figure)
    axis = figure.layout.yaxis
    top = 10 ** axis.range[1] if axis.type == "log" else axis.range[1]
    for trace in panel.figure.data:
        if trace.name in lost and np.isfinite(trace.y).any():
            known = np.flatnonzero(np.isfinite(trace.y))
            figure.add_scatter(
                x=[trace.x[known[-1]]],
                y=[min(trace.y[known[-1]], top)],
                mode="text+markers",
                marker={"symbol": "x", "size": 12, "color": theme.CHOSEN},
                text=[f"  NaN at step {lost[trace.name]:,}"],
                textposition="middle right",
                textfont={"size": 14, "color": theme.CHOSEN},
                cliponaxis=False,
                hoverinfo="skip",
                showlegend=False,
            )
    words = "".join(f" {name} has no number from step {step:,} on." for name, step in lost.items())
    return replace(panel, figure=figure, alt=panel.alt + words)


def lengths_panel(
    losses: Mapping[str, np.ndarray], lengths: Sequence[int], frame: Frame, *, log: bool = False
) -> Panel:
    """Losses (K,) in nats per token of windows of K lengths, one line per variant and mode."""
    panel = depth_panel(
        {name: values[None] for name, values in losses.items()},
        Sites([str(length) for length in lengths], "tokens in a window", in_depth=False),
        frame,
        Scale("nats per token", log=log),
    )
    return as_variants(replace(panel, moving={}))


def _colour(name: str) -> str:
    return COLOURS[name.partition("-")[0].partition(",")[0]]


def _dash(name: str) -> str:
    if name.endswith(EVALUATION):
        return "dot"
    return "dash" if name.endswith("-post") else "solid"
