"""One table over the recorded steps of a run, without reading the rest of its snapshots."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model_core.runs.snapshots import load_table

Rows = Sequence[int] | np.ndarray | None  # ids of rows (N,), None for every row


def tables_over_time(
    folder: Path, steps: np.ndarray, name: str, *, shape: tuple[int, int], rows: Rows = None
) -> np.ndarray:
    """The tensor of that name at each of the steps, or some rows of it: (S, N, C) float32.

    NaN where a snapshot holds none; ValueError for an id outside the table, and a damaged snapshot.
    """
    ids = None if rows is None else _row_ids(rows, shape[0])
    count = shape[0] if ids is None else len(ids)
    values = np.full((len(steps), count, shape[1]), np.nan, np.float32)
    for at, step in enumerate(steps):
        table = load_table(folder, step, name, shape, ids)
        if table is not None:
            values[at] = table
    return values


def _row_ids(rows: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    ids = np.asarray(rows, np.int64)
    outside = ids[(ids < 0) | (ids >= size)]
    if len(outside):
        raise ValueError(f"row ids must be in [0, {size:,}), got {outside[0]}")
    return ids
