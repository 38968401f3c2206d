"""The distribution of numbers at the step shown: the outline of a histogram."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import Scale, bent, bent_axis
from explorer.panels import Frame, Panel


def histogram_panel(
    shares: Mapping[str, np.ndarray], edges: np.ndarray, frame: Frame, scale: Scale
) -> Panel:
    """The share of numbers in each bin (S, B), in 0..1, of one or several distributions.

    `edges` (B + 1,) of the bins ascend, on a linear or bent scale. The outlines move with the step,
    on one axis for all of them; a step without numbers is a gap. ValueError when shapes do not fit.
    """
    bins = len(edges) - 1
    drawn = {name: gaps(values, name, ("S", bins)) for name, values in shares.items()}
    stairs = {name: _stairs(values) for name, values in drawn.items()}
    x = np.repeat(bent(np.asarray(edges, np.float64), scale.bend), 2)
    figure = go.Figure(
        [
            _outline(x, values[0], name, edges, theme.CATEGORIES[at])
            for at, (name, values) in enumerate(stairs.items())
        ],
        _layout(edges, drawn, scale),
    )
    return Panel(
        frame.at_height(300),
        figure,
        moving={f"{at}.y": values for at, values in enumerate(stairs.values())},
        alt=_alt(frame.title, drawn, edges, scale.unit),
    )


def _layout(edges: np.ndarray, drawn: Mapping[str, np.ndarray], scale: Scale) -> go.Layout:
    """Across from the first edge to the last, up to the largest share."""
    low, high = float(edges[0]), float(edges[-1])
    top = padded(0.0, extent(np.stack(list(drawn.values())))[1])[1]
    return theme.layout(
        xaxis={
            "title": theme.axis_title(escape(scale.unit)),
            "range": bent(np.array([low, high]), scale.bend).tolist(),
            **bent_axis(low, high, scale.bend),
        },
        yaxis=theme.value_axis("share of the numbers, each bin", (0, top)) | {"tickformat": "~%"},
        legend=len(drawn) > 1,
    )


def _stairs(shares: np.ndarray) -> np.ndarray:
    """Heights (S, B) as the outline of bars (S, 2B + 2) that starts and ends at zero."""
    ground = np.zeros((len(shares), 1), np.float32)
    return np.concatenate([ground, np.repeat(shares, 2, axis=1), ground], axis=1)


def _outline(x: np.ndarray, y: np.ndarray, name: str, edges: np.ndarray, colour: str) -> go.Scatter:
    bins = [f"{low:.3g} to {high:.3g}" for low, high in zip(edges, edges[1:], strict=False)]
    return go.Scatter(
        x=x.astype(np.float32),
        y=y,
        mode="lines",
        name=escape(name),
        line={"color": colour, "width": 2.5},
        text=[bins[0], *(one for one in bins for _ in range(2)), bins[-1]],
        hovertemplate=f"{escape(name)}: %{{y:.3~%}} of the numbers from %{{text}}<extra></extra>",
    )


def _alt(title: str, drawn: Mapping[str, np.ndarray], edges: np.ndarray, unit: str) -> str:
    count = len(next(iter(drawn.values())))
    words = f"{title}: histogram of {len(edges) - 1} bins, {count} recorded steps, in {unit}."
    for name, values in drawn.items():
        last = values[-1]
        if not np.isfinite(last).all():
            words += f" At the last step {name} has no value that can be drawn."
            continue
        most = int(last.argmax())
        words += (
            f" At the last step {name} is highest from {edges[most]:.3g} to {edges[most + 1]:.3g}: "
            f"{last[most]:.3g} of the numbers; {max(1 - last.sum(), 0):.3g} lie outside."
        )
    return words
