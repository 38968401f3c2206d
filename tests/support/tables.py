"""Tables (S, N, C) whose properties are known, for tests of maps over time."""

import numpy as np


def walk(steps: int = 4, rows: int = 30, channels: int = 5, seed: int = 0) -> np.ndarray:
    """Independent random walks, one a row."""
    draw = np.random.default_rng(seed)
    return draw.normal(size=(steps, rows, channels)).cumsum(0).astype(np.float32)


def clustered(
    steps: int = 4, rows: int = 30, channels: int = 8, clusters: int = 3, seed: int = 0
) -> np.ndarray:
    """Row i belongs to cluster i % clusters; clusters emerge from noise over the steps."""
    draw = np.random.default_rng(seed)
    centres = 4 * draw.normal(size=(clusters, channels))
    noise = draw.normal(size=(rows, channels))
    jitter = 0.05 * draw.normal(size=(steps, rows, channels)).cumsum(0)
    grown = np.linspace(0.2, 1, steps)[:, None, None]
    return (noise + jitter + grown * centres[np.arange(rows) % clusters]).astype(np.float32)


def still(steps: int = 4, rows: int = 30, channels: int = 5, seed: int = 0) -> np.ndarray:
    """A random table that does not change over the steps."""
    return np.repeat(walk(1, rows, channels, seed), steps, axis=0)


def turned(vectors: np.ndarray, seed: int = 1) -> np.ndarray:
    """All rows of all steps turned by the same rotation, in float64."""
    channels = vectors.shape[-1]
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(channels, channels)))
    return vectors.astype(np.float64) @ basis


def distances(points: np.ndarray) -> np.ndarray:
    """Distances between all points (..., N, D) of a step: (..., N, N), in float64."""
    points = points.astype(np.float64)
    return np.linalg.norm(points[..., :, None, :] - points[..., None, :, :], axis=-1)


def jump(layout: np.ndarray) -> float:
    """Mean length of a row's move to the next recorded step, in radii of the map (S, N, D).

    The radius is the root mean square distance of all points from their step's centre.
    """
    radius = np.sqrt(((layout - layout.mean(1, keepdims=True)) ** 2).sum(-1).mean())
    return float(np.linalg.norm(np.diff(layout, axis=0), axis=-1).mean() / radius)
