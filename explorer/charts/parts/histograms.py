"""How numbers are distributed at the step shown: the outline of a histogram."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import bent, bent_axis
from explorer.panels import Panel


def histogram_panel(
    shares: Mapping[str, np.ndarray],
    edges: np.ndarray,
    *,
    key: str,
    title: str,
    unit: str,
    bend: float | None = None,
    span: int = 6,
    height: int = 300,
) -> Panel:
    """The share of numbers in each bin (S, B), in 0..1, of one or several distributions.

    `edges` (B + 1,) of the bins ascend, in `unit`. The outline of each moves with the step on one
    scale for all of them; a step without a number is a gap. `bend`: see `scales.bent`. ValueError
    when shapes do not fit.
    """
    bins = len(edges) - 1
    drawn = {name: gaps(values, name, ("S", bins)) for name, values in shares.items()}
    stairs = {name: _stairs(values) for name, values in drawn.items()}
    places = bent(np.asarray(edges, np.float64), bend)
    top = padded(0.0, extent(np.stack(list(drawn.values())))[1])[1]
    figure = go.Figure(
        [
            _outline(np.repeat(places, 2), values[0], name, edges, theme.CATEGORIES[at])
            for at, (name, values) in enumerate(stairs.items())
        ],
        _layout(edges, bend, unit, top, legend=len(drawn) > 1),
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={f"{at}.y": values for at, values in enumerate(stairs.values())},
        alt=_histogram_alt(title, drawn, edges, unit),
        span=span,
        height=height,
    )


def _layout(
    edges: np.ndarray, bend: float | None, unit: str, top: float, legend: bool
) -> go.Layout:
    """Across from the first edge to the last, up to the share `top`."""
    low, high = float(edges[0]), float(edges[-1])
    return theme.layout(
        xaxis={
            "title": theme.axis_title(escape(unit)),
            "range": bent(np.array([low, high]), bend).tolist(),
            **bent_axis(low, high, bend),
        },
        yaxis={
            "title": theme.axis_title("share of the numbers, each bin"),
            "range": [0, top],
            "showgrid": True,
            "nticks": 6,
            "tickformat": "~%",
        },
        showlegend=legend,
        margin=theme.MARGIN | {"t": 32 if legend else 8},
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


def _histogram_alt(
    title: str, drawn: Mapping[str, np.ndarray], edges: np.ndarray, unit: str
) -> str:
    count = len(next(iter(drawn.values())))
    words = f"{title}: histogram of {len(edges) - 1} bins, {count} recorded steps, in {unit}."
    for name, values in drawn.items():
        last = values[-1]
        if not np.isfinite(last).all():
            words += f" At the last step {name} has no number that can be drawn."
            continue
        most = int(last.argmax())
        words += (
            f" At the last step {name} is highest from {edges[most]:.3g} to {edges[most + 1]:.3g}: "
            f"{last[most]:.3g} of the numbers; {max(1 - last.sum(), 0):.3g} lie outside."
        )
    return words
