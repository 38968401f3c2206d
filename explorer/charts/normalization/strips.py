"""A sentence as strips, one per case: each token's letter over a bar that is lit where it moved."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps
from explorer.charts.parts.labels import counted, escape, in_lines, shortened, stride, width
from explorer.panels import Frame, Panel

STRIP = 58  # pixels of a strip's letters and bar


def strips_panel(
    moved: Mapping[str, np.ndarray], labels: Sequence[str], frame: Frame, *, unit: str
) -> Panel:
    """How far (S, T) each of T tokens moved in each named case, ≥ 0, in `unit`; 0 is not lit.

    One scale for all cases and steps. ValueError when shapes do not fit.
    """
    drawn = [gaps(values, name, ("S", len(labels))) for name, values in moved.items()]
    bars = np.full((len(drawn[0]), 2 * len(drawn), len(labels)), np.nan, np.float32)
    for row, values in enumerate(drawn):
        bars[:, 2 * row + 1] = values  # under the row of its letters
    top = extent(bars)[1]
    words = [[in_lines(label) for label in labels]] * (2 * len(drawn))
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
                ygap=6,
                colorbar=theme.colour_bar("moved"),
            ),
            _letters(labels, len(drawn), theme.plot_width(frame.span)),
        ],
        _layout(list(moved), len(labels)),
    )
    return Panel(
        frame.at_height(STRIP * len(drawn) + 24),
        figure,
        moving={"0.z": bars},
        alt=f"{frame.title}: {counted(len(labels), 'token')} in {len(drawn)} strips, in {unit}. "
        f"At the last step {_words(moved, labels)}.",
    )


def _layout(names: list[str], count: int) -> go.Layout:
    rows = {
        "tickmode": "array",
        "tickvals": [2 * row + 0.5 for row in range(len(names))],
        "ticktext": [escape(name) for name in names],
    }
    return theme.layout(
        xaxis={"range": [-0.5, count - 0.5], "showticklabels": False, "ticks": ""},
        yaxis=theme.cell_axis("", 2 * len(names), rows, down=True)
        | {"ticks": "", "tickfont": {"size": 14}},
        margin={"l": 64, "r": 16, "t": 4, "b": 4},
    )


def _letters(labels: Sequence[str], strips: int, pixels: float) -> go.Scatter:
    every = stride(len(labels), pixels, max(map(width, labels)))
    shown = range(0, len(labels), every)
    return go.Scatter(
        x=np.array([*shown] * strips, np.float32),
        y=np.repeat(2 * np.arange(strips, dtype=np.float32), len(shown)),
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
