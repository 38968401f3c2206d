"""The way of gradient descent over the contours of a loss of two weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.curves import Threshold, curves_panel
from explorer.charts.parts.labels import escape
from explorer.panels import Panel
from model_core.normalization.scaling import Bowl

ROOM = 1.15  # the window over the part of the bowl that lies below the start
FLOOR, CEILING = 1e-4, 1e3  # shares of the excess at the start between which curves are drawn
LEVELS = (-3.0, 8.0, 0.5)  # contours at these powers of ten of that share: first, last, distance
# The lower, the denser; grey that fades into the page, be it light or dark.
DEPTH = ((0, "rgba(138, 143, 152, 0.55)"), (1, "rgba(138, 143, 152, 0)"))
CROSS = {"symbol": "x-thin", "size": 14, "line": {"color": theme.CHOSEN, "width": 3}}


def descent_panel(
    weights: np.ndarray,
    shares: np.ndarray,
    bowl: Bowl,
    *,
    key: str,
    title: str,
    axis_titles: Sequence[str],
    colour: str,
    stretched: bool = False,
    span: int = 4,
    height: int = 400,
) -> Panel:
    """The way of weights (S, 2) so far, over the contours of the excess loss of two weights.

    It is told as a share of that at the start, `shares` (S,), and each contour is at 3.2 times the
    one before. The window holds all that lies below the start; of a step that leaves it nothing is
    seen. One unit is equally long on both axes, or each axis is `stretched` to the window.
    ValueError when shapes do not fit.
    """
    ways = gaps(weights, "weights", ("S", 2))
    left = gaps(shares, "shares", (len(ways),))
    reach = bowl.reach(weights[0])
    window = ROOM * (reach if stretched else np.full(2, reach.max()))
    path, moving = _path(ways, left, axis_titles, colour)
    figure = go.Figure(
        [
            _contours(bowl, weights[0], window, axis_titles),
            path,
            _mark(ways[0], {"color": colour, "size": 14, "line": {"color": "white", "width": 2}}),
            _mark(bowl.minimum, CROSS),
        ],
        _layout(bowl.minimum, window, axis_titles, stretched),
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving | {"2.x": ways[:, :1].copy(), "2.y": ways[:, 1:].copy()},
        alt=_alt(title, weights[0], left, bowl, axis_titles),
        span=span,
        height=height,
    )


def excess_panel(
    shares: Mapping[str, np.ndarray],
    left: float,
    *,
    key: str,
    title: str,
    span: int = 12,
    height: int = 260,
) -> Panel:
    """Excess loss (S,) of each descent as a share of that at its start, over the steps 0 .. S-1.

    A dashed line at the share `left` of one that has converged. What is below a ten-thousandth
    or above a thousand is not drawn. ValueError when shapes do not fit.
    """
    drawn = {
        name: np.where((values >= FLOOR) & (values <= CEILING), values, np.nan)
        for name, values in shares.items()
    }
    steps = np.arange(len(next(iter(drawn.values()))))
    return curves_panel(
        steps,
        drawn,
        key=key,
        title=title,
        unit="share of the excess at the start",
        log=True,
        threshold=Threshold(left, f"{left:.0%} is left", "end"),
        steps_of="of this descent",
        span=span,
        height=height,
    )


def _path(
    ways: np.ndarray, shares: np.ndarray, titles: Sequence[str], colour: str
) -> tuple[go.Scatter, dict[str, np.ndarray]]:
    """Every step up to the one shown, and what moves: (S, S), a gap for each step to come."""
    past = np.tri(len(ways), dtype=bool)
    so_far = [np.where(past, ways[:, axis], np.float32(np.nan)) for axis in (0, 1)]
    path = go.Scatter(
        x=so_far[0][0],
        y=so_far[1][0],
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "size": 5},
        customdata=np.stack([np.arange(len(ways)), 100 * shares], axis=1),
        hovertemplate=f"step %{{customdata[0]:,d}}<br>{_told(titles)}<br>"
        "excess loss: %{customdata[1]:.4~g} % of the start<extra></extra>",
    )
    return path, {"1.x": so_far[0], "1.y": so_far[1]}


def _told(titles: Sequence[str]) -> str:
    x, y = (escape(title) for title in titles)
    return f"{x}: %{{x:.4~g}}<br>{y}: %{{y:.4~g}}"


def _mark(place: np.ndarray, marker: dict[str, Any]) -> go.Scatter:
    x, y = place[:, None]
    return go.Scatter(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip")


def _contours(
    bowl: Bowl, start: np.ndarray, window: np.ndarray, titles: Sequence[str]
) -> go.Contour:
    """Contours of the logarithm of the share of the excess at the start, `window` (2,) around."""
    first, last, distance = LEVELS
    offsets = map(_offsets, bowl.reach(start), window)
    x, y = (middle + away for middle, away in zip(bowl.minimum, offsets, strict=True))
    places = np.stack(np.meshgrid(x, y), axis=-1)  # (Y, X, 2)
    shares = bowl.excess(places) / bowl.excess(start)
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
        hovertemplate=f"{_told(titles)}<br>excess loss: %{{customdata:.4~g}} % of the start"
        "<extra></extra>",
    )


def _offsets(reach: float, end: float) -> np.ndarray:
    """Places from -end to end around 0: even within `reach`, and on to `end` ever farther apart."""
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


def _alt(
    title: str, first: np.ndarray, shares: np.ndarray, bowl: Bowl, titles: Sequence[str]
) -> str:
    start, goal = (f"({x:.4g}, {y:.4g})" for x, y in (first, bowl.minimum))
    across, up = bowl.reach(first)
    return (
        f"{title}: contours of the loss over {titles[0]} and {titles[1]}, and a descent over "
        f"{len(shares):,} steps. It starts at {start}; the minimum is at {goal}. What lies below "
        f"the start reaches {across:.4g} across and {up:.4g} up to either side of it. "
        f"At the last step {shares[-1]:.3g} of the excess loss is left."
    )
