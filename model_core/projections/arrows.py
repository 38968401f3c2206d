"""Where a move in the full space points on a map of neighbours."""

import numpy as np
import torch

from model_core.projections.graph import nearest, scaled

RIDGE = 1e-3  # of the mean squared length: neighbours that lie in a plane give no huge answers


def arrows_on_map(
    vectors: np.ndarray, layout: np.ndarray, moves: np.ndarray, n_neighbors: int = 15
) -> np.ndarray:
    """Moves (S, N, C) of rows with vectors (S, N, C), as seen on places (S, N, D): (S, N, D).

    A map of neighbours has no formula, so each row's own is fitted: the linear map that takes the
    differences X (k, C) to its k nearest rows to their differences Y (k, D) on the map, by least
    squares with a ridge. A move u then points to

        Y' (X X' + ridge · I)^-1 X u

    the part of u that leads towards or away from neighbours; what is orthogonal to all of them is
    not in the map, and not in the arrow. Exact where the map is linear and X spans all channels.
    NaN where the row's place or its move is.
    """
    points = torch.as_tensor(np.asarray(vectors, np.float64))
    near = nearest(scaled(vectors), min(n_neighbors, points.shape[1]) - 1)
    there = near.distances.isfinite()
    places, ways = (torch.as_tensor(np.asarray(part, np.float64)) for part in (layout, moves))
    placed = places.isfinite().all(-1)
    seen = []
    for step in range(len(points)):
        ids = near.ids[step]
        real = (there[step] & placed[step][ids])[..., None]
        X, Y = (
            torch.where(real, part[step][ids] - part[step][:, None], 0.0)
            for part in (points, places)
        )
        gram = X @ X.transpose(1, 2)  # (N, k, k)
        ridge = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(-1).clamp_min(1e-300)
        gram.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
        share = torch.linalg.solve(gram, X @ ways[step][:, :, None])  # (N, k, 1)
        seen.append((Y.transpose(1, 2) @ share)[..., 0])
    arrows = torch.stack(seen)
    arrows[~placed] = torch.nan
    return arrows.float().numpy()
