"""What every query reads: all heads at a glance, one head large, one query's row."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts import theme
from explorer.charts.arrays import extent, extremes, gaps, padded
from explorer.charts.labels import NOBODY, column_ticks, escape, with_positions
from explorer.charts.squares import KEY, QUERY, Text, masked, square
from explorer.panels import Mosaic, Panel


def mosaic(
    weights: np.ndarray,
    *,
    key: str,
    title: str,
    selected: tuple[int, int] = (0, 0),
    span: int = 6,
    height: int = 480,
) -> Mosaic:
    """Weights (S, L, H, T, T) in 0..1 of every head, to the nearest 1/254; not finite is blank."""
    read = gaps(weights, "weights", ("S", "L", "H", "T", "T"))
    steps, layers, heads, time, keys = read.shape
    if time != keys:
        raise ValueError(f"weights must have as many keys as queries, got {keys} and {time}")
    levels = np.rint(np.clip(np.nan_to_num(read, nan=0.0), 0.0, 1.0) * 254).astype(np.uint8)
    levels[np.isnan(read)] = 255
    missing = int(np.isnan(read).sum())
    told = (
        f"{title}: weights of {layers * heads} heads, {layers} layers (rows) by {heads} heads "
        f"(columns), each {time} queries by {keys} keys, over {steps} recorded steps."
        f"{_sharpest(read[-1])}" + (f" {missing:,} weights are not finite." if missing else "")
    )
    return Mosaic(
        key=key,
        title=title,
        weights=levels,
        alt=told,
        span=span,
        height=height,
        selected=selected,
    )


def head_panel(
    weights: np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    query: int | None = None,
    marked: Mapping[int, str] = NOBODY,
    per_step: bool = False,
    span: int = 6,
    height: int | None = None,
) -> Panel:
    """One head's weights (S, T, T): rows are queries, columns the keys they read.

    A Pick is (query, key); row `query` is framed, `marked` positions have labels of their own
    colours. Masked cells (keys after the query) are blank; what `masked` gave is not copied.
    Colours run from 0 to 1, or with `per_step` to the largest weight of the step shown.
    """
    text = Text(labels, query, marked=marked)
    time = len(labels)
    read = masked(weights, "weights", time)
    tops = np.array([extent(step)[1] or 1.0 for step in read] if per_step else [1.0], np.float32)
    height = height or theme.square_height(time, span)
    figure = square(
        read[0],
        text,
        hover=f"{QUERY} reads %{{z:.3~g}} of {KEY}",
        colours={
            "colorscale": theme.SEQUENTIAL,
            "zmin": 0.0,
            "zmax": float(tops[0]),
            "colorbar": theme.colour_bar("weight"),
        },
        side=min(theme.plot_height(height), theme.plot_width(span)),
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={"0.z": read} | ({"0.zmax": tops} if per_step else {}),
        alt=_head_alt(title, read, labels),
        span=span,
        height=height,
        pickable=True,
    )


def row_panel(
    weights: np.ndarray,
    labels: Sequence[str],
    query: int,
    *,
    key: str,
    title: str,
    per_step: bool = False,
    span: int = 6,
    height: int = 240,
) -> Panel:
    """Weights (S, T) that position `query` of the text gives to every key; a Pick is (key,)."""
    time = len(labels)
    if not 0 <= query < time:
        raise ValueError(f"query must be in [0, {time}), got {query}")
    read = gaps(weights, "weights", ("S", time))
    read[:, query + 1 :] = np.nan  # masked: not even zero was read
    places = with_positions(labels)
    tops = [padded(0.0, extent(step)[1])[1] for step in read]
    figure = go.Figure(
        go.Bar(
            x=np.arange(time, dtype=np.float32),
            y=read[0],
            customdata=[escape(label) for label in labels],
            marker={"color": theme.CATEGORIES[0]},
            meta=escape(labels[query]),
            hovertemplate=f"query '%{{meta}}' at {query} reads %{{y:.3~g}} "
            "of key '%{customdata}' at %{x:d}<extra></extra>",
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title("key (is read)"),
                "range": [-0.5, time - 0.5],
                "tickfont": {"size": 12, "family": theme.GLYPHS},
                **column_ticks(places, theme.plot_width(span) + 64, query),
            },
            yaxis={
                "title": theme.axis_title("weight"),
                "range": [0, tops[0] if per_step else 1],
            },
            bargap=0.2,
        ),
    )
    moving = {"0.y": read}
    if per_step:
        moving["layout.yaxis.range"] = np.array([(0, top) for top in tops], np.float32)
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=f"{title}: bars of what query '{labels[query]}' at {query} reads of {query + 1} keys, "
        f"over {len(read)} recorded steps.{_most_read(read[-1], labels)}",
        span=span,
        height=height,
        pickable=True,
    )


def _most_read(row: np.ndarray, labels: Sequence[str]) -> str:
    if not np.isfinite(row).any():
        return " At the last step no weight is finite."
    most = int(np.nanargmax(row))
    return f" At the last step it reads most of '{labels[most]}' at {most}, {row[most]:.3g}."


def _head_alt(title: str, read: np.ndarray, labels: Sequence[str]) -> str:
    steps, time, _ = read.shape
    told = f"{title}: heatmap, {time} queries by {time} keys, over {steps} recorded steps."
    last = read[-1].copy()
    last[0] = np.nan  # the first query has itself alone to read
    ends = extremes(last)
    if ends is None:
        return told if time == 1 else f"{told} At the last step no weight is finite."
    query, key = ends[1]
    return (
        f"{told} At the last step, after the first query, the largest weight is "
        f"{last[query, key]:.3g}: '{labels[query]}' at {query} reads '{labels[key]}' at {key}."
    )


def _sharpest(last: np.ndarray) -> str:
    """Which head (L, H, T, T) reads one key most, by the mean of each query's largest weight."""
    peaks = np.nan_to_num(last, nan=0.0).max(axis=-1).mean(axis=-1)
    layer, head = np.unravel_index(peaks.argmax(), peaks.shape)
    return (
        f" At the last step head {head} of layer {layer} is the sharpest: "
        f"its queries give {peaks[layer, head]:.3g} to one key on average."
    )
