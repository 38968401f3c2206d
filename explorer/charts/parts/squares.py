"""Heatmaps of queries by keys: masked cells, tokens on both axes, frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.frames import WIDTH, frame_cell, frame_row
from explorer.charts.parts.labels import column_ticks, in_lines, row_ticks, with_positions

NAMED = 128  # tokens: of more, the hover texts would be larger than the numbers
QUERY = "query '%{text}' at %{y:d}"  # of the cell under the pointer
KEY = "key '%{customdata}' at %{x:d}"


@dataclass(frozen=True)
class Labels:
    """The labels (T,) on both axes, and the positions chosen as query and as key.

    `marked` positions have labels in their own colours. Raises ValueError when a chosen position
    is not one of the text.
    """

    labels: Sequence[str]
    query: int | None = None
    key: int | None = None
    marked: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, position in (("query", self.query), ("key_position", self.key)):
            if position is not None and not 0 <= position < len(self.labels):
                raise ValueError(f"{name} must be in [0, {len(self.labels)}), got {position}")


@dataclass(frozen=True)
class Style:
    """How the cells of a square are drawn: the template on hover, and the heatmap's `colours`.

    `future`: cells of keys after their query are drawn, too.
    """

    hover: str
    colours: Mapping[str, Any]
    future: bool = False


def masked(values: np.ndarray, name: str = "weights", time: int | None = None) -> np.ndarray:
    """Values (S, T, T) as float32, NaN above the diagonal and wherever they are not finite.

    An array that is so already is returned itself, not copied: panels that share it send it once.
    Raises ValueError when the array is not square, or T is not `time`.
    """
    size = time or np.shape(values)[-1]
    future = ~np.tri(size, dtype=bool)
    if np.shape(values)[1:] == future.shape and _is_masked(values, future):
        return values
    read = gaps(values, name, ("S", size, size))
    read[:, future] = np.nan
    return read


def square(values: np.ndarray, text: Labels, style: Style, side: float) -> go.Figure:
    """One step's values (T, T) as square cells on a plot `side` pixels wide.

    Rows are queries, columns keys; of more than NAMED tokens the hover shows positions only. The
    chosen query's row is framed as far as cells are drawn, and so is the cell of the chosen pair.
    """
    time = len(text.labels)
    names = with_positions(text.labels)
    axis = theme.TOKENS | {"constrain": "domain", "showline": True, "mirror": True}
    across = column_ticks(names, side, text.key, text.marked)
    down = row_ticks(names, side, text.query, text.marked)
    figure = go.Figure(
        go.Heatmap(
            z=values, **_words(text.labels, style.hover), hoverongaps=False, **style.colours
        ),
        theme.layout(
            xaxis=axis | theme.cell_axis("key (is read)", time, across),
            yaxis=axis
            | theme.cell_axis("query (reads)", time, down, down=True)
            | {"scaleanchor": "x", "scaleratio": 1},
        ),
    )
    if text.query is not None:
        width = min(WIDTH, max(side / time / 3, 1.0))  # a thick line would hide small cells
        frame_row(figure, text.query, time if style.future else text.query + 1, width)
        if text.key is not None:
            frame_cell(figure, text.query, text.key, width)
    return figure


def _words(labels: Sequence[str], hover: str) -> dict[str, Any]:
    """The hover text of a cell: both tokens with their positions, or positions only."""
    count = len(labels)
    if count > NAMED:
        hover = hover.replace("'%{text}' ", "").replace("'%{customdata}' ", "")
        return {"hovertemplate": f"{hover}<extra></extra>"}
    words = np.array(list(map(in_lines, labels)), object)  # Plotly checks lists one by one
    return {
        "text": np.broadcast_to(words[:, None], (count, count)),
        "customdata": np.broadcast_to(words, (count, count)),
        "hovertemplate": f"{hover}<extra></extra>",
    }


def _is_masked(values: np.ndarray, future: np.ndarray) -> bool:
    if values.dtype != np.float32 or not len(values) or np.isinf(values).any():
        return False
    return bool(np.isnan(values[:, future]).all())
