"""How the rows of an embedding table move."""

import numpy as np


def drift(vectors: np.ndarray) -> np.ndarray:
    """Euclidean distance of every row from its place at the first step: (S, N, C) -> (S, N).

    float32, reckoned in float64 one step at a time: in a run that diverges, the squares leave
    float32 long before the weights do. NaN or infinite where a row has such a number.
    """
    first = vectors[0].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.stack([np.linalg.norm(step - first, axis=-1) for step in vectors])
        return distances.astype(np.float32)
