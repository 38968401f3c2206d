"""Who is near one token in all channels: the nearest at the step shown, and who came and left."""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent
from explorer.charts.parts.labels import escape, fitted, row_ticks
from explorer.charts.parts.steps import check_steps, cursor, cursor_places, step_axis
from explorer.panels import Panel, Words

ROWS = 24  # tokens of a biography that each have a label of their own
LABEL = 8  # columns of text for a token, and for its number: two tokens fit a third of a page
NUMBER = 8
# at both ends of the cursor: its line alone is lost on colours as light as itself
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
    *,
    key: str,
    title: str,
    span: int = 4,
    height: int | None = None,
) -> Words:
    """The K nearest tokens by cosine and by distance, side by side, one text a recorded step.

    Each of the two is ids (S, K), -1 for nobody, and values (S, K). Numbers keep their place and
    their digits over all steps. Raises ValueError when shapes do not fit.
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
        key=key,
        title=title,
        texts=texts,
        alt=f"{title}: the {count} nearest tokens by cosine and by distance at each of {steps} "
        f"recorded steps.{_nearest_words(cosine[0][-1], labels, 'by cosine')}"
        f"{_nearest_words(distance[0][-1], labels, 'by distance')}",
        span=span,
        height=height or 24 * (count + 2),  # a line is 24 pixels, the padding is one
    )


def biography_panel(
    ids: np.ndarray,
    steps: Sequence[int] | np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    row_title: Literal["token", "position"] = "token",
    row_ids: Sequence[int] | None = None,
    span: int = 8,
    height: int | None = None,
) -> Panel:
    """Ranks over recorded steps (S,) of all that were among the nearest ids (S, K), -1 for nobody.

    One row a token in the order of first entry; of more than ROWS those that stayed longest, and
    the title tells. `row_ids` are the tokens' ids where `ids` are places among rows shown. A cursor
    runs along with the step. Raises ValueError when shapes do not fit.
    """
    steps = check_steps(steps)
    if ids.ndim != 2 or len(ids) != len(steps):
        raise ValueError(f"ids must have shape ({len(steps)}, K), got {ids.shape}")
    shown, met = _longest_near(ids)
    height = height or theme.height_for(len(shown))
    names = [labels[token] for token in shown]
    bottom = max(len(shown), 1) - 0.5
    figure = go.Figure(
        [_ranks(ids, shown, steps, names, row_ids), cursor(-0.5, bottom).update(_ARROWHEADS)],
        theme.layout(
            xaxis=step_axis(steps) | {"range": [-0.5, len(steps) - 0.5]},
            yaxis={
                "title": theme.axis_title(row_title),
                "range": [bottom, -0.5],
                "tickfont": {"size": 12, "family": theme.GLYPHS},
                **row_ticks(names, theme.plot_height(height)),
            },
        ),
    )
    more = met - len(shown)
    return Panel(
        key=key,
        title=f"{title} (showing {len(shown)} of {met})" if more else title,
        figure=figure,
        moving={"1.x": cursor_places(len(steps))},
        alt=f"{title}: heatmap of ranks, {len(shown)} tokens by {len(steps)} recorded steps, "
        f"from step {steps[0]:,} to {steps[-1]:,}."
        + (f" Left out: {more} tokens that were near for fewer steps." if more else "")
        + _nearest_words(ids[-1], labels),
        span=span,
        height=height,
    )


def _longest_near(ids: np.ndarray) -> tuple[np.ndarray, int]:
    """Tokens (R,) that were near for the most steps, by first entry; how many there were in all."""
    tokens, first, stayed = np.unique(ids, return_index=True, return_counts=True)
    first, stayed, tokens = (array[tokens >= 0] for array in (first, stayed, tokens))
    longest = np.argsort(-stayed, kind="stable")[:ROWS]
    return tokens[longest[np.argsort(first[longest])]], len(tokens)


def _ranks(
    ids: np.ndarray,
    shown: np.ndarray,
    steps: np.ndarray,
    names: Sequence[str],
    row_ids: Sequence[int] | None,
) -> go.Heatmap:
    told = shown.tolist() if row_ids is None else [row_ids[place] for place in shown]
    there = ids == shown[:, None, None]  # (R, S, K)
    ranks = np.where(there.any(2), there.argmax(2) + 1, np.nan).astype(np.float32)
    words = [f"'{escape(name)}' (id {one})" for name, one in zip(names, told, strict=True)]
    count = ids.shape[1]
    return go.Heatmap(
        z=ranks,
        text=[[word] * len(steps) for word in words],
        customdata=np.tile(steps, (len(shown), 1)),
        hovertemplate="%{text} is neighbour %{z:d} at step %{customdata:,d}<extra></extra>",
        hoverongaps=False,
        colorscale=theme.SEQUENTIAL,
        reversescale=True,  # the nearest as bright as the largest weight elsewhere
        zmin=1,
        zmax=max(count, 2),
        colorbar=theme.colour_bar("rank") | {"tick0": 1, "dtick": max(1, count // 8)},
    )


def _cells(
    ids: np.ndarray,
    values: np.ndarray,
    labels: Sequence[str],
    room: int,
    written: Callable[[float], str],
) -> list[list[str]]:
    """A label and a number of `room` columns for each of (S, K); a dash for nobody."""
    known = {token: fitted(labels[token], LABEL) for token in np.unique(ids).tolist() if token >= 0}
    nobody = fitted("–", LABEL + room)
    return [
        [
            known[token] + written(value).rjust(room) if token >= 0 else nobody
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


def _nearest_words(ids: np.ndarray, labels: Sequence[str], way: str = "") -> str:
    told = f" At the last step {way}".rstrip()
    if ids[0] < 0:
        return f"{told} no token is near."
    return f"{told} '{labels[ids[0]]}' (id {ids[0]}) is nearest."
