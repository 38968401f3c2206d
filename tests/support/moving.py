"""The ways of a panel at every step, as the browser cuts them."""

import numpy as np


def each_step(ways: np.ndarray) -> np.ndarray:
    """Ways (R, S) up to each step, with a gap between two rows: (S, R·(S+1) - 1)."""
    rows, steps = ways.shape
    cut = np.full((steps, rows, steps + 1), np.nan, np.float32)
    for step in range(steps):
        cut[step, :, : step + 1] = ways[:, : step + 1]
    return cut.reshape(steps, -1)[:, :-1]
