"""How far every row of a table has moved, over the recorded steps."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.charts.parts.steps import check_steps, cursor, cursor_places, step_axis
from explorer.panels import Panel


def drift_panel(
    distances: np.ndarray,
    steps: Sequence[int] | np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    row_title: Literal["token", "position"] = "token",
    ids: Sequence[int] | None = None,
    chosen: int | None = None,
    span: int = 12,
    height: int = 280,
) -> Panel:
    """Distances (S, N) of every row from its first place, over recorded steps (S,).

    Every row is a faint line, the one at place `chosen` a strong one; a cursor runs along with the
    step. `ids` are 0 .. N-1 by default.
    """
    steps = check_steps(steps)
    moved = gaps(distances, "distances", (len(steps), len(labels)))
    top = padded(0.0, extent(moved)[1])[1]
    figure = go.Figure(
        [
            _faint_lines(moved, steps, labels, row_title, ids or range(len(labels))),
            cursor(0.0, top),
        ],
        theme.layout(
            xaxis=step_axis(steps),
            yaxis={
                "title": theme.axis_title(f"distance from step {steps[0]:,} (L2)"),
                "range": [0, top],
            },
            margin=theme.MARGIN | {"r": 36},
        ),
    )
    moving = {"1.x": cursor_places(len(steps))}
    if chosen is not None:
        moving |= _add_chosen_drift(figure, moved[:, chosen], labels[chosen])
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=_drift_alt(title, moved, steps, labels),
        span=span,
        height=height,
    )


def _faint_lines(
    moved: np.ndarray,
    steps: np.ndarray,
    labels: Sequence[str],
    row_title: str,
    ids: Sequence[int],
) -> go.Scatter:
    """All rows in one trace, a gap between them: one path is drawn faster than many."""
    count, rows = moved.shape
    x = np.tile(np.arange(count + 1, dtype=np.float32), rows)
    y = np.full((rows, count + 1), np.nan, np.float32)
    y[:, :count] = moved.T
    named = zip(labels, ids, strict=True)
    words = [f"{row_title} '{escape(label)}' (id {one})" for label, one in named]
    return go.Scatter(
        x=x,
        y=y.ravel(),
        mode="lines",
        line={"color": theme.FAINT, "width": 1},
        customdata=np.tile(np.append(steps, 0), rows),
        text=[word for word in words for _ in range(count + 1)],
        hovertemplate="%{text} has moved %{y:.4g} by step %{customdata:,d}<extra></extra>",
    )


def _add_chosen_drift(figure: go.Figure, moved: np.ndarray, label: str) -> dict[str, np.ndarray]:
    """The chosen row's line (S,), and a dot on it at the step shown."""
    accent = {"color": theme.CHOSEN}
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
    places = np.arange(len(moved), dtype=np.float32)
    figure.add_scatter(x=places, y=moved, mode="lines", line={**accent, "width": 3}, **quiet)
    at = len(figure.data)
    figure.add_scatter(
        x=places[:1],
        y=moved[:1],
        mode="markers+text",
        marker={**accent, "size": 10},
        text=[escape(label)],
        textposition="top right",
        textfont={**accent, "size": 15, "family": theme.GLYPHS},
        cliponaxis=False,
        **quiet,
    )
    return {f"{at}.x": places[:, None], f"{at}.y": moved[:, None]}


def _drift_alt(title: str, moved: np.ndarray, steps: np.ndarray, labels: Sequence[str]) -> str:
    told = (
        f"{title}: lines of {len(labels)} rows over {len(steps)} recorded steps, "
        f"from step {steps[0]:,} to {steps[-1]:,}."
    )
    last = moved[-1]
    if not np.isfinite(last).any():
        return f"{told} No distance at the last step is finite."
    far, near = int(np.nanargmax(last)), int(np.nanargmin(last))
    return (
        f"{told} At the last step '{labels[far]}' has moved most, {last[far]:.4g}, "
        f"and '{labels[near]}' least, {last[near]:.4g}."
    )
