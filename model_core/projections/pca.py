"""Maps of embedding tables over time."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PCA:
    """Principal components shared by all steps.

    layout (S, N, d): each row's place at each step. explained (d,): the share of the variance of
    all rows at all steps, 0..1. components (d, C) are orthonormal; mean (C,).
    """

    layout: np.ndarray
    explained: np.ndarray
    components: np.ndarray
    mean: np.ndarray


def pca_over_time(vectors: np.ndarray, dimensions: int = 2) -> PCA:
    """One basis for all steps of vectors (S, N, C), so that what moves on the map moved indeed.

    The principal axes (Pearson 1901) of the S·N points, by the eigenvectors of their covariance;
    each axis points where its largest coefficient is positive, so the same vectors always give the
    same map. Rows with a number that is not finite are left out of the fit and placed at NaN. With
    fewer channels than dimensions the last axes are 0.
    """
    if vectors.ndim != 3:
        raise ValueError(f"vectors must be (steps, rows, channels), got shape {vectors.shape}")
    points = vectors.reshape(-1, vectors.shape[-1]).astype(np.float64)
    points[~np.isfinite(points).all(1)] = np.nan
    finite = points[~np.isnan(points[:, 0])]
    if not len(finite):
        raise ValueError("no row of the table has only finite numbers; choose an earlier step")
    mean = finite.mean(0)
    variances, axes = np.linalg.eigh(np.cov(finite.T, bias=True).reshape(len(mean), -1))
    largest_first = np.argsort(-variances, kind="stable")[:dimensions]
    components = np.zeros((dimensions, len(mean)))
    components[: len(largest_first)] = axes[:, largest_first].T
    strongest = np.take_along_axis(components, np.abs(components).argmax(1)[:, None], axis=1)
    components *= np.where(strongest < 0, -1.0, 1.0)
    total = variances.sum()
    explained = np.zeros(dimensions)
    explained[: len(largest_first)] = variances[largest_first] / total if total > 0 else 0.0
    layout = ((points - mean) @ components.T).reshape(*vectors.shape[:2], dimensions)
    return PCA(layout.astype(np.float32), explained, components, mean)
