"""Numbers on their way through a norm: a row per stage, a dot per number, a line for each."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import counted, escape
from explorer.panels import Frame, Panel

LINKED = 64  # numbers: the lines of more are a grey area


def way_panel(
    stages: Mapping[str, np.ndarray], chosen: int, frame: Frame, *, share: bool = True
) -> Panel:
    """N numbers (S, N) at each named stage, from top to bottom, all on one axis.

    The `chosen` one is joined from stage to stage, with its values; the mean of each stage is
    marked where they `share` one, and named once. What is not finite is written as NaN. One scale
    for all steps. ValueError when shapes do not fit.
    """
    first, names = np.shape(next(iter(stages.values()))), list(stages)
    drawn = [gaps(values, name, ("S", first[-1])) for name, values in stages.items()]
    block = np.stack(drawn, axis=2)  # (S, N, stages)
    steps, count, rows = block.shape
    ends = padded(*extent(block), share=0.1)
    y = np.arange(rows, dtype=np.float32)
    one = np.ascontiguousarray(block[:, chosen])
    means = _rounded(block.astype(np.float64).mean(1), ends)
    lost = np.where(np.isnan(block).any(1), np.float32(sum(ends) / 2), np.float32(np.nan))
    traces: list[tuple[go.Scatter, np.ndarray]] = []
    if count <= LINKED:
        traces.append(_links(block, y))
    traces.append(_dots(block, y, names))
    if share and count > 1:
        traces.append(_means(means, y))
    traces += [_one(one, y), _lost(lost, y)]
    return Panel(
        frame.at_height(260),
        go.Figure([trace for trace, _ in traces], _layout(names, ends)),
        moving={f"{at}.x": array for at, (_, array) in enumerate(traces)},
        alt=f"{frame.title}: {counted(count, 'number')} at {rows} stages, {steps} recorded steps. "
        f"At the last step {_words(names, one[-1], means[-1])}",
    )


def _layout(names: list[str], ends: tuple[float, float]) -> go.Layout:
    across = theme.value_axis("", ends) | {"zeroline": True, "zerolinecolor": theme.FAINT}
    return theme.layout(
        xaxis=across,
        yaxis={
            "range": [len(names) - 0.35, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(names))),
            "ticktext": [escape(name) for name in names],
            "ticks": "",
            "tickfont": {"size": 14},
        },
        margin=theme.MARGIN | {"b": 28},
    )


def _rounded(means: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """A mean that differs from 0 by rounding only is 0."""
    return np.where(abs(means) < 1e-6 * (ends[1] - ends[0]), 0, means).astype(np.float32)


def _links(block: np.ndarray, y: np.ndarray) -> tuple[go.Scatter, np.ndarray]:
    """A line per number through all stages, a gap after each."""
    steps, count, _ = block.shape
    gap = np.full((steps, count, 1), np.nan, np.float32)
    x = np.concatenate([block, gap], axis=2).reshape(steps, -1)
    line = {"color": theme.FAINT, "width": 1}
    ys = np.tile(np.append(y, np.float32(np.nan)), count)
    return go.Scatter(x=x[0], y=ys, mode="lines", line=line, hoverinfo="skip"), x


def _dots(block: np.ndarray, y: np.ndarray, names: list[str]) -> tuple[go.Scatter, np.ndarray]:
    x = block.swapaxes(1, 2).reshape(len(block), -1)  # stage by stage
    count = block.shape[1]
    dots = go.Scatter(
        x=x[0],
        y=np.repeat(y, count),
        mode="markers",
        marker={"size": 11, "opacity": 0.6, "color": theme.CATEGORIES[0]},
        customdata=[escape(name) for name in names for _ in range(count)],
        hovertemplate="%{customdata}: %{x:.6~g}<extra></extra>",
    )
    return dots, x


def _means(means: np.ndarray, y: np.ndarray) -> tuple[go.Scatter, np.ndarray]:
    mark = {"symbol": "line-ns-open", "size": 22, "color": theme.CURSOR, "line": {"width": 3}}
    trace = go.Scatter(
        x=means[0],
        y=y,
        mode="markers+text",
        marker=mark,
        text=["mean"] + [""] * (len(y) - 1),
        textposition="bottom center",
        textfont={"size": 13},
        hovertemplate="mean %{x:.4g}<extra></extra>",
    )
    return trace, means


def _one(one: np.ndarray, y: np.ndarray) -> tuple[go.Scatter, np.ndarray]:
    trace = go.Scatter(
        x=one[0],
        y=y,
        mode="lines+markers+text",
        line={"color": theme.CHOSEN, "width": 2.5},
        marker={"size": 15, "color": theme.CHOSEN},
        texttemplate="%{x:.4g}",
        textposition="top right",
        textfont={"size": 15, "color": theme.CHOSEN},
        hoverinfo="skip",
        cliponaxis=False,
    )
    return trace, one


def _lost(lost: np.ndarray, y: np.ndarray) -> tuple[go.Scatter, np.ndarray]:
    """NaN written in the row of a stage with a number that is not finite."""
    trace = go.Scatter(
        x=lost[0],
        y=y,
        text=["NaN or infinite"] * len(y),
        mode="text",
        textfont={"size": 15, "color": theme.CHOSEN},
        hoverinfo="skip",
    )
    return trace, lost


def _words(names: list[str], one: np.ndarray, means: np.ndarray) -> str:
    parts = [
        f"{name} it is {value:.4g}, the mean {mean:.4g}"
        if np.isfinite(value + mean)
        else f"{name} there is NaN or infinity"
        for name, value, mean in zip(names, one, means, strict=True)
    ]
    return f"{'; '.join(parts)}."
