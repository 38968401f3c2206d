"""How far the numbers that a layer receives move during training."""

import numpy as np


def shift(values: np.ndarray) -> np.ndarray:
    """How far the distribution of N numbers (S, ..., N) is from that of the first step: (S, ...).

    The 1-Wasserstein distance (earth mover's), in the unit of the numbers: how far each has to go
    on average. Of equally many it is the mean distance between the two in ascending order. NaN
    where a number is not finite.
    """
    ordered = _ordered(values)
    return _apart(ordered, ordered[:1])


def shift_rate(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The same distance from the step (S,) before, for each optimizer step between the two.

    Unit of the numbers per step: (S, ...), NaN at the first.
    """
    ordered = _ordered(values)
    rate = np.full(ordered.shape[:-1], np.nan)
    between = np.diff(steps).reshape(-1, *[1] * (ordered.ndim - 2))
    rate[1:] = _apart(ordered[1:], ordered[:-1]) / between
    return rate


def _ordered(values: np.ndarray) -> np.ndarray:
    return np.sort(np.where(np.isfinite(values), values, np.nan), axis=-1)


def _apart(ordered: np.ndarray, others: np.ndarray) -> np.ndarray:
    # In float64: of a diverged model the difference can be beyond float32.
    return np.abs(np.subtract(ordered, others, dtype=np.float64)).mean(-1)
