"""Weights as bytes: the levels of their colours in a Mosaic."""

import numpy as np

ONE = 254  # of a weight of 1.0
NO_NUMBER = 255  # of a weight that is not finite


def levels(weights: np.ndarray) -> np.ndarray:
    """Weights (..., T, T) as a Mosaic takes them: (..., T(T+1)/2) uint8, rounded to 1/254.

    The lower triangles, one query after the other: 254 is 1.0, 255 not finite.
    """
    *rest, time, keys = weights.shape if np.ndim(weights) >= 2 else (0, 0)
    if time == 0 or time != keys:
        raise ValueError(f"weights must be queries by as many keys, got shape {np.shape(weights)}")
    queries, read = np.tril_indices(time)
    flat = weights.reshape(*rest, time * time)
    packed = np.take(flat, queries * time + read, axis=-1).astype(np.float32, copy=False)
    missing = ~np.isfinite(packed)
    packed[missing] = 0.0
    np.clip(packed, 0.0, 1.0, out=packed)
    packed *= ONE
    packed += 0.5  # the conversion truncates
    found = packed.astype(np.uint8)
    found[missing] = NO_NUMBER
    return found
