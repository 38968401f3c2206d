"""How similar rows are to each other: cosines, their order by clusters, analogies, waves."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

BASE = 10_000.0  # of the wavelengths of Vaswani et al. 2017


class Analogy(NamedTuple):
    """What is nearest to a - b + c at S steps, the rows a, b and c left out.

    ids (S, K) int64 of the rows, nearest first, -1 for none; cosines (S, K); the `rank` (S,) of row
    d among all, from 1, NaN where it has none; `parallel` (S,), the cosine of a - b and d - c.
    """

    ids: np.ndarray
    cosines: np.ndarray
    rank: np.ndarray
    parallel: np.ndarray


def cosines(rows: np.ndarray) -> Tensor:
    """Of all pairs of rows (N, C): (N, N) float32, NaN for a row that is zero or not finite."""
    points = directions(rows)
    return (points @ points.T).float()


def most_alike(cosines: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of cosines (S, N, N) at each step `count` pairs of two rows, the most alike first.

    Their rows (S, K, 2), -1 for none, and their cosines (S, K), NaN.
    """
    one, other = np.triu_indices(cosines.shape[1], 1)
    every = cosines[:, one, other]
    best = np.argsort(-every, axis=1, kind="stable")[:, :count]  # NaN comes last
    found = np.take_along_axis(every, best, axis=1)
    pairs = np.stack([one[best], other[best]], axis=2)
    pairs[np.isnan(found)] = -1
    return pairs, found


def cluster_order(rows: np.ndarray) -> np.ndarray:
    """The ids (N,) of rows (N, C) in an order in which similar ones are near each other.

    The leaves of a hierarchical clustering by the mean of 1 - cosine between clusters, turned so
    that neighbouring leaves are as near as they can be (Bar-Joseph et al. 2001). Rows without a
    direction come last.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    known = np.flatnonzero(~directions(rows).isnan().any(1).numpy())
    lost = np.setdiff1d(np.arange(len(rows)), known)
    if len(known) < 3:
        return np.concatenate([known, lost])
    apart = (1 - cosines(rows[known]).double().numpy()).clip(0)
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart, checks=False), "average", optimal_ordering=True)
    return np.concatenate([known[leaves_list(tree)], lost])


def analogy(vectors: np.ndarray, rows: tuple[int, int, int, int], count: int = 8) -> Analogy:
    """a - b + c among the rows of vectors (S, N, C) by cosine, and how well d fits.

    `rows` are a, b, c and d.
    """
    a, b, c, d = rows
    points = torch.from_numpy(vectors).double()
    wanted = points[:, a] - points[:, b] + points[:, c]  # (S, C)
    near = torch.nn.functional.cosine_similarity(points, wanted[:, None], dim=2, eps=1e-300)
    near[:, [a, b, c]] = torch.nan
    found = torch.where(near.isnan(), -torch.inf, near).sort(dim=1, descending=True, stable=True)
    ids = torch.where(found.values == -torch.inf, -1, found.indices)[:, :count]
    rank = 1.0 + (near > near[:, d : d + 1]).sum(1)
    rank[near[:, d].isnan()] = torch.nan
    parallel = torch.nn.functional.cosine_similarity(
        points[:, a] - points[:, b], points[:, d] - points[:, c], dim=1, eps=1e-300
    )
    values = torch.where(ids < 0, torch.nan, found.values[:, :count])
    return Analogy(ids.numpy(), values.numpy(), rank.numpy(), parallel.numpy())


def by_distance(vectors: np.ndarray) -> np.ndarray:
    """The mean cosine of two positions 1, 2, ... T - 1 apart: (S, T, C) -> (S, T - 1).

    NaN where no two positions have directions.
    """
    means = []
    for step in vectors:
        pairs = cosines(step).double().numpy()
        diagonals = (np.diagonal(pairs, apart) for apart in range(1, len(pairs)))
        known = (one[np.isfinite(one)] for one in diagonals)
        means.append([one.mean() if len(one) else np.nan for one in known])
    return np.array(means)


def spectrum(vectors: np.ndarray) -> np.ndarray:
    """The share of a position table in waves of 0, 1, ... T // 2 turns over its T positions.

    (S, T, C) -> (S, T // 2 + 1), in 0..1, of the sum of squares over all channels; 0 turns are
    their means. NaN where a number is not finite or all are 0.
    """
    count = vectors.shape[1]
    power = np.abs(np.fft.rfft(vectors.astype(np.float64), axis=1)) ** 2
    power[:, 1 : (count + 1) // 2] *= 2  # the same wave, turning the other way
    sums = power.sum(2)
    with np.errstate(invalid="ignore"):
        return sums / sums.sum(1, keepdims=True)


def random_spectrum(count: int) -> np.ndarray:
    """What of independent random numbers each wave has by chance: (T // 2 + 1,)."""
    waves = np.full(count // 2 + 1, 2.0)
    waves[0] = 1
    if count % 2 == 0:
        waves[-1] = 1
    return waves / count


def sinusoids(count: int, channels: int) -> np.ndarray:
    """The position table (T, C) of Vaswani et al. 2017, which is not learned.

    Channel 2i is sin(t / 10000^(2i / C)), channel 2i + 1 the cosine of the same.
    """
    at = np.arange(channels)
    angles = np.arange(count)[:, None] / BASE ** (at // 2 * 2 / channels)
    return np.where(at % 2, np.cos(angles), np.sin(angles)).astype(np.float32)


def directions(rows: np.ndarray) -> Tensor:
    """Rows (N, C) as unit vectors in float64, NaN where there is none."""
    points = torch.from_numpy(rows.astype(np.float64))
    units = points / torch.linalg.vector_norm(points, dim=1, keepdim=True)
    return torch.where(units.isfinite().all(1, keepdim=True), units, torch.nan)
