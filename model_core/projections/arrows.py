"""Displacements in the full space, projected onto a map of neighbours."""

import numpy as np
import torch

from model_core.projections.graph import nearest, scaled

RIDGE = 1e-3  # of the mean squared length: bounds the arrows where neighbours lie in a plane


def arrows_on_map(
    vectors: np.ndarray, layout: np.ndarray, moves: np.ndarray, n_neighbors: int = 15
) -> np.ndarray:
    """Moves (S, N, C) of rows with vectors (S, N, C), on a layout (S, N, D): (S, N, D).

    A map of neighbours has no formula, so one is fitted for each row: the linear map that takes the
    differences X (k, C) to its k nearest rows to their differences Y (k, D) on the map, by least
    squares with a ridge. A move u becomes the arrow

        Y' (X X' + ridge · I)^-1 X u

    the part of u in the span of the differences to neighbours; the part orthogonal to all of them
    has no direction on the map. Exact, up to the ridge, where the map is linear and X spans all
    channels. NaN where the row's point or its move is NaN.
    """
    table, points, changes = (
        torch.as_tensor(np.asarray(part, np.float64)) for part in (vectors, layout, moves)
    )
    near = nearest(scaled(vectors), min(n_neighbors, table.shape[1]) - 1)
    exists = near.distances.isfinite()
    placed = points.isfinite().all(-1)
    projected = []
    for step in range(len(table)):
        ids = near.ids[step]
        usable = (exists[step] & placed[step][ids])[..., None]
        X, Y = (
            torch.where(usable, part[step][ids] - part[step][:, None], 0.0)
            for part in (table, points)
        )
        gram = X @ X.transpose(1, 2)  # (N, k, k)
        ridge = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(-1).clamp_min(1e-300)
        gram.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
        share = torch.linalg.solve(gram, X @ changes[step][:, :, None])  # (N, k, 1)
        projected.append((Y.transpose(1, 2) @ share)[..., 0])
    arrows = torch.stack(projected)
    arrows[~placed] = torch.nan
    return arrows.float().numpy()
