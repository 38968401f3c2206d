"""How far the numbers that a layer receives move during training."""

import numpy as np


def shift(values: np.ndarray) -> np.ndarray:
    """The distance of the distribution of N numbers (S, ..., N) from the first step's: (S, ...).

    The 1-Wasserstein distance (earth mover's), in the unit of the numbers; for equally many numbers
    it is the mean absolute difference in ascending order. NaN where a number is not finite.
    """
    ordered = _ordered(values)
    return _apart(ordered, ordered[:1])


def shift_rate(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The same distance from the step before, divided by the optimizer steps between (steps (S,)).

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
    # In float64: after a model diverged the difference can overflow float32.
    return np.abs(np.subtract(ordered, others, dtype=np.float64)).mean(-1)
