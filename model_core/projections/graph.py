"""Neighbours in the full space: nearest rows, and UMAP's fuzzy graph of each step."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model_core.embeddings import neighbours as embeddings

BISECTIONS = 64
SAME = 1e-12  # squared distances below this share of the squared lengths are rounding


@dataclass(frozen=True)
class Nearest:
    """The k nearest other rows of each row at each step, nearest first.

    ids (S, N, k) int64 and distances (S, N, k) float64, infinite where there is no k-th one: rows
    with a number that is not finite have no neighbours and are neighbours of none.
    """

    ids: Tensor
    distances: Tensor


def scaled(vectors: np.ndarray) -> Tensor:
    """(S, N, C) as float64 around each step's centre, in units of the largest magnitude; rows with
    a number that is not finite are NaN. Neither shift nor scale changes neighbours, and squares of
    huge numbers would overflow."""
    points = torch.as_tensor(np.asarray(vectors, np.float64)).clone()
    points[~points.isfinite().all(-1)] = torch.nan
    points /= points.abs().nan_to_num().max().clamp_min(1e-300)
    return points - points.nanmean(1, keepdim=True).nan_to_num()


def rows_differ(points: Tensor) -> Tensor:
    """At which steps of points (S, N, C) two rows differ: (S,) bool; else all are equally far."""
    whole = points.isfinite().all(-1, keepdim=True)
    low = torch.where(whole, points, torch.inf).amin(1)
    high = torch.where(whole, points, -torch.inf).amax(1)
    return (low < high).any(-1)  # not compared with the mean: that of equal numbers can be rounded


def nearest(points: Tensor, k: int) -> Nearest:
    """The k nearest others of every row of `points` (S, N, C), by Euclidean distance; k < N.

    Ties are in the order of ids. Exact, so its time grows like S · N²: NN-descent, which umap-learn
    uses above 4,096 rows, misses a third of the neighbours of noise.
    """
    found = [embeddings.nearest(step.numpy(), k, "distance") for step in points]
    ids = torch.from_numpy(np.stack(found))
    exists, ids = ids >= 0, ids.clamp_min(0)
    pairs = zip(points, ids, strict=True)
    distances = torch.stack([(step[near] - step[:, None]).norm(dim=-1) for step, near in pairs])
    return Nearest(ids, torch.where(exists, distances, torch.inf))


def squared_distances(points: Tensor, rows: Tensor) -> Tensor:
    """From some `rows` (M,) of points (N, C) to all: (M, N); exactly 0 between equal rows,
    infinite to and from rows that are NaN."""
    lengths = (points * points).sum(-1)
    own = lengths[rows, None]
    squares = torch.addmm(lengths[None], points[rows], points.T, alpha=-2).add_(own)
    return squares.masked_fill_(squares < 2 * SAME * own, 0.0).nan_to_num_(torch.inf)


def memberships(distances: Tensor) -> Tensor:
    """Membership of each of a row's k nearest in its neighbourhood, 0..1: (..., k) -> (..., k).

    exp(-(d - rho) / sigma), at most 1, where rho is the smallest distance above 0 and sigma is such
    that the memberships of a row sum to log2(k + 1): the smooth nearest-neighbour distances of
    UMAP (McInnes, Healy, Melville 2018, algorithm 3; the row itself counts as its first neighbour
    there). At an infinite distance the membership is 0.
    """
    positive = torch.where(distances > 0, distances, torch.inf)
    rho = positive.amin(-1, keepdim=True)
    gaps = (distances - torch.where(rho.isfinite(), rho, 0.0)).clamp_min(0)
    count = distances.shape[-1] + 1
    sigma = _bandwidth(gaps, math.log2(count))
    # As in umap-learn, no bandwidth is below a thousandth of the mean distance.
    finite = torch.where(distances.isfinite(), distances, 0.0)
    sigma = torch.maximum(sigma, 1e-3 * finite.sum(-1, keepdim=True) / count).clamp_min(1e-300)
    return torch.exp(-gaps / sigma)


def _bandwidth(gaps: Tensor, target: float) -> Tensor:
    """sigma (..., 1) with sum(exp(-gaps / sigma)) = target, by bisection."""
    finite = torch.where(gaps.isfinite(), gaps, 0.0)
    middle = finite.mean(-1, keepdim=True).clamp_min(1e-300)
    low, high = torch.zeros_like(middle), torch.full_like(middle, torch.inf)
    for _ in range(BISECTIONS):
        over = torch.exp(-gaps / middle).sum(-1, keepdim=True) > target
        high, low = torch.where(over, middle, high), torch.where(over, low, middle)
        middle = torch.where(high.isinf(), (2 * middle).clamp_max(1e300), (low + high) / 2)
    return middle


def union(near: Nearest, informative: Tensor) -> tuple[Tensor, Tensor]:
    """UMAP's fuzzy graph: the edge of two rows weighs p + q - p q, from their two memberships.

    Only the steps that are `informative` (S,) have edges. Returns keys (E,) int64 ascending, each
    edge in both directions, (step · N + row) · N + other, and their weights (E,) float64 in (0, 1].
    """
    steps, rows, _ = near.ids.shape
    p = memberships(near.distances) * informative[:, None, None]
    first = torch.arange(steps)[:, None, None] * rows
    own = (first + torch.arange(rows)[:, None]).expand_as(near.ids)
    forward = (own * rows + near.ids)[p > 0]
    backward = ((first + near.ids) * rows + own - first)[p > 0]
    keys, indices = torch.cat([forward, backward]).unique(return_inverse=True)
    there, back = torch.zeros(2, len(keys), dtype=torch.float64)
    there[indices[: len(forward)]] = p[p > 0]
    back[indices[len(forward) :]] = p[p > 0]
    return keys, there + back - there * back
