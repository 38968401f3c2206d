"""A sentence as strips, one per case: each token's letter over a bar that is lit where it moved."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps
from explorer.charts.parts.labels import counted, escape, in_lines, shortened, stride, width
from explorer.panels import Frame, Panel

STRIP = 68  # pixels of a strip's name, letters and bar
ABOVE = 40  # pixels of the colour bar


def strips_panel(
    moved: Mapping[str, np.ndarray], labels: Sequence[str], frame: Frame, *, unit: str
) -> Panel:
    """How far (S, T) each of T tokens moved in each named case, ≥ 0, in `unit`; 0 is not lit.

    One scale for all cases and steps. ValueError when shapes do not fit.
    """
    drawn = [gaps(values, name, ("S", len(labels))) for name, values in moved.items()]
    bars = np.full((len(drawn[0]), 3 * len(drawn), len(labels)), np.nan, np.float32)
    for row, values in enumerate(drawn):
        bars[:, 3 * row + 2] = values  # under the rows of its name and of its letters
    top = extent(bars)[1]
    words = [[in_lines(label) for label in labels]] * (3 * len(drawn))
    figure = go.Figure(
        [
            go.Heatmap(
                z=bars[0],
                zmin=0,
                zmax=top or 1,
                text=words,
                hovertemplate=f"'%{{text}}' at %{{x}}: %{{z:.4g}} ({escape(unit)})<extra></extra>",
                hoverongaps=False,
                colorscale=theme.SEQUENTIAL,
                ygap=4,
                colorbar=theme.flat_colour_bar([0, top or 1]),
            ),
            _letters(labels, len(drawn), theme.plot_width(frame.span)),
        ],
        _layout(list(moved), len(labels)),
    )
    return Panel(
        frame.at_height(STRIP * len(drawn) + ABOVE + 4),
        figure,
        moving={"0.z": bars},
        alt=f"{frame.title}: {counted(len(labels), 'token')} in {len(drawn)} strips, in {unit}. "
        f"At the last step {_words(moved, labels)}.",
    )


def _layout(names: list[str], count: int) -> go.Layout:
    return theme.layout(
        xaxis={"range": [-0.5, count - 0.5], "showticklabels": False, "ticks": ""},
        yaxis={"range": [3 * len(names) - 0.5, -0.5], "showticklabels": False, "ticks": ""},
        annotations=[_name(name, row) for row, name in enumerate(names)],
        margin={"l": 8, "r": 8, "t": ABOVE, "b": 4},
    )


def _name(name: str, row: int) -> dict[str, Any]:
    """A strip's name above its letters, so that they have the whole width."""
    return {
        "text": escape(name),
        "font": {"size": 14},
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 3 * row,
        "yanchor": "middle",
        "showarrow": False,
    }


def _letters(labels: Sequence[str], strips: int, pixels: float) -> go.Scatter:
    every = stride(len(labels), pixels, max(map(width, labels)))
    shown = range(0, len(labels), every)
    return go.Scatter(
        x=np.array([*shown] * strips, np.float32),
        y=np.repeat(3 * np.arange(strips, dtype=np.float32) + 1, len(shown)),
        text=[escape(shortened(labels[at])) for at in shown] * strips,
        mode="text",
        textfont={"size": 15, "family": theme.GLYPHS},
        hoverinfo="skip",
    )


def _words(moved: Mapping[str, np.ndarray], labels: Sequence[str]) -> str:
    parts = []
    for name, values in moved.items():
        last = values[-1]
        if not np.isfinite(last).any():
            parts.append(f"{name}: NaN or infinite")
        elif not np.nanmax(last):
            parts.append(f"{name}: no token moves, exactly 0")
        else:
            most = int(np.nanargmax(last))
            parts.append(f"{name}: '{labels[most]}' at {most} moves most, by {last[most]:.3g}")
    return "; ".join(parts)
