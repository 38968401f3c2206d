"""How much room the rows of a table have: their nearest others, and the directions they fill."""

import numpy as np
import torch

from model_core.embeddings.similarity import directions


def crowding(vectors: np.ndarray) -> np.ndarray:
    """Mean over rows of the largest cosine with another row: (S, N, C) -> (S,), in [-1, 1].

    1: every row points the same way as another. NaN for fewer than two rows, or where one of them
    is zero or not finite.
    """
    if vectors.shape[1] < 2:
        return np.full(len(vectors), np.nan)
    return np.array([_nearest(step).mean() for step in vectors])


def effective_rank(vectors: np.ndarray) -> np.ndarray:
    """exp of the entropy of the singular values as shares of their sum: (S, N, C) -> (S,).

    Between 1, all rows along one direction, and min(N, C), all directions alike (Roy and Vetterli
    2007). Of the rows as they are, not centred. NaN where a number is not finite, or all are 0.
    """
    return np.array([_rank(step) for step in vectors.astype(np.float64)])


def _nearest(rows: np.ndarray) -> np.ndarray:
    """(N, C) -> (N,)."""
    points = directions(rows)
    return (points @ points.T).fill_diagonal_(-torch.inf).max(1).values.numpy()


def _rank(rows: np.ndarray) -> float:
    if not np.isfinite(rows).all() or not rows.any():
        return float("nan")
    values = np.linalg.svd(rows, compute_uv=False)
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
