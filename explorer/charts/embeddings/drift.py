"""How far every row of a table has moved, over the recorded steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape, shortened
from explorer.charts.parts.rows import Rows
from explorer.charts.parts.steps import check_steps, cursor, cursor_x, step_axis
from explorer.panels import Frame, Panel


def drift_panel(
    distances: np.ndarray, steps: Sequence[int] | np.ndarray, rows: Rows, frame: Frame
) -> Panel:
    """Distances (S, N) of every row from its first vector, over recorded steps (S,).

    Every row is a faint line, chosen and selected ones are strong; a cursor moves with the step.
    """
    steps = check_steps(steps)
    moved = gaps(distances, "distances", (len(steps), len(rows.labels)))
    top = padded(0.0, extent(moved)[1])[1]
    figure = go.Figure(
        [_faint_lines(moved, steps, rows), cursor(0.0, top)],
        theme.layout(
            xaxis=step_axis(steps),
            yaxis={
                "title": theme.axis_title(f"distance from step {steps[0]:,} (L2)"),
                "range": [0, top],
            },
            margin=theme.MARGIN | {"r": 36},
        ),
    )
    moving = {"1.x": cursor_x(len(steps))}
    lit = {row: theme.SELECTED for row in rows.selected}
    if rows.chosen is not None:
        lit[rows.chosen] = theme.CHOSEN
    for row, colour in lit.items():
        moving |= _add_line(figure, moved[:, row], rows.labels[row], colour)
    return Panel(
        frame.at_height(280), figure, moving=moving, alt=_alt(frame.title, moved, steps, rows)
    )


def _faint_lines(moved: np.ndarray, steps: np.ndarray, rows: Rows) -> go.Scatter:
    """All rows in one trace, a gap between them: one path is drawn faster than many."""
    count, lines = moved.shape
    x = np.tile(np.arange(count + 1, dtype=np.float32), lines)
    y = np.full((lines, count + 1), np.nan, np.float32)
    y[:, :count] = moved.T
    return go.Scatter(
        x=x,
        y=y.ravel(),
        mode="lines",
        line={"color": theme.FAINT, "width": 1},
        customdata=np.tile(np.append(steps, 0), lines),
        text=[word for word in rows.words for _ in range(count + 1)],
        hovertemplate="%{text} has moved %{y:.4g} by step %{customdata:,d}<extra></extra>",
    )


def _add_line(
    figure: go.Figure, moved: np.ndarray, label: str, colour: str
) -> dict[str, np.ndarray]:
    """A row's line (S,), and a dot on it at the step shown, with its label."""
    accent = {"color": colour}
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
    x = np.arange(len(moved), dtype=np.float32)
    figure.add_scatter(x=x, y=moved, mode="lines", line={**accent, "width": 3}, **quiet)
    at = len(figure.data)
    figure.add_scatter(
        x=x[:1],
        y=moved[:1],
        mode="markers+text",
        marker={**accent, "size": 10},
        text=[escape(shortened(label))],
        textposition="top right",
        textfont={**accent, "size": 15, "family": theme.GLYPHS},
        cliponaxis=False,
        **quiet,
    )
    return {f"{at}.x": x[:, None], f"{at}.y": moved[:, None]}


def _alt(title: str, moved: np.ndarray, steps: np.ndarray, rows: Rows) -> str:
    words = between(
        moved[-1],
        "At the last step '{high}' has moved most, {highest:.4g}, and '{low}' least, {lowest:.4g}.",
        rows.labels.__getitem__,
    )
    return (
        f"{title}: lines of {len(rows.labels)} rows over {len(steps)} recorded steps, from step "
        f"{steps[0]:,} to {steps[-1]:,}. {words or 'No distance at the last step is finite.'}"
    )
