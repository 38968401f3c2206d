"""What the step clock draws and what its bar shows, as plain data: no Streamlit, no drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go

ONE = 254  # the level of a weight of 1.0 in a Mosaic
NO_NUMBER = 255  # the level of a weight that is none
NO_ROLE = 255  # of a head that has none


@dataclass(frozen=True)
class Panel:
    """A Plotly figure, drawn once, and what of it changes with the step.

    `moving` maps "<trace>.<attribute path>" ("0.z", "1.marker.size") or "layout.<path>"
    ("layout.xaxis.range") to an array whose first axis is the recorded steps: (S,), (S, N) or
    (S, R, C), float32 or uint8. NaN is drawn as a gap.
    """

    key: str  # unique on the page; names the panel in a Pick
    title: str
    figure: go.Figure
    moving: Mapping[str, np.ndarray] = field(default_factory=dict)
    alt: str = ""  # what the picture shows, for readers who cannot see it
    span: int = 12  # columns of twelve; everything is stacked on a narrow screen
    rows: int = 1  # how many panels of one row each may stand beside it
    height: int = 360  # pixels
    pickable: bool = False  # a click on a point is told to Python
    lasso: bool = False  # so is what a lasso or a box holds, as a Selection
    declutter: bool = False  # labels of "markers+text" never overlap: moved aside, or hidden
    # Point number -> what a Pick or a Selection says, where only some rows are shown.
    picks: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Mosaic:
    """Every head of every layer on one canvas: rows are layers, columns heads.

    `weights` (S, L, H, T(T+1)/2) uint8 are the lower triangles of `size` T queries, one query after
    the other: 254 = 1.0, 255 not a number, which stays blank like the masked cells above the
    diagonal. There stands the role that a head has at a step: `roles` (S, L, H) uint8 count in
    `role_names`, 255 is none. `selected` is the (layer, head) with a frame around it; a click
    picks another.
    """

    key: str
    title: str
    weights: np.ndarray
    size: int
    alt: str = ""
    span: int = 6
    height: int = 480
    selected: tuple[int, int] = (0, 0)
    roles: np.ndarray | None = None
    role_names: Sequence[str] = ()


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


@dataclass(frozen=True)
class Text:
    """The sentence itself: what the chosen query reads lights up behind its keys.

    `labels` (T,) are printable tokens, `weights` (S, T, T) float32 in 0..1 with queries as rows, or
    (1, T, T) where they are the same at every step; NaN lights nothing (masked, or not a number).
    A click makes a position the query at once and picks it as (position,). `written` positions are
    underlined.
    """

    key: str
    title: str
    labels: Sequence[str]
    weights: np.ndarray
    # One weight in words, with {query}, {query_at}, {weight}, {key} and {key_at} in their places.
    says: str
    query: int
    alt: str = ""
    span: int = 12
    height: int = 128
    written: tuple[int, ...] = ()


@dataclass(frozen=True)
class Words:
    """One text a recorded step, shown as it is (monospace, line breaks kept)."""

    key: str
    title: str
    texts: Sequence[str]
    alt: str = ""
    span: int = 12
    height: int = 120


AnyPanel: TypeAlias = Panel | Mosaic | Text | Words


@dataclass(frozen=True)
class Tick:
    """Something that happened at a step, marked on the track."""

    step: int
    label: str


@dataclass(frozen=True)
class Timeline:
    """Recorded steps, epochs and losses in `unit` (NaN: unknown), (S,) each.

    `trust`, where a map is shown: how far to trust it at each step, in [0, 1] (NaN: unknown), (S,).
    """

    steps: np.ndarray
    epochs: np.ndarray
    losses: np.ndarray
    ticks: Sequence[Tick] = ()
    trust: np.ndarray | None = None
    unit: str = "nats/token"
