"""What every query reads: all heads at a glance, one head large."""

from collections.abc import Sequence

import numpy as np

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.squares import KEY, QUERY, Labels, Style, masked, square
from explorer.levels import NO_NUMBER, ONE
from explorer.panels import NO_ROLE, Frame, Mosaic, Panel, Roles
from explorer.picks import Pairs


def mosaic(
    levels: np.ndarray,
    size: int,
    frame: Frame,
    *,
    selected: tuple[int, int] = (0, 0),
    roles: Roles | None = None,
) -> Mosaic:
    """Every head's weights as `levels` gives them, (S, L, H, T(T+1)/2) for `size` T queries."""
    if levels.ndim != 4 or levels.shape[-1] != size * (size + 1) // 2 or levels.size == 0:
        raise ValueError(
            f"levels of {size} queries must be (S, L, H, {size * (size + 1) // 2}), "
            f"got {levels.shape}"
        )
    steps, layers, heads, _ = levels.shape
    missing = int((levels == NO_NUMBER).sum())
    alt = (
        f"{frame.title}: weights of {layers * heads} heads, {layers} layers (rows) by {heads} "
        f"heads (columns), each {size} queries by {size} keys, over {steps} recorded steps."
        f"{_sharpest(levels[-1], size)}"
        + ("" if roles is None else _named(roles.numbers[-1], roles.names))
        + (f" {missing:,} weights are not finite." if missing else "")
    )
    return Mosaic(frame.at_height(480), levels, size, alt, selected, roles)


def head_panel(weights: np.ndarray, text: Labels, frame: Frame) -> Panel:
    """One head's weights (S, T, T): rows are queries, columns the keys they read.

    Masked cells (keys after the query) are blank; what `masked` returned is not copied. Colours run
    from 0 to 1.
    """
    time = len(text.labels)
    read = masked(weights, "weights", time)
    frame = frame.at_height(theme.square_height(time, frame.span))
    style = Style(
        hover=f"{QUERY} gives %{{z:.3~p}} of its attention to {KEY}",
        colours={
            "colorscale": theme.SEQUENTIAL,
            "zmin": 0.0,
            "zmax": 1.0,
            "colorbar": theme.colour_bar("weight"),
        },
    )
    side = min(theme.plot_height(frame.height), theme.plot_width(frame.span))
    return Panel(
        frame,
        square(read[0], text, style, side),
        moving={"0.z": read},
        alt=_head_alt(frame.title, read, text.labels),
        picks=Pairs(time),
    )


def _head_alt(title: str, read: np.ndarray, labels: Sequence[str]) -> str:
    steps, time, _ = read.shape
    opening = f"{title}: heatmap, {time} queries by {time} keys, over {steps} recorded steps."
    if time == 1:
        return opening
    last = read[-1].copy()
    last[0] = np.nan  # the first query has itself alone to read
    words = between(
        last,
        ", after the first query, the largest weight is {highest:.3g}: {high}.",
        lambda query, key: f"'{labels[query]}' at {query} reads '{labels[key]}' at {key}",
    )
    return f"{opening} At the last step{words or ' no weight is finite.'}"


def _sharpest(last: np.ndarray, size: int) -> str:
    """The head, of levels (L, H, P), whose queries' largest weights have the highest mean."""
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
    heads = [
        f"head {head} of layer {layer} is {names[last[layer, head]]}"
        for layer, head in np.argwhere(last != NO_ROLE)
    ]
    return f" At the last step {', '.join(heads)}." if heads else ""
