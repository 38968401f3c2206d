"""Tables of different runs laid over each other: by a rotation, which changes no distance."""

from typing import NamedTuple

import numpy as np


class Overlay(NamedTuple):
    """How points (..., C) are moved onto others: (x - `source`) @ `rotation` + `target`.

    `likeness` in [0, 1]: the share of the squared lengths that the best rotation and scale explain.
    """

    rotation: np.ndarray
    source: np.ndarray
    target: np.ndarray
    likeness: float

    def moved(self, points: np.ndarray) -> np.ndarray:
        return (points - self.source) @ self.rotation + self.target


def overlay(source: np.ndarray, target: np.ndarray) -> Overlay:
    """The rotation of `source` (N, C) that comes nearest to `target` (N, C), rows in one order.

    Orthogonal Procrustes (Schönemann 1966), both centred first. ValueError unless shapes agree and
    all numbers are finite.
    """
    if source.shape != target.shape or not np.isfinite([source, target]).all():
        raise ValueError(f"tables {source.shape} and {target.shape} must agree and be finite")
    source, target = source.astype(np.float64), target.astype(np.float64)
    middles = source.mean(axis=0), target.mean(axis=0)
    one, other = source - middles[0], target - middles[1]
    left, values, right = np.linalg.svd(one.T @ other)
    whole = (one**2).sum() * (other**2).sum()
    likeness = float(values.sum() ** 2 / whole) if whole else float("nan")
    return Overlay(left @ right, *middles, likeness)


def widened(vectors: np.ndarray, channels: int) -> np.ndarray:
    """Vectors (..., C) with zeros as further channels: distances and angles stay."""
    more = channels - vectors.shape[-1]
    return np.pad(vectors, [(0, 0)] * (vectors.ndim - 1) + [(0, more)])
