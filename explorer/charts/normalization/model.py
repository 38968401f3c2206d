"""Series along a model whose drawing is the horizontal axis, with the part that fails first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.parts import theme
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel

KINDS = {  # what a part is, and the colour of its box
    "table": theme.CATEGORIES[5],
    "stream": theme.CURSOR,
    "norm": theme.CATEGORIES[3],
    "attention": theme.CATEGORIES[0],
    "MLP": theme.CATEGORIES[2],
    "output": theme.CATEGORIES[1],
}
BOX = (-6, -20)  # pixels under the axis


@dataclass(frozen=True)
class Drawn:
    """P parts in depth order: short names, which of KINDS each is, and its block ("": none).

    The part `first` has a frame.
    """

    names: Sequence[str]
    kinds: Sequence[str]
    blocks: Sequence[str]
    first: int | None = None


def model_panel(
    values: Mapping[str, np.ndarray],
    lost: np.ndarray,
    drawn: Drawn,
    frame: Frame,
    scale: Scale,
) -> Panel:
    """Series (S, P), NaN where a part has no such number; joined over these.

    Where a part puts out numbers that are not finite, `lost` (S, P) > 0, "NaN" stands at the top.
    ValueError when shapes do not fit.
    """
    panel = depth_panel(values, Sites(drawn.names, "part of the model"), frame, scale)
    figure = go.Figure(panel.figure)
    figure.update_traces(connectgaps=True)
    marks = np.where(lost > 0, np.float32(0.97), np.float32(np.nan))
    figure.add_trace(_not_finite(marks[0]))
    figure.update_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        xaxis={"ticklabelstandoff": 20, "ticks": ""},
    )
    framed = [] if drawn.first is None else [_frame(drawn.first)]
    figure.update_layout(
        shapes=[*_blocks(drawn), *_boxes(drawn), *framed],
        annotations=_block_names(drawn),
    )
    return replace(
        panel,
        figure=figure,
        moving={**panel.moving, f"{len(values)}.y": marks},
        alt=panel.alt + _lost_words(lost[-1], drawn),
    )


def _not_finite(marks: np.ndarray) -> go.Scatter:
    """ "NaN" at these heights (P,) of an axis from 0 to 1."""
    return go.Scatter(
        x=np.arange(len(marks), dtype=np.float32),
        y=marks,
        yaxis="y2",
        text=["NaN"] * len(marks),
        mode="text",
        textfont={"size": 13, "color": theme.CHOSEN},
        hoverinfo="skip",
        showlegend=False,
    )


def _spans(drawn: Drawn) -> list[tuple[str, int, int]]:
    """The blocks and the first and last of their parts."""
    found = []
    for name, parts in groupby(range(len(drawn.blocks)), lambda at: drawn.blocks[at]):
        at = list(parts)
        found += [(name, at[0], at[-1])] if name else []
    return found


def _blocks(drawn: Drawn) -> list[dict[str, Any]]:
    whole = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    faint = theme.with_opacity(theme.CURSOR, 0.08)
    look = {"line": {"width": 0}, "fillcolor": faint}
    spans = _spans(drawn)[::2]  # every other one
    return [whole | look | {"x0": low - 0.5, "x1": high + 0.5} for _, low, high in spans]


def _block_names(drawn: Drawn) -> list[dict[str, Any]]:
    look = {"yref": "paper", "y": 1, "yanchor": "top", "showarrow": False}
    return [
        look | {"text": name, "x": (low + high) / 2, "font": {"size": 12, "color": theme.CURSOR}}
        for name, low, high in _spans(drawn)
    ]


def _boxes(drawn: Drawn) -> list[dict[str, Any]]:
    """The model itself: a box per part on the line of the residual stream."""
    low, high = BOX
    under = {"yref": "paper", "ysizemode": "pixel", "yanchor": 0}
    middle, last = (low + high) / 2, len(drawn.names) - 1
    line = {"type": "line", "x0": 0, "x1": last, "y0": middle, "y1": middle}
    line |= {"line": {"color": theme.CURSOR, "width": 1.5}}
    boxes = []
    for at, kind in enumerate(drawn.kinds):
        shape, wide = ("circle", 0.18) if kind == "stream" else ("rect", 0.36)
        boxes.append(
            under
            | {"type": shape, "x0": at - wide, "x1": at + wide, "y0": high, "y1": low}
            | {"fillcolor": KINDS[kind], "line": {"width": 0}}
        )
    return [under | line, *boxes]


def _frame(at: int) -> dict[str, Any]:
    box = {"type": "rect", "yref": "paper", "x0": at - 0.5, "x1": at + 0.5, "y0": 0, "y1": 1}
    return box | {"line": {"color": theme.CHOSEN, "width": 2.5}}


def _lost_words(lost: np.ndarray, drawn: Drawn) -> str:
    if not (lost > 0).any():
        return ""
    where = drawn.names[int((lost > 0).argmax())]
    return f" At the last step {(lost > 0).sum()} parts hold NaN or infinity, first {where}."
