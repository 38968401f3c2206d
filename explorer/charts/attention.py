"""What every query reads: all heads at a glance, one head large, one query's row."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts import theme
from explorer.charts.arrays import extent, extremes, gaps, padded
from explorer.charts.labels import NOBODY, column_ticks, escape, with_positions
from explorer.charts.squares import KEY, QUERY, Text, masked, square
from explorer.panels import NO_NUMBER, NO_ROLE, ONE, Mosaic, Panel


def levels(weights: np.ndarray) -> np.ndarray:
    """What a Mosaic is given of weights (..., T, T): the nearest of 254 levels in (..., T(T+1)/2).

    The lower triangles, one query after the other, uint8: 254 is 1.0, 255 what is not finite.
    """
    *rest, time, keys = weights.shape if np.ndim(weights) >= 2 else (0, 0)
    if time == 0 or time != keys:
        raise ValueError(f"weights must be queries by as many keys, got shape {np.shape(weights)}")
    queries, read = np.tril_indices(time)
    flat = weights.reshape(*rest, time * time)
    packed = np.take(flat, queries * time + read, axis=-1).astype(np.float32, copy=False)
    missing = ~np.isfinite(packed)
    packed[missing] = 0.0
    np.clip(packed, 0.0, 1.0, out=packed)
    packed *= ONE
    packed += 0.5  # the conversion cuts off what stands behind the point
    found = packed.astype(np.uint8)
    found[missing] = NO_NUMBER
    return found


def mosaic(
    levels: np.ndarray,
    size: int,
    *,
    key: str,
    title: str,
    roles: np.ndarray | None = None,
    role_names: Sequence[str] = (),
    selected: tuple[int, int] = (0, 0),
    span: int = 6,
    height: int = 480,
) -> Mosaic:
    """Every head's weights as `levels` gives them, (S, L, H, T(T+1)/2) for `size` T queries.

    `roles` (S, L, H) uint8 say which of `role_names` a head has at a step, NO_ROLE none.
    """
    if levels.ndim != 4 or levels.shape[-1] != size * (size + 1) // 2 or levels.size == 0:
        raise ValueError(
            f"levels of {size} queries must be (S, L, H, {size * (size + 1) // 2}), "
            f"got {levels.shape}"
        )
    steps, layers, heads, _ = levels.shape
    missing = int((levels == NO_NUMBER).sum())
    told = (
        f"{title}: weights of {layers * heads} heads, {layers} layers (rows) by {heads} heads "
        f"(columns), each {size} queries by {size} keys, over {steps} recorded steps."
        f"{_sharpest(levels[-1], size)}"
        + ("" if roles is None else _named(roles[-1], role_names))
        + (f" {missing:,} weights are not finite." if missing else "")
    )
    return Mosaic(
        key=key,
        title=title,
        weights=levels,
        size=size,
        alt=told,
        span=span,
        height=height,
        selected=selected,
        roles=roles,
        role_names=role_names,
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


def _sharpest(last: np.ndarray, size: int) -> str:
    """Which head, of levels (L, H, P), reads one key most: the mean of its queries' largest."""
    first_keys = np.arange(size) * np.arange(1, size + 1) // 2
    known = np.where(last == NO_NUMBER, 0, last)
    peaks = np.maximum.reduceat(known, first_keys, axis=-1).mean(axis=-1) / ONE
    layer, head = np.unravel_index(peaks.argmax(), peaks.shape)
    return (
        f" At the last step head {head} of layer {layer} is the sharpest: "
        f"its queries give {peaks[layer, head]:.3g} to one key on average."
    )


def _named(last: np.ndarray, names: Sequence[str]) -> str:
    """The heads that have a role, of roles (L, H)."""
    told = [
        f"head {head} of layer {layer} is {names[last[layer, head]]}"
        for layer, head in np.argwhere(last != NO_ROLE)
    ]
    return f" At the last step {', '.join(told)}." if told else ""
