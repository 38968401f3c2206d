"""What every query reads: all heads at a glance, one head large."""

from collections.abc import Mapping, Sequence

import numpy as np

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extremes
from explorer.charts.parts.labels import NOBODY
from explorer.charts.parts.squares import KEY, QUERY, Text, masked, square
from explorer.panels import NO_NUMBER, NO_ROLE, ONE, Mosaic, Panel


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
    span: int = 6,
    height: int | None = None,
) -> Panel:
    """One head's weights (S, T, T): rows are queries, columns the keys they read.

    A Pick is (query, key); row `query` is framed, `marked` positions have labels of their own
    colours. Masked cells (keys after the query) are blank; what `masked` gave is not copied.
    Colours run from 0 to 1.
    """
    text = Text(labels, query, marked=marked)
    time = len(labels)
    read = masked(weights, "weights", time)
    height = height or theme.square_height(time, span)
    figure = square(
        read[0],
        text,
        hover=f"{QUERY} reads %{{z:.3~g}} of {KEY}",
        colours={
            "colorscale": theme.SEQUENTIAL,
            "zmin": 0.0,
            "zmax": 1.0,
            "colorbar": theme.colour_bar("weight"),
        },
        side=min(theme.plot_height(height), theme.plot_width(span)),
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={"0.z": read},
        alt=_head_alt(title, read, labels),
        span=span,
        height=height,
        pickable=True,
    )


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
