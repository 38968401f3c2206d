"""Linear maps over time: principal components, and an axis between two sets of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Basis: TypeAlias = int | np.ndarray | None  # a step, some steps, or all of them


@dataclass(frozen=True)
class PCA:
    """A linear map shared by all steps.

    layout (S, N, d): each row's point at each step. explained (d,): each axis's share of the
    variance of all rows at all steps, 0..1. components (d, C) are orthonormal; mean (C,).
    """

    layout: np.ndarray
    explained: np.ndarray
    components: np.ndarray
    mean: np.ndarray

    def arrows(self, moves: np.ndarray) -> np.ndarray:
        """Displacements (S, N, C) of the rows, projected onto the map: (S, N, d), exactly."""
        with np.errstate(invalid="ignore", over="ignore"):
            return (moves @ self.components.T).astype(np.float32)


def pca_over_time(vectors: np.ndarray, dimensions: int = 2, basis: Basis = None) -> PCA:
    """One basis for all steps of vectors (S, N, C): what moves on the map moved in the table.

    The principal axes (Pearson 1901) of the rows at step `basis` (0 the first, -1 the last), at
    some steps, or without one of all S·N rows, by the eigenvectors of their covariance. Each axis
    points to the row that is farthest along it at the first step, from the mean of that step: more
    steps do not turn it round, and the same vectors always give the same map. Rows with a number
    that is not finite are left out of the fit and NaN on the map. With fewer channels than
    dimensions the last axes are 0. ValueError when there is nothing to fit.
    """
    points = _points(vectors)
    finite = _finite(_fitted(points, basis))
    mean = finite.mean(0)
    components = _principal(finite - mean, dimensions, points)
    return _linear(points, components, mean)


def axis_over_time(
    vectors: np.ndarray,
    start: Sequence[int],
    end: Sequence[int],
    dimensions: int = 2,
    basis: Basis = None,
) -> PCA:
    """A map whose first axis leads from one set of rows to another: "vowels → consonants".

    The direction is that between the mean rows of the two sets, at step `basis` or over all steps;
    0 lies half way. The other axes are the principal ones of the rest orthogonal to it, as in
    `pca_over_time`. ValueError when a set is empty, or both have the same mean.
    """
    points = _points(vectors)
    fitted = _fitted(points, basis)
    for name, rows in (("start", start), ("end", end)):
        if not len(rows):
            raise ValueError(f"the axis has no token at its {name}; choose one at least")
    first, last = (_finite(fitted[:, list(rows)]).mean(0) for rows in (start, end))
    direction = last - first
    length = np.linalg.norm(direction)
    if not length > 0:
        raise ValueError("both ends of the axis have the same mean; choose other tokens")
    direction /= length
    finite = _finite(fitted)
    mean = finite.mean(0)
    mean = mean + ((first + last) / 2 - mean) @ direction * direction
    rest = finite - mean
    rest = rest - (rest @ direction)[:, None] * direction
    across = _principal(rest - rest.mean(0), dimensions - 1, points)
    return _linear(points, np.vstack([direction, across]), mean)


def _points(vectors: np.ndarray) -> np.ndarray:
    """(S, N, C) float64, whole rows NaN where a number is not finite."""
    if vectors.ndim != 3:
        raise ValueError(f"vectors must be (steps, rows, channels), got shape {vectors.shape}")
    points = vectors.astype(np.float64)
    points[~np.isfinite(points).all(-1)] = np.nan
    return points


def _fitted(points: np.ndarray, basis: Basis) -> np.ndarray:
    """The points of the steps that the axes are fitted on: (K, N, C)."""
    if isinstance(basis, int) and not -len(points) <= basis < len(points):
        raise ValueError(f"basis must be one of {len(points)} steps, got {basis}")
    return points if basis is None else points[np.atleast_1d(basis)]


def _finite(points: np.ndarray) -> np.ndarray:
    """The finite rows (M, C); ValueError when there are none."""
    rows = points.reshape(-1, points.shape[-1])
    rows = rows[~np.isnan(rows[:, 0])]
    if not len(rows):
        raise ValueError("no row of the table has only finite numbers; choose an earlier step")
    return rows


def _principal(centred: np.ndarray, dimensions: int, points: np.ndarray) -> np.ndarray:
    """The first principal axes (dimensions, C) of centred rows (M, C), each with its direction."""
    channels = centred.shape[1]
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    largest_first = np.argsort(-variances, kind="stable")[:dimensions]
    components = np.zeros((dimensions, channels))
    components[: len(largest_first)] = axes[:, largest_first].T
    return components * _directions(components, points)


def _directions(components: np.ndarray, points: np.ndarray) -> np.ndarray:
    """1 or -1 for each axis (d, C), (d, 1): to the farthest row of the first step with numbers; by
    the largest coefficient where the rows of that step lie on one point along the axis."""
    first = _finite(next(step for step in points if not np.isnan(step).all()))
    along = components @ (first - first.mean(0)).T
    farthest, largest = (_strongest(numbers) for numbers in (along, components))
    apart = np.abs(farthest) > 1e-12 * np.abs(first).max()
    return np.where(np.where(apart, farthest, largest) < 0, -1.0, 1.0)


def _strongest(numbers: np.ndarray) -> np.ndarray:
    """The number of largest magnitude in each row: (d, M) -> (d, 1)."""
    return np.take_along_axis(numbers, np.abs(numbers).argmax(1)[:, None], axis=1)


def _linear(points: np.ndarray, components: np.ndarray, mean: np.ndarray) -> PCA:
    """All points (S, N, C) projected onto the axes, and the variance that these explain."""
    layout = (points - mean) @ components.T
    spread = np.nanvar(points.reshape(-1, points.shape[-1]), axis=0).sum()
    variances = np.nanvar(layout.reshape(-1, len(components)), axis=0)
    explained = variances / spread if spread > 0 else np.zeros(len(components))
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and drawn as a gap
        return PCA(layout.astype(np.float32), explained, components, mean)
