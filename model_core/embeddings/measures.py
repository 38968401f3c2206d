"""How long each row of a table is, and how far it has moved."""

import numpy as np


def row_measures(now: np.ndarray, first: np.ndarray, before: np.ndarray) -> dict[str, np.ndarray]:
    """Of a table (N, C) at three steps: (N,) each, Euclidean lengths.

    "norm" of each row now, its "rank" by it (1 is the longest; of equals the lower id), "drift"
    since the first step and "move" since the one before.
    """
    now = now.astype(np.float64)
    norm = np.linalg.norm(now, axis=1)
    rank = np.empty(len(norm), np.int64)
    rank[np.argsort(-norm, kind="stable")] = np.arange(1, len(norm) + 1)
    return {
        "norm": norm,
        "rank": rank,
        "drift": np.linalg.norm(now - first, axis=1),
        "move": np.linalg.norm(now - before, axis=1),
    }
