"""How far a map can be trusted, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model_core.projections.graph import (
    memberships,
    nearest,
    says_something,
    scaled,
    squared_distances,
)

JUDGED = 10  # neighbours, where there are enough rows


@dataclass(frozen=True)
class Trust:
    """What of a map of S steps and N rows is the table's.

    trustworthiness, kept (S,) between 0 and 1, NaN where there are fewer than 3 rows or numbers.
    by_model, by_map (S, N): how far each row came on the map since the recorded step before, in
    the map's units: what its new neighbours ask for, and the rest. 0 at the first step.
    """

    trustworthiness: np.ndarray
    kept: np.ndarray
    by_model: np.ndarray
    by_map: np.ndarray

    def only(self, steps: np.ndarray) -> "Trust":
        """At some of the steps, by their places."""
        return Trust(*(part[steps] for part in _parts(self)))

    @classmethod
    def joined(cls, parts: Sequence["Trust"]) -> "Trust":
        """One after the other."""
        return cls(
            *(np.concatenate(part) for part in zip(*(vars(p).values() for p in parts), strict=True))
        )

    @property
    def model_share(self) -> np.ndarray:
        """The model's part of all movement that led to each step: (S,), NaN where none was."""
        model, map_ = (np.nansum(part, axis=1) for part in (self.by_model, self.by_map))
        with np.errstate(invalid="ignore"):
            return model / (model + map_)


def _parts(judged: Trust) -> tuple[np.ndarray, ...]:
    return judged.trustworthiness, judged.kept, judged.by_model, judged.by_map


def trust(vectors: np.ndarray, layout: np.ndarray, n_neighbors: int = 15) -> Trust:
    """Judge places (S, N, D) of a map by the vectors (S, N, C) it shows.

    Trustworthiness and neighbours kept: see `neighbours_kept`. Movement: see `movement`.
    """
    trusted, kept = neighbours_kept(vectors, layout)
    return Trust(trusted, kept, *movement(vectors, layout, n_neighbors))


def trustworthiness(vectors: np.ndarray, layout: np.ndarray) -> np.ndarray:
    """(S,): 1 when every neighbour on the map is one in truth (Venna, Kaski 2001)."""
    return neighbours_kept(vectors, layout)[0]


def neighbours_kept(
    vectors: np.ndarray, layout: np.ndarray, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Trustworthiness and the share of neighbours kept at each step: (S,), (S,).

    With k neighbours, U the rows among the k nearest of i on the map but not in truth, and r_ij
    how manyeth nearest j is to i in truth:

        trustworthiness = 1 - 2 / (n k (2n - 3k - 1)) · sum over i and j in U of (r_ij - k)

    (Venna, Kaski 2001, as in scikit-learn), and kept is the mean share of the k nearest on the
    map that are so in truth. k is JUDGED, or half the rows where there are few. Only `rows` ask
    for their neighbours, all by default. Rows that are no numbers are left out.
    """
    judged = [_judged(*step, rows) for step in zip(vectors, layout, strict=True)]
    trusted, kept = np.array(judged).T.reshape(2, -1)
    return trusted, kept


def _judged(
    vectors: np.ndarray, layout: np.ndarray, rows: np.ndarray | None
) -> tuple[float, float]:
    """Trustworthiness and neighbours kept of one step, (N, C) and (N, D)."""
    whole = np.isfinite(vectors).all(1) & np.isfinite(layout).all(1)
    asked = np.flatnonzero(whole) if rows is None else rows[whole[rows]]
    asking = torch.from_numpy((np.cumsum(whole) - 1)[asked])
    count = int(whole.sum())
    k = min(JUDGED, (count - 1) // 2)
    if k < 1 or not len(asking):
        return np.nan, np.nan
    true, shown = (
        squared_distances(scaled(table[None, whole])[0], asking) for table in (vectors, layout)
    )
    for squares in (true, shown):
        squares[torch.arange(len(asking)), asking] = torch.inf
    near = shown.topk(k, dim=1, largest=False).indices
    ranks = _ranks(true, near)
    beyond = int((ranks - k).clamp_min(0).sum()) / len(asking)
    trusted = 1 - 2 / (k * (2 * count - 3 * k - 1)) * beyond
    return trusted, float((ranks <= k).double().mean())


def _ranks(squares: Tensor, ids: Tensor) -> Tensor:
    """How manyeth nearest the rows `ids` (M, k) are, by squared distances (M, N), from 1 on."""
    asked = squares.gather(1, ids)
    return torch.stack([(squares < one[:, None]).sum(1) + 1 for one in asked.T], dim=1)


def movement(
    vectors: np.ndarray, layout: np.ndarray, n_neighbors: int = 15
) -> tuple[np.ndarray, np.ndarray]:
    """How far rows came since the step before, by the model and by the map: (S, N), (S, N).

    A map of neighbours has no place of its own for a row: it stands where its neighbours are. So
    let b_i(w) = sum over j of w_ij y_j be where neighbourhood w draws row i on the map y of the
    step before, w_ij its fuzzy memberships (`graph.memberships`) brought to sum 1 over those that
    had a place; who has no such neighbour is asked for nothing. Then

        asked_i = b_i(w now) - b_i(w before)

    is the way on which its own change of neighbours sends the row while everything else stands
    still. Of the way m_i it came on the map, the part along asked_i, as far as that was asked, is
    the model's; the length of the rest is the map's: neighbours that took it along, a layout that
    found another balance. Memberships know distances only, and only relative to each other. So
    where vectors are turned, shifted or scaled all together, or stand still, nothing is asked, and
    whatever moves is the map; a row that goes over to other neighbours alone is the model. A step
    whose rows are all equal has no neighbourhoods, and asks for nothing.
    """
    points = scaled(vectors)
    near = nearest(points, min(n_neighbors, points.shape[1]) - 1)
    share = memberships(near.distances)
    telling = says_something(points)
    places = torch.as_tensor(np.asarray(layout, np.float64))
    by_model, by_map = torch.zeros(2, *places.shape[:2], dtype=torch.float64)
    for now in range(1, len(places)):
        drawn = [_drawn(share[s], near.ids[s], places[now - 1]) for s in (now, now - 1)]
        asked = (drawn[0] - drawn[1]).nan_to_num() * (telling[now] & telling[now - 1])
        by_model[now], by_map[now] = _divided(places[now] - places[now - 1], asked)
    return by_model.float().numpy(), by_map.float().numpy()


def _drawn(share: Tensor, ids: Tensor, places: Tensor) -> Tensor:
    """Where neighbours ids (N, k) draw each row, by their share (N, k): (N, D), NaN if none does.

    Those without a place, of all places (N, D), draw nobody.
    """
    share = share * places.isfinite().all(-1)[ids]
    share = share / share.sum(-1, keepdim=True)
    return (share[..., None] * places[ids].nan_to_num()).sum(1)


def _divided(way: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
    """Lengths of the part of ways (N, D) along those asked for, no longer than these; the rest."""
    length = asked.norm(dim=-1)
    towards = asked / length.clamp_min(1e-300)[:, None]
    along = torch.minimum((way * towards).sum(-1).clamp_min(0), length)
    return along, (way - along[:, None] * towards).norm(dim=-1)
