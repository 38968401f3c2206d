"""Names of lines at their right ends, in their colours and their order, in place of a legend."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts.labels import escape, width

NAME = 18  # pixels that the line of a name needs, of letters of 13
BESIDE = 28  # pixels between a line's end and its name: there may stand the last number


def end_labels(
    names: Sequence[str],
    ends: np.ndarray,
    colours: Sequence[str],
    *,
    limits: tuple[float, float],
    height: float,
) -> list[go.layout.Annotation]:
    """One name a line that ends at `ends` (N,), on an axis of these limits `height` pixels high.

    Names keep a line's distance, in the order of the ends. A line outside of the limits has its
    name at the nearer one, a line of which nothing is known (NaN) at the lower one.
    """
    low, high = limits
    wanted = np.nan_to_num((ends - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
    places = apart(wanted.clip(0, 1), NAME / height)
    return [
        go.layout.Annotation(
            text=escape(name),
            font={"color": colour, "size": 13},
            x=1,
            xref="paper",
            xanchor="left",
            xshift=BESIDE,
            y=place,
            yref="paper",
            yanchor="middle",
            showarrow=False,
        )
        for name, colour, place in zip(names, colours, places, strict=True)
    ]


def room(names: Sequence[str]) -> int:
    """Pixels that end labels need at the right of a plot."""
    return BESIDE + 8 + round(max(map(width, names)))


def apart(wanted: np.ndarray, gap: float) -> np.ndarray:
    """(N,) in [0, 1], in the order of `wanted`, at least `gap` apart as far as there is room."""
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    up = np.maximum.accumulate(wanted[order] - steps) + steps  # each above the one before
    centred = up - (up - wanted[order]).mean()
    tops = 1 - steps[::-1]  # the highest place that leaves room for those above
    places = np.empty(len(wanted))
    places[order] = np.maximum(np.minimum(centred, tops), steps)
    return places
