"""Several runs on one clock: which of a run's recorded steps each moment of the clock shows."""

from collections.abc import Iterable

import numpy as np


def union(clocks: Iterable[np.ndarray]) -> np.ndarray:
    """All moments of several clocks, ascending."""
    return np.unique(np.concatenate(list(clocks)))


def latest(at: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Which of ascending moments `at` (R,) is the latest not after each of `clock` (S,).

    (S,) int; -1 before the first.
    """
    return np.searchsorted(at, clock, side="right") - 1


def shown(values: np.ndarray, at: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Values (R, ...) recorded at moments (R,), as each moment of `clock` (S,) shows them.

    The latest before; NaN before the first moment and after the last.
    """
    where = latest(at, clock)
    found = np.asarray(values, np.float32)[np.maximum(where, 0)].copy()
    found[(where < 0) | (clock > at[-1])] = np.nan
    return found
