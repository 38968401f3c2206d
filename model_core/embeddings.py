"""How the rows of an embedding table move."""

import numpy as np


def drift(vectors: np.ndarray) -> np.ndarray:
    """Euclidean distance of every row from its place at the first step: (S, N, C) -> (S, N)."""
    return np.linalg.norm(vectors - vectors[:1], axis=-1)
