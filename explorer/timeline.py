"""What the step clock moves through, as plain data: recorded steps, and marks on its track."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tick:
    """An event at a step, marked on the track."""

    step: int
    label: str


@dataclass(frozen=True)
class Timeline:
    """Recorded steps, epochs and losses in `unit` (NaN: unknown), (S,) each.

    `trust` (S,) in [0, 1]: how far to trust the map shown at each step (NaN: unknown). On another
    clock than that of steps, `steps` are its moments, `per` of which make one `clock` unit.
    """

    steps: np.ndarray
    epochs: np.ndarray
    losses: np.ndarray
    ticks: Sequence[Tick] = ()
    trust: np.ndarray | None = None
    unit: str = "nats/token"
    clock: str = "step"
    per: int = 1
