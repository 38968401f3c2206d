"""The traces of a map: its rows with their labels, and rings, trails and arrows on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.embeddings.colours import AXES, LABELLED, Colours, Dots
from explorer.charts.parts import theme
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.labels import escape, in_lines, shortened
from explorer.charts.parts.rows import Rows

_BARB = 0.28  # of an arrow's length; half as far aside
_HALF = "\u200b"  # after a "<" it keeps WebGL's text from reading a tag


@dataclass(frozen=True)
class Marks:
    """What is drawn on the rows of a map besides rings: colours, trails and arrows.

    `trails` are the rows whose points from the first step to the one shown are joined; `arrows`
    (S, N, D) lead from each row, NaN where there is none.
    """

    colours: Colours | None = None
    trails: Sequence[int] = ()
    arrows: np.ndarray | None = None


class Drawing:
    """The traces of a map of points (S, N, D), and what of them moves."""

    def __init__(self, points: np.ndarray) -> None:
        self._points = points
        self._axes = AXES[: points.shape[2]]
        self.flat = len(self._axes) == 2
        self.traces: list[Any] = []
        self.moving: dict[str, np.ndarray] = {}
        self.ways: dict[str, np.ndarray] = {}

    def add(
        self, points: np.ndarray, *, moves: bool = True, below: bool = True, **style: Any
    ) -> None:
        """A trace through points (S, P, D); those `below` the labels let the pointer through."""
        if below:
            style |= {"hoverinfo": "skip", "showlegend": False}
            style |= {"zorder": -1} if self.flat else {}
        if self.flat:
            style.setdefault("cliponaxis", False)
        if moves:
            for axis, name in enumerate(self._axes):
                path = f"{len(self.traces)}.{name}"
                self.moving[path] = np.ascontiguousarray(points[:, :, axis])
        first = {name: points[0, :, axis] for axis, name in enumerate(self._axes)}
        self.traces.append((go.Scatter if self.flat else go.Scatter3d)(**first, **style))

    def add_trails(self, rows: Sequence[int], **style: Any) -> None:
        """The ways of some rows up to the step shown, in one trace."""
        points = self._points[:, rows]
        steps, count, axes = points.shape
        start = np.full((1, count, steps + 1, axes), np.nan, np.float32)
        start[0, :, 0] = points[0]
        for axis, name in enumerate(self._axes):
            path = f"{len(self.traces)}.{name}"
            self.ways[path] = np.ascontiguousarray(points[:, :, axis].T)
        self.add(start.reshape(1, -1, axes)[:, :-1], moves=False, **style)

    def add_points(self, rows: Rows, dots: Dots, letters: bool) -> None:
        """The rows themselves with their labels; `letters`: these alone, in the dots' colours."""
        count = self._points.shape[1]
        titles = [f"%{{{axis}axis.title.text}}" if self.flat else axis for axis in self._axes]
        numbers = [
            f"{title}: %{{{axis}:.4g}}" for title, axis in zip(titles, self._axes, strict=True)
        ]
        words = [in_lines(label) for label in rows.labels]
        drawn = [shortened(label) for label in rows.labels]
        self.moving |= dots.moving
        self.add(
            self._points,
            below=False,
            mode="markers+text" if count <= LABELLED else "markers",
            text=[escape(one) if self.flat else one.replace("<", f"<{_HALF}") for one in drawn],
            customdata=[[int(one), word] for one, word in zip(rows.ids, words, strict=True)],
            textfont={
                "size": [22 if row == rows.chosen else 17 for row in range(count)],
                "family": theme.GLYPHS,
            }
            | ({"color": dots.marker["color"]} if letters else {}),
            marker=dots.marker | ({"opacity": 0} if letters else {}),
            hovertemplate=f"{rows.kind} '%{{customdata[1]}}' (id %{{customdata[0]:d}})<br>"
            f"{'<br>'.join(numbers)}<extra></extra>",
            showlegend=False,
        )

    def add_marks(self, rows: Rows, marks: Marks) -> None:
        if marks.arrows is not None:
            moves = gaps(marks.arrows, "arrows", self._points.shape)
            with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is a gap
                lines = _arrows(self._points, self._points + moves)
            lines[~np.isfinite(lines).all(2)] = np.nan
            self.add(lines, mode="lines", line={"color": theme.ARROW, "width": 1.5})
        others = [row for row in marks.trails if row != rows.chosen]
        if others:
            line = {"color": theme.TRAIL, "width": 1.5 if self.flat else 3}
            self.add_trails(others, mode="lines", line=line)
        selected = [row for row in rows.selected if row != rows.chosen]
        if selected:
            ring = self._ring(theme.SELECTED, 2)
            self.add(self._points[:, selected], mode="markers", marker=ring)
        if rows.chosen is not None:
            self._add_chosen(rows.chosen, rows.chosen in marks.trails)

    def _ring(self, colour: str, width: int) -> dict[str, Any]:
        if not self.flat:
            return {"size": 16, "color": colour, "symbol": "circle-open"}
        line = {"color": colour, "width": width}
        return {"size": 28, "color": "rgba(0,0,0,0)", "line": line}

    def _add_chosen(self, chosen: int, trail: bool) -> None:
        """A ring, and with `trail` the points up to the step shown, from the start."""
        own = self._points[:, [chosen]]
        self.add(own, mode="markers", marker=self._ring(theme.CHOSEN, 3))
        if not trail:
            return
        self.add_trails(
            [chosen],
            mode="lines+markers",
            line={"color": theme.CHOSEN, "width": 2},
            marker={"size": 4 if self.flat else 2, "color": theme.CHOSEN},
            opacity=0.7,
        )
        start = {"size": 9, "symbol": "x-thin", "line": {"color": theme.CHOSEN, "width": 2}}
        self.add(
            own[:1],
            moves=False,
            mode="markers+text",
            text=["start"],
            textposition="bottom center",
            textfont={"size": 12, "color": theme.CHOSEN},
            marker=start if self.flat else {"size": 3, "symbol": "x", "color": theme.CHOSEN},
        )


def _arrows(points: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Lines from points to heads (S, N, D); in the plane each ends in an arrowhead."""
    gap = np.full_like(points, np.nan)
    parts = [points, heads, gap]
    if points.shape[2] == 2:
        back = points - heads
        aside = back[..., ::-1] * np.array([-1, 1], np.float32) / 2
        parts += [heads + _BARB * (back + aside), heads, heads + _BARB * (back - aside), gap]
    lines = np.stack(parts, axis=2)
    return lines.reshape(len(points), -1, points.shape[2])
