"""The block of batch, time and channels drawn in space, with the cells a norm pools."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.panels import Frame, Panel

BACK = (0.5, 0.36)  # offset of the next sentence: to the right and up, in cells
POOLED = theme.with_opacity(theme.CHOSEN, 0.5)  # so that the chosen cell stands out
BARE = {"showticklabels": False, "ticks": "", "fixedrange": True, "constrain": "domain"}
Side: TypeAlias = list[tuple[float, float]]


def cube_panel(shared: np.ndarray, cell: tuple[int, int, int], frame: Frame) -> Panel:
    """A block (B, T, C) seen from the front, the first sentence first; `shared` cells are filled.

    A drawing of which numbers are pooled, as figure 2 of Wu and He 2018; it has no values. Raises
    ValueError when the cell is not visible from the front.
    """
    if cell[0] or not shared[cell]:
        raise ValueError(f"the cell must be pooled and in sentence 0, got {cell}")
    B, T, C = shared.shape
    sides: dict[str, list[Side]] = {theme.FAINT: [], POOLED: [], theme.CHOSEN: []}
    for at, side in _sides(shared.shape):
        colour = theme.CHOSEN if at == cell else POOLED if shared[at] else theme.FAINT
        sides[colour].append(side)
    polygons = [_polygons(found, colour) for colour, found in sides.items()]
    return Panel(
        frame.at_height(240),
        go.Figure(polygons, _layout(B, T, C)),
        alt=f"{frame.title}: a block of {B} sentences, {T} tokens and {C} channels, of whose "
        f"{shared.size} cells {shared.sum()} are pooled.",
    )


def _layout(B: int, T: int, C: int) -> go.Layout:
    """Equal units on both axes, and a name at each of the three edges."""
    wide, high = B * BACK[0], B * BACK[1]
    across = {"title": theme.axis_title("channels"), "range": [-0.1, C + wide + 0.1]}
    up = {"title": theme.axis_title("tokens"), "range": [-T - 0.1, high + 0.1]}
    back = {"text": "sentences", "x": C + wide / 2 + 0.2, "y": -T + high / 2 - 0.2}
    return theme.layout(
        xaxis=BARE | across,
        yaxis=BARE | up | {"scaleanchor": "x"},
        margin={"l": 8, "r": 80, "t": 4, "b": 24},
        annotations=[back | {"xanchor": "left", "showarrow": False}],
    )


def _sides(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, int, int], Side]]:
    """The cells visible from the front, above and the right, and the corners of each side."""
    B, T, C = shape
    for t, c in np.ndindex(T, C):
        yield (0, t, c), [_at(0, t, c), _at(0, t, c + 1), _at(0, t + 1, c + 1), _at(0, t + 1, c)]
    for b, c in np.ndindex(B, C):
        yield (b, 0, c), [_at(b, 0, c), _at(b, 0, c + 1), _at(b + 1, 0, c + 1), _at(b + 1, 0, c)]
    for b, t in np.ndindex(B, T):
        yield (
            (b, t, C - 1),
            [_at(b, t, C), _at(b + 1, t, C), _at(b + 1, t + 1, C), _at(b, t + 1, C)],
        )


def _at(b: float, t: float, c: float) -> tuple[float, float]:
    """A corner of the block on the paper."""
    return c + b * BACK[0], -t + b * BACK[1]


def _polygons(sides: list[Side], colour: str) -> go.Scatter:
    """All sides of one colour in one trace, a gap between two."""
    corners = [corner for side in sides for corner in (*side, side[0], (None, None))]
    return go.Scatter(
        x=[x for x, _ in corners],
        y=[y for _, y in corners],
        mode="lines",
        fill="toself",
        fillcolor=colour,
        line={"color": theme.CURSOR, "width": 1},
        hoverinfo="skip",
    )
