"""The rows of a table as points of a map at each step, in two dimensions or three."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.embeddings.colours import AXES, LABELLED, dots
from explorer.charts.embeddings.marks import Drawing, Marks
from explorer.charts.parts import theme
from explorer.charts.parts.alt import between, missing
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import columns, escape
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame, Panel

GLYPHS = 2  # of a label that is itself the mark of its point


def map_panel(
    layout: np.ndarray,
    rows: Rows,
    frame: Frame,
    *,
    axis_titles: Sequence[str],
    marks: Marks = Marks(),  # noqa: B008  frozen
) -> Panel:
    """Points (S, N, D) of N rows with D = 2 or 3; the chosen row and selected ones have rings.

    All axes have the same scale, over all steps. Raises ValueError when shapes do not fit or there
    are more categories than colours.
    """
    points = gaps(layout, "layout", ("S", len(rows.labels), "D"))
    if points.shape[2] not in (2, 3):
        raise ValueError(f"layout must have 2 or 3 axes, got {points.shape[2]}")
    points[np.isnan(points).any(axis=2)] = np.nan  # a point without one coordinate has none
    drawing, drawn = Drawing(points), dots(marks.colours, points.shape)
    # A letter stands on its point at every step; a longer label may have to step aside of a dot.
    letters = drawing.flat and drawn.named and max(map(columns, rows.labels)) <= GLYPHS
    drawing.add_points(rows, drawn, letters)
    drawing.add_marks(rows, marks)
    return Panel(
        frame.at_height(620),
        go.Figure(
            [*drawing.traces, *drawn.legend], _layout(points, axis_titles, bool(drawn.legend))
        ),
        moving=drawing.moving,
        ways=drawing.ways,
        alt=_alt(frame.title, points, rows),
        picks=rows.picks,
        declutter=drawing.flat and not letters,
    )


def _layout(points: np.ndarray, titles: Sequence[str], legend: bool) -> go.Layout:
    ranges = [padded(*extent(points[:, :, axis])) for axis in range(points.shape[2])]
    axes = [
        {"title": theme.axis_title(escape(name)), "range": list(ends), "nticks": 6}
        for name, ends in zip(titles, ranges, strict=True)
    ]
    margin = theme.MARGIN | {"t": 36 if legend else 8}
    if len(axes) == 2:
        return theme.layout(
            xaxis=axes[0],
            yaxis=axes[1] | {"scaleanchor": "x", "scaleratio": 1},
            legend=legend,
            margin=margin,
        )
    scene = {f"{name}axis": _scene_axis(axis) for name, axis in zip(AXES, axes, strict=True)}
    return theme.layout(
        xaxis={},
        yaxis={},
        scene=scene | {"aspectmode": "data", "camera": {"eye": {"x": 1.5, "y": 1.5, "z": 1.1}}},
        legend=legend,
        margin=margin | {"l": 0, "r": 0, "b": 0},
    )


def _scene_axis(axis: dict[str, Any]) -> dict[str, Any]:
    """In space: the title as text alone, and a faint grid."""
    return {
        "title": {"text": axis["title"]["text"]},
        "range": axis["range"],
        "nticks": 5,
        "showbackground": False,
        "gridcolor": theme.FAINT,
        "zerolinecolor": theme.FAINT,
    }


def _alt(title: str, points: np.ndarray, rows: Rows) -> str:
    steps, count, axes = points.shape
    words = f"{title}: map of {count} {rows.kind}s over {steps} recorded steps."
    lost = int(np.isnan(points[:, :, 0]).sum())
    if lost == steps * count:
        return f"{words} No point is finite."
    ends = [extent(points[:, :, axis]) for axis in range(axes)]
    spans = ", ".join(
        f"{name} from {low:.4g} to {high:.4g}"
        for name, (low, high) in zip(("Across", "up", "deep"), ends, strict=False)
    )
    words += f" {spans}."
    moved = np.linalg.norm(points[-1].astype(float) - points[0], axis=1)
    words += between(
        moved,
        " From first to last step '{high}' moved most, by {highest:.4g}.",
        rows.labels.__getitem__,
    )
    if rows.chosen is not None:
        words += f" '{rows.labels[rows.chosen]}' is chosen."
    if count > LABELLED:
        words += f" More than {LABELLED} {rows.kind}s: dots without glyphs."
    return words + missing(points[:, :, 0], "points")
