"""What the step clock draws and what its bar shows, as plain data: no Streamlit, no drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go


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
    """Every head of every layer on one canvas: weights (S, L, H, T, T) as uint8, 254 = 1.0
    and 255 not a number, which stays blank.

    Rows are layers, columns heads. Cells above the diagonal (masked) stay blank. `selected` is the
    (layer, head) with a frame around it; a click picks another.
    """

    key: str
    title: str
    weights: np.ndarray
    alt: str = ""
    span: int = 6
    height: int = 480
    selected: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Words:
    """One text a recorded step, shown as it is (monospace, line breaks kept)."""

    key: str
    title: str
    texts: Sequence[str]
    alt: str = ""
    span: int = 12
    height: int = 120


@dataclass(frozen=True)
class Tick:
    """Something that happened at a step, marked on the track."""

    step: int
    label: str


@dataclass(frozen=True)
class Timeline:
    """Recorded steps, epochs and losses in nats per token (NaN: unknown), (S,) each.

    `trust`, where a map is shown: how far to trust it at each step, in [0, 1] (NaN: unknown), (S,).
    """

    steps: np.ndarray
    epochs: np.ndarray
    losses: np.ndarray
    ticks: Sequence[Tick] = ()
    trust: np.ndarray | None = None
