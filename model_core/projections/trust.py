"""How far a map can be trusted, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model_core.projections.graph import (
    memberships,
    nearest,
    rows_differ,
    scaled,
    squared_distances,
)

NEIGHBOURS = 10  # compared for each row, fewer where there are few rows


@dataclass(frozen=True)
class Trust:
    """How well a map of S steps and N rows preserves the table.

    trustworthiness, kept (S,): see `neighbours_kept`; NaN with fewer than 3 rows that are finite.
    by_model, by_map (S, N): two parts of each row's movement on the map since the recorded step
    before, in the map's units: see `movement`. 0 at the first step.
    """

    trustworthiness: np.ndarray
    kept: np.ndarray
    by_model: np.ndarray
    by_map: np.ndarray

    def only(self, steps: np.ndarray) -> "Trust":
        """The same at some of the steps, by index."""
        return Trust(*(part[steps] for part in _parts(self)))

    @classmethod
    def joined(cls, parts: Sequence["Trust"]) -> "Trust":
        """The steps of all parts, in order."""
        return cls(
            *(np.concatenate(part) for part in zip(*(vars(p).values() for p in parts), strict=True))
        )

    @property
    def model_share(self) -> np.ndarray:
        """The model's share of all movement that led to each step: (S,), NaN without movement."""
        model, map_ = (np.nansum(part, axis=1) for part in (self.by_model, self.by_map))
        with np.errstate(invalid="ignore"):
            return model / (model + map_)


def _parts(one: Trust) -> tuple[np.ndarray, ...]:
    return one.trustworthiness, one.kept, one.by_model, one.by_map


def trust(vectors: np.ndarray, layout: np.ndarray, n_neighbors: int = 15) -> Trust:
    """Compare the layout (S, N, D) of a map with the vectors (S, N, C) it maps.

    Trustworthiness and neighbours kept: see `neighbours_kept`. Movement: see `movement`.
    """
    trusted, kept = neighbours_kept(vectors, layout)
    return Trust(trusted, kept, *movement(vectors, layout, n_neighbors))


def trustworthiness(vectors: np.ndarray, layout: np.ndarray) -> np.ndarray:
    """(S,): 1 when every neighbour on the map is one in the full space (Venna, Kaski 2001)."""
    return neighbours_kept(vectors, layout)[0]


def neighbours_kept(
    vectors: np.ndarray, layout: np.ndarray, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Trustworthiness and the share of neighbours kept at each step: (S,), (S,).

    With k neighbours, U the rows among the k nearest of i on the map but not in the full space, and
    r_ij the rank of j among the neighbours of i in the full space, 1 for the nearest:

        trustworthiness = 1 - 2 / (n k (2n - 3k - 1)) · sum over i and j in U of (r_ij - k)

    (Venna, Kaski 2001, as in scikit-learn), and the share kept is the mean share of the k nearest
    on the map that are among the k nearest in the full space. k is NEIGHBOURS, at most half of
    the other rows. Both are means over the given `rows` i, all by default. Rows that are not
    finite are left out.
    """
    measured = [_measured(*step, rows) for step in zip(vectors, layout, strict=True)]
    trusted, kept = np.array(measured).T.reshape(2, -1)
    return trusted, kept


def _measured(
    vectors: np.ndarray, layout: np.ndarray, rows: np.ndarray | None
) -> tuple[float, float]:
    """Trustworthiness and neighbours kept of one step, (N, C) and (N, D)."""
    finite = np.isfinite(vectors).all(1) & np.isfinite(layout).all(1)
    chosen = np.flatnonzero(finite) if rows is None else rows[finite[rows]]
    centres = torch.from_numpy((np.cumsum(finite) - 1)[chosen])  # indices among the finite rows
    count = int(finite.sum())
    k = min(NEIGHBOURS, (count - 1) // 2)
    if k < 1 or not len(centres):
        return np.nan, np.nan
    full, mapped = (
        squared_distances(scaled(table[None, finite])[0], centres) for table in (vectors, layout)
    )
    for squares in (full, mapped):
        squares[torch.arange(len(centres)), centres] = torch.inf
    near = mapped.topk(k, dim=1, largest=False).indices
    ranks = _ranks(full, near)
    beyond = int((ranks - k).clamp_min(0).sum()) / len(centres)
    trusted = 1 - 2 / (k * (2 * count - 3 * k - 1)) * beyond
    return trusted, float((ranks <= k).double().mean())


def _ranks(squares: Tensor, ids: Tensor) -> Tensor:
    """Ranks (M, k) of the rows `ids` (M, k) by squared distances (M, N), 1 for the nearest."""
    own = squares.gather(1, ids)
    return torch.stack([(squares < one[:, None]).sum(1) + 1 for one in own.T], dim=1)


def movement(
    vectors: np.ndarray, layout: np.ndarray, n_neighbors: int = 15
) -> tuple[np.ndarray, np.ndarray]:
    """Each row's movement since the step before, by the model and by the map: (S, N), (S, N).

    The points of a map of neighbours are determined by each other only. So let
    b_i(w) = sum over j of w_ij y_j be the mean of the neighbours of row i on the map y of the step
    before, with w_ij its fuzzy memberships (`graph.memberships`) divided by their sum over the
    rows that had a point. Then

        expected_i = b_i(w now) - b_i(w before), 0 without such neighbours

    is the movement due to the row's own change of neighbours while everything else is fixed. Of its
    movement on the map, the component along expected_i, between 0 and |expected_i|, is the model's;
    the length of the rest is the map's: neighbours that moved along, a layout that found another
    balance. Memberships depend only on ratios of distances. So where all vectors are rotated,
    shifted or scaled together, or do not change, all movement is the map's; the movement of a
    single row to other neighbours is the model's. Where the rows of a step are all equal there are
    no neighbourhoods, and expected_i is 0.
    """
    table = scaled(vectors)
    near = nearest(table, min(n_neighbors, table.shape[1]) - 1)
    share = memberships(near.distances)
    informative = rows_differ(table)
    points = torch.as_tensor(np.asarray(layout, np.float64))
    by_model, by_map = torch.zeros(2, *points.shape[:2], dtype=torch.float64)
    for now in range(1, len(points)):
        means = [_mean(near.ids[s], share[s], points[now - 1]) for s in (now, now - 1)]
        expected = (means[0] - means[1]).nan_to_num() * (informative[now] & informative[now - 1])
        by_model[now], by_map[now] = _divided(points[now] - points[now - 1], expected)
    return by_model.float().numpy(), by_map.float().numpy()


def _mean(ids: Tensor, share: Tensor, points: Tensor) -> Tensor:
    """The mean point of neighbours ids (N, k), weighted by share (N, k), on points (N, D): (N, D).

    Neighbours whose point is NaN are left out; the mean is NaN where none remains.
    """
    share = share * points.isfinite().all(-1)[ids]
    share = share / share.sum(-1, keepdim=True)
    return (share[..., None] * points[ids].nan_to_num()).sum(1)


def _divided(moved: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """Lengths of movements (N, D) along the expected ones, at most these, and of the rest."""
    length = expected.norm(dim=-1)
    towards = expected / length.clamp_min(1e-300)[:, None]
    along = torch.minimum((moved * towards).sum(-1).clamp_min(0), length)
    return along, (moved - along[:, None] * towards).norm(dim=-1)
