"""What heatmaps of queries by keys share: the masked cells, tokens on both axes, frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.frames import WIDTH, frame_cell, frame_row
from explorer.charts.parts.labels import column_ticks, escape, row_ticks, with_positions

NAMED = 128  # tokens: the words of more cells would outweigh their numbers
QUERY = "query '%{text}' at %{y:d}"  # of the cell under the pointer
KEY = "key '%{customdata}' at %{x:d}"


@dataclass(frozen=True)
class Text:
    """The T labels on both axes, and which of them are chosen as query and as key.

    `marked` positions have labels of their own colours. Raises ValueError when a place is not one
    of the text.
    """

    labels: Sequence[str]
    query: int | None = None
    key: int | None = None
    marked: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, place in (("query", self.query), ("key_position", self.key)):
            if place is not None and not 0 <= place < len(self.labels):
                raise ValueError(f"{name} must be in [0, {len(self.labels)}), got {place}")


def masked(values: np.ndarray, name: str = "weights", time: int | None = None) -> np.ndarray:
    """Values (S, T, T) as float32, NaN above the diagonal and wherever they are not finite.

    What is so already is given back itself, not copied: panels that share it send it once.
    Raises ValueError when the array is not square, or T is not `time`.
    """
    size = time or np.shape(values)[-1]
    future = ~np.tri(size, dtype=bool)
    if np.shape(values)[1:] == future.shape and _is_masked(values, future):
        return values
    read = gaps(values, name, ("S", size, size))
    read[:, future] = np.nan
    return read


def square(
    values: np.ndarray,
    text: Text,
    *,
    hover: str,
    colours: Mapping[str, Any],
    side: float,
    may_read: bool = True,
) -> go.Figure:
    """One step's values (T, T) as square cells on a plot `side` pixels wide.

    Rows are queries, columns keys; of more than NAMED the pointer tells positions only. The chosen
    query's row is framed, with `may_read` only as far as it may read, and so is the cell of the
    chosen pair. `colours` are the heatmap's.
    """
    time = len(text.labels)
    places = with_positions(text.labels)
    tickfont = {"size": 12, "family": theme.GLYPHS}
    figure = go.Figure(
        go.Heatmap(
            z=values,
            **_words(text.labels, hover),
            hoverongaps=False,
            **colours,
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title("key (is read)"),
                "range": [-0.5, time - 0.5],
                "tickfont": tickfont,
                "constrain": "domain",
                **column_ticks(places, side, text.key, text.marked),
            },
            yaxis={
                "title": theme.axis_title("query (reads)"),
                "range": [time - 0.5, -0.5],
                "tickfont": tickfont,
                "constrain": "domain",
                "scaleanchor": "x",
                "scaleratio": 1,
                **row_ticks(places, side, text.query, text.marked),
            },
        ),
    )
    if text.query is not None:
        width = min(WIDTH, max(side / time / 3, 1.0))  # a thick line would hide small cells
        frame_row(figure, text.query, text.query + 1 if may_read else time, width)
        if text.key is not None:
            frame_cell(figure, text.query, text.key, width)
    return figure


def _words(labels: Sequence[str], hover: str) -> dict[str, Any]:
    """What the pointer tells of a cell: both tokens with their positions, or these alone."""
    count = len(labels)
    if count > NAMED:
        hover = hover.replace("'%{text}' ", "").replace("'%{customdata}' ", "")
        return {"hovertemplate": f"{hover}<extra></extra>"}
    words = np.array([escape(label) for label in labels], object)  # Plotly checks lists one by one
    return {
        "text": np.broadcast_to(words[:, None], (count, count)),
        "customdata": np.broadcast_to(words, (count, count)),
        "hovertemplate": f"{hover}<extra></extra>",
    }


def _is_masked(values: np.ndarray, future: np.ndarray) -> bool:
    if values.dtype != np.float32 or not len(values) or np.isinf(values).any():
        return False
    return bool(np.isnan(values[:, future]).all())
