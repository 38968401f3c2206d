"""The four stages of one head's weights, and what each weight moves."""

import math
from typing import Any

import numpy as np

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import bound, extent, gaps
from explorer.charts.parts.squares import KEY, QUERY, Labels, Style, masked, square
from explorer.panels import Frame, Panel
from explorer.picks import Pairs

BAR = 36  # pixels for a colour bar and its numbers above a square


def stage_panels(
    scores: np.ndarray, weights: np.ndarray, head_size: int, text: Labels
) -> list[Panel]:
    """The four stages of one head at T positions: product, scaled, masked, softmax.

    scores (S, T, T) are query · key / √head_size before the mask, weights (S, T, T) follow from
    them; weights that `masked` returned are not copied. Scales are centred on zero and reach the
    largest magnitude of all cells and steps, the future included: 2 and 3 share theirs, so the
    mask takes cells away and changes no colour. Raises ValueError when shapes do not fit.
    """
    scaled = gaps(scores, "scores", ("S", len(text.labels), len(text.labels)))
    read = masked(weights, "weights", len(text.labels))
    if len(read) != len(scaled):
        raise ValueError(f"weights of {len(read)} steps do not fit scores of {len(scaled)}")
    root = math.sqrt(head_size)
    with np.errstate(over="ignore"):
        product = gaps(scaled * root, "scores", scaled.shape)
    divided = f"{QUERY}<br>· {KEY}<br>divided by {root:.4g}: %{{z:.4~g}}"
    allowed = f"{QUERY}<br>may read {KEY}:<br>score %{{z:.4~g}}"
    stages = (
        ("product", "query · key", product, f"{QUERY}<br>· {KEY}<br>= %{{z:.4~g}}"),
        ("scaled", f"divided by √head_size (= {root:.4g})", scaled, divided),
        ("masked", "future masked", masked(scaled), allowed),
        ("weights", "softmax", read, f"{QUERY}<br>gives %{{z:.3~p}} of its<br>attention to {KEY}"),
    )
    colours = (_signed(product), _signed(scaled), _signed(scaled), _positive(1.0))
    return [
        _square_panel(
            values,
            text,
            Style(hover, colours[number], future=number < 2),
            Frame(f"stage-{name}", f"{number + 1} · {title}", span=3),
        )
        for number, (name, title, values, hover) in enumerate(stages)
    ]


def contribution_panel(contributions: np.ndarray, text: Labels, frame: Frame) -> Panel:
    """How far each key moves each query: ‖weight · value · W_O‖ (S, T, T), Kobayashi et al. 2020.

    Colours run from 0 to the largest length over all steps. Masked cells are blank. Raises
    ValueError when shapes do not fit.
    """
    lengths = masked(contributions, "contributions", len(text.labels))
    hover = f"{KEY}<br>moves {QUERY}<br>by a length of %{{z:.4~g}}"
    return _square_panel(lengths, text, Style(hover, _positive(extent(lengths)[1] or 1.0)), frame)


def _square_panel(values: np.ndarray, text: Labels, style: Style, frame: Frame) -> Panel:
    """Values (S, T, T) in a square as wide as the panel, its colour bar above it."""
    across = theme.plot_width(frame.span) + 64  # no colour bar beside it
    frame = frame.at_height(int(across) + BAR + theme.MARGIN["t"] + theme.MARGIN["b"])
    side = min(theme.plot_height(frame.height) - BAR, across)
    return Panel(
        frame,
        square(values[0], text, style, side),
        moving={"0.z": values},
        alt=_square_alt(frame.title, values, text),
        picks=Pairs(len(text.labels)),
    )


def _signed(values: np.ndarray) -> dict[str, Any]:
    end = bound(values)
    bar = theme.flat_colour_bar([-end, 0.0, end])
    return {"colorscale": theme.DIVERGING, "zmin": -end, "zmax": end, "colorbar": bar}


def _positive(end: float) -> dict[str, Any]:
    bar = theme.flat_colour_bar([0.0, end / 2, end])
    return {"colorscale": theme.SEQUENTIAL, "zmin": 0.0, "zmax": end, "colorbar": bar}


def _square_alt(title: str, values: np.ndarray, text: Labels) -> str:
    steps, time, _ = values.shape
    query, key, last = text.query, text.key, values[-1]
    assert query is not None and key is not None, "a stage is drawn of a chosen pair"

    def cell(query: int, key: int) -> str:
        return f"query '{text.labels[query]}' at {query}, key '{text.labels[key]}' at {key}"

    opening = f"{title}: heatmap, {time} queries by {time} keys, over {steps} recorded steps."
    words = between(last, "from {lowest:.4g} ({low}) to {highest:.4g} ({high})", cell)
    if not words:
        return f"{opening} At the last step no number is finite."
    chosen = "masked" if key > query else "not finite"
    if np.isfinite(last[query, key]):
        chosen = f"{last[query, key]:.4g}"
    return f"{opening} At the last step {words}; {cell(query, key)}: {chosen}."
