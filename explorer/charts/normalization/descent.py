"""The path of gradient descent over the contours of a loss of two weights."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.labels import escape
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from model_core.normalization.scaling import Bowl

ROOM = 1.15  # the window, relative to the part of the bowl that lies below the start
FLOOR, CEILING = 1e-4, 1e3  # curves are drawn between these shares of the first excess
LEVELS = (-3.0, 8.0, 0.5)  # contours at these powers of ten of a share: first, last, distance
# The lower, the denser; grey that fades into a light or a dark page.
DEPTH = ((0, "rgba(138, 143, 152, 0.55)"), (1, "rgba(138, 143, 152, 0)"))
CROSS = {"symbol": "x-thin", "size": 14, "line": {"color": theme.CHOSEN, "width": 3}}


class Walk(NamedTuple):
    """Gradient descent in a bowl: weights (S, 2), excess losses (S,) as shares of the first."""

    bowl: Bowl
    weights: np.ndarray
    shares: np.ndarray


def descent_panel(
    walk: Walk, frame: Frame, *, axis_titles: Sequence[str], colour: str, stretched: bool = False
) -> Panel:
    """The path of the weights up to the step shown, over the contours of the excess loss.

    Each contour is at 3.2 times the one before. The window holds all points with less loss than the
    start; steps that leave it are not visible. One unit is equally long on both axes, or each axis
    is `stretched` to the window. ValueError when shapes do not fit.
    """
    bowl, start = walk.bowl, walk.weights[0]
    points = gaps(walk.weights, "weights", ("S", 2))
    shares = gaps(walk.shares, "shares", (len(points),))
    reach = bowl.reach(start)
    window = ROOM * (reach if stretched else np.full(2, reach.max()))
    path, moving = _path(points, shares, axis_titles, colour)
    marker = {"color": colour, "size": 14, "line": {"color": "white", "width": 2}}
    figure = go.Figure(
        [
            _contours(bowl, start, window, axis_titles),
            path,
            _mark(points[0], marker),
            _mark(bowl.minimum, CROSS),
        ],
        _layout(bowl.minimum, window, axis_titles, stretched),
    )
    return Panel(
        frame.at_height(400),
        figure,
        moving=moving | {"2.x": points[:, :1].copy(), "2.y": points[:, 1:].copy()},
        alt=_alt(frame.title, walk, axis_titles),
    )


def excess_panel(shares: Mapping[str, np.ndarray], left: float, frame: Frame) -> Panel:
    """Excess loss (S,) of each descent as a share of that at its start, over the steps 0 .. S-1.

    A dashed line marks the share `left` of one that has converged. Shares below a ten-thousandth or
    above a thousand are gaps. ValueError when shapes do not fit.
    """
    drawn = {
        name: np.where((values >= FLOOR) & (values <= CEILING), values, np.nan)
        for name, values in shares.items()
    }
    steps = np.arange(len(next(iter(drawn.values()))))
    scale = Scale("share left", log=True)
    panel = curves_panel(steps, drawn, frame, scale, steps_of="of this descent")
    return with_threshold(panel, Threshold(left, f"{left:.0%} is left", "end"))


def _path(
    points: np.ndarray, shares: np.ndarray, titles: Sequence[str], colour: str
) -> tuple[go.Scatter, dict[str, np.ndarray]]:
    """All points up to the step shown, and what moves: (S, S), a gap for each later step."""
    past = np.tri(len(points), dtype=bool)
    so_far = [np.where(past, points[:, axis], np.float32(np.nan)) for axis in (0, 1)]
    path = go.Scatter(
        x=so_far[0][0],
        y=so_far[1][0],
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "size": 5},
        customdata=np.stack([np.arange(len(points)), 100 * shares], axis=1),
        hovertemplate=f"step %{{customdata[0]:,d}}<br>{_coordinates(titles)}<br>"
        "excess loss: %{customdata[1]:.4~g}% of the start<extra></extra>",
    )
    return path, {"1.x": so_far[0], "1.y": so_far[1]}


def _coordinates(titles: Sequence[str]) -> str:
    x, y = (escape(title) for title in titles)
    return f"{x}: %{{x:.4~g}}<br>{y}: %{{y:.4~g}}"


def _mark(point: np.ndarray, marker: dict[str, Any]) -> go.Scatter:
    x, y = point[:, None]
    return go.Scatter(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip")


def _contours(
    bowl: Bowl, start: np.ndarray, window: np.ndarray, titles: Sequence[str]
) -> go.Contour:
    """Contours of the logarithm of the excess's share, within `window` (2,) around the minimum."""
    first, last, distance = LEVELS
    offsets = map(_offsets, bowl.reach(start), window)
    x, y = (middle + away for middle, away in zip(bowl.minimum, offsets, strict=True))
    points = np.stack(np.meshgrid(x, y), axis=-1)  # (Y, X, 2)
    shares = bowl.excess(points) / bowl.excess(start)
    return go.Contour(
        x=x,
        y=y,
        z=np.log10(np.maximum(shares, 10 ** (first - 1))).astype(np.float32),
        customdata=(100 * shares).astype(np.float32),
        zmin=first,
        zmax=1,
        colorscale=DEPTH,
        showscale=False,
        contours={"start": first, "end": last, "size": distance, "coloring": "heatmap"},
        line={"color": theme.FAINT, "width": 1},
        hovertemplate=f"{_coordinates(titles)}<br>excess loss: %{{customdata:.4~g}}% of the start"
        "<extra></extra>",
    )


def _offsets(reach: float, end: float) -> np.ndarray:
    """From -end to end: evenly spaced within `reach`, geometrically from there on."""
    count = 2 + min(int(40 * np.log10(end / reach)), 40)
    beyond = np.geomspace(reach, end, count)
    return np.unique(np.concatenate([-beyond, np.linspace(-reach, reach, 61), beyond]))


def _layout(
    middle: np.ndarray, window: np.ndarray, titles: Sequence[str], stretched: bool
) -> go.Layout:
    x, y = (
        {
            "title": theme.axis_title(escape(title)),
            "range": [at - end, at + end],
            "constrain": "domain",
            "nticks": 5,
        }
        for title, at, end in zip(titles, middle, window, strict=True)
    )
    even = {} if stretched else {"scaleanchor": "x", "scaleratio": 1}
    return theme.layout(xaxis=x, yaxis=y | even)


def _alt(title: str, walk: Walk, titles: Sequence[str]) -> str:
    bowl, first, shares = walk.bowl, walk.weights[0], walk.shares
    start, goal = (f"({x:.4g}, {y:.4g})" for x, y in (first, bowl.minimum))
    across, up = bowl.reach(first)
    return (
        f"{title}: contours of the loss over {titles[0]} and {titles[1]}, and a descent over "
        f"{len(shares):,} steps. It starts at {start}; the minimum is at {goal}. What lies below "
        f"the start reaches {across:.4g} across and {up:.4g} up to either side of it. "
        f"At the last step {shares[-1]:.3g} of the excess loss is left."
    )
