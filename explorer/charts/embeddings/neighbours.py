"""The neighbours of one row in all channels: the nearest at each step, and their ranks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent
from explorer.charts.parts.labels import fitted, in_lines, row_ticks
from explorer.charts.parts.rows import Rows
from explorer.charts.parts.steps import check_steps, cursor, cursor_x, step_axis
from explorer.panels import Frame, Panel, Words

ROWS = 24  # tokens of a biography that each have a label
LABEL = 8  # columns of text for a token, and for its number: two tokens fit a third of a page
NUMBER = 8
# at both ends of the cursor: its line alone cannot be seen on light colours
_ARROWHEADS = {
    "mode": "lines+markers",
    "marker": {"size": 11, "color": theme.CURSOR, "symbol": ["triangle-down", "triangle-up"]},
    "cliponaxis": False,
}
HEADER = f"{'nearest by cosine':<{LABEL + NUMBER + 3}}by distance"


def neighbours_words(
    cosine: tuple[np.ndarray, np.ndarray],
    distance: tuple[np.ndarray, np.ndarray],
    labels: Sequence[str],
    frame: Frame,
) -> Words:
    """The K nearest tokens by cosine and by distance, side by side, one text per recorded step.

    Each of the two is ids (S, K), -1 for none, and values (S, K). Numbers keep their columns and
    digits over all steps. Raises ValueError when shapes do not fit.
    """
    shapes = {np.shape(array) for array in (*cosine, *distance)}
    if len(shapes) != 1:
        raise ValueError(f"ids and values must have one shape (S, K), got {sorted(shapes)}")
    left = _cells(*cosine, labels, NUMBER + 1, "{:z.3f}".format)
    right = _cells(*distance, labels, NUMBER, _distance_format(distance[1]))
    texts = [
        "\n".join([HEADER, *(f"{a}  {b}" for a, b in zip(*columns, strict=True))])
        for columns in zip(left, right, strict=True)
    ]
    steps, count = cosine[0].shape
    return Words(
        frame.at_height(24 * (count + 2)),  # a line is 24 pixels, the padding is one
        texts,
        alt=f"{frame.title}: the {count} nearest tokens by cosine and by distance at each of "
        f"{steps} recorded steps.{_nearest_words(cosine[0][-1], labels, 'by cosine')}"
        f"{_nearest_words(distance[0][-1], labels, 'by distance')}",
    )


def biography_panel(
    near: np.ndarray, steps: Sequence[int] | np.ndarray, rows: Rows, frame: Frame
) -> Panel:
    """Ranks over recorded steps (S,) of all rows that were among the nearest (S, K), -1 for none.

    One line of cells per row, in the order of first entry; of more than ROWS those that stayed
    longest, and the title says so. A cursor moves with the step. Raises ValueError when shapes do
    not fit.
    """
    steps = check_steps(steps)
    if near.ndim != 2 or len(near) != len(steps):
        raise ValueError(f"ids must have shape ({len(steps)}, K), got {near.shape}")
    drawn, met = _longest_near(near)
    frame = frame.at_height(theme.height_for(len(drawn)))
    names = [rows.labels[row] for row in drawn]
    bottom = max(len(drawn), 1) - 0.5
    figure = go.Figure(
        [_ranks(near, drawn, steps, rows), cursor(-0.5, bottom).update(_ARROWHEADS)],
        theme.layout(
            xaxis=step_axis(steps) | {"range": [-0.5, len(steps) - 0.5]},
            yaxis={
                "title": theme.axis_title(rows.kind),
                "range": [bottom, -0.5],
                **theme.TOKENS,
                **row_ticks(names, theme.plot_height(frame.height)),
            },
        ),
    )
    left_out, kind = met - len(drawn), f"{rows.kind}s"
    alt = (
        f"{frame.title}: heatmap of ranks, {len(drawn)} {kind} by {len(steps)} recorded steps, "
        f"from step {steps[0]:,} to {steps[-1]:,}."
        + (f" Left out: {left_out} {kind} that were near for fewer steps." if left_out else "")
        + _nearest_words(near[-1], rows.labels)
    )
    if left_out:
        frame = replace(frame, title=f"{frame.title} (showing {len(drawn)} of {met})")
    return Panel(frame, figure, moving={"1.x": cursor_x(len(steps))}, alt=alt)


def _longest_near(ids: np.ndarray) -> tuple[np.ndarray, int]:
    """Rows (R,) that were near for the most steps, by first entry, and how many there were."""
    tokens, first, stayed = np.unique(ids, return_index=True, return_counts=True)
    first, stayed, tokens = (array[tokens >= 0] for array in (first, stayed, tokens))
    longest = np.argsort(-stayed, kind="stable")[:ROWS]
    return tokens[longest[np.argsort(first[longest])]], len(tokens)


def _ranks(near: np.ndarray, drawn: np.ndarray, steps: np.ndarray, rows: Rows) -> go.Heatmap:
    cells = near == drawn[:, None, None]  # (R, S, K)
    ranks = np.where(cells.any(2), cells.argmax(2) + 1, np.nan).astype(np.float32)
    words = [f"'{in_lines(rows.labels[row])}' (id {rows.ids[row]})" for row in drawn]
    count = near.shape[1]
    return go.Heatmap(
        z=ranks,
        text=[[word] * len(steps) for word in words],
        customdata=np.tile(steps, (len(drawn), 1)),
        hovertemplate="%{text} is neighbour %{z:d} at step %{customdata:,d}<extra></extra>",
        hoverongaps=False,
        colorscale=theme.SEQUENTIAL,
        reversescale=True,  # the nearest as bright as the largest weight elsewhere
        zmin=1,
        zmax=count + 1,  # the last is not the page's colour yet
        colorbar=theme.colour_bar("rank") | {"tick0": 1, "dtick": max(1, count // 8)},
    )


def _cells(
    ids: np.ndarray,
    values: np.ndarray,
    labels: Sequence[str],
    room: int,
    written: Callable[[float], str],
) -> list[list[str]]:
    """A label and a number of `room` columns for each of (S, K); a dash for none."""
    known = {token: fitted(labels[token], LABEL) for token in np.unique(ids).tolist() if token >= 0}
    none = fitted("–", LABEL + room)
    return [
        [
            known[token] + written(value).rjust(room) if token >= 0 else none
            for token, value in zip(*row, strict=True)
        ]
        for row in zip(ids.tolist(), values.tolist(), strict=True)
    ]


def _distance_format(values: np.ndarray) -> Callable[[float], str]:
    """Four digits of the largest distance and as many decimals for all, or powers of ten."""
    largest = extent(values)[1]
    if largest == 0 or 1e-3 <= largest < 1e6:
        power = math.floor(math.log10(largest)) if largest else 0
        return f"{{:.{min(max(3 - power, 0), 5)}f}}".format
    return "{:.1e}".format


def _nearest_words(ids: np.ndarray, labels: Sequence[str], measure: str = "") -> str:
    opening = f" At the last step {measure}".rstrip()
    if ids[0] < 0:
        return f"{opening} no token is near."
    return f"{opening} '{labels[ids[0]]}' (id {ids[0]}) is nearest."
