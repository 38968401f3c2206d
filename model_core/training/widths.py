"""Where more dimensions stop paying: losses of several sizes from several seeds, compared."""

import math
from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """Of each of K sizes (K,): mean over seeds, standard deviation (n - 1), how many seeds.

    NaN without a seed, the deviation also with one.
    """

    mean: np.ndarray
    deviation: np.ndarray
    seeds: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Standard error of each mean, (K,)."""
        return self.deviation / np.sqrt(np.maximum(self.seeds, 1))


def spread(values: np.ndarray) -> Spread:
    """Of values (K, R) of K sizes from R seeds; what is not finite does not count."""
    known = np.isfinite(values)
    seeds = known.sum(axis=1)
    some = np.where(known, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = some.sum(axis=1) / seeds
        squares = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
        deviation = np.sqrt(squares / np.where(seeds > 1, seeds - 1, np.nan))
    return Spread(mean, deviation, seeds)


def enough(losses: Spread) -> tuple[int, int] | None:
    """Indices of the smallest size that is good enough, and of the best; None without any loss.

    Good enough is a mean within one standard error of the best one's (the one-standard-error rule
    of Breiman et al. 1984, The Elements of Statistical Learning 7.10). Sizes ascend.
    """
    if not np.isfinite(losses.mean).any():
        return None
    best = int(np.nanargmin(losses.mean))
    limit = losses.mean[best] + np.nan_to_num(losses.error[best])
    return int(np.flatnonzero(losses.mean <= limit)[0]), best


def paired(before: np.ndarray, after: np.ndarray) -> tuple[float, float, int]:
    """Mean of after - before over seeds (R,) that both have, its standard error, how many seeds."""
    difference = (after - before)[np.isfinite(before) & np.isfinite(after)]
    count = len(difference)
    mean = float(difference.mean()) if count else math.nan
    error = float(difference.std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan
    return mean, error, count
