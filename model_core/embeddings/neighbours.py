"""Exact measures of the rows of an embedding table: how far they move, which are near."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch

Metric = Literal["cosine", "distance"]
BLOCK = 2**17  # pairs of rows compared at once: bounds the memory, keeps the matrix product busy


class Neighbours(NamedTuple):
    """The K nearest rows of one row at every step, nearest first.

    ids (S, K) int64, values (S, K) float32: cosine similarity or Euclidean distance. Where fewer
    than K rows can be compared, the last ids are -1 and their values NaN.
    """

    ids: np.ndarray
    values: np.ndarray


class Pair(NamedTuple):
    """Two rows that are each other's nearest since recorded step number `at` (from 0)."""

    at: int
    one: int
    other: int


@dataclass(frozen=True)
class Change:
    """Which rows entered a set of neighbours at a recorded step, and which left; nearest first."""

    step: int
    entered: tuple[int, ...]
    left: tuple[int, ...]


def drift(vectors: np.ndarray) -> np.ndarray:
    """Euclidean distance of every row from itself at the first step: (S, N, C) -> (S, N).

    float32, computed in float64 one step at a time: in a run that diverges, the squares leave
    float32 long before the weights do. NaN or infinite where a row has such a number.
    """
    return _lengths((step, vectors[0]) for step in vectors)


def moved(vectors: np.ndarray) -> np.ndarray:
    """Euclidean distance of every row from the recorded step before: (S, N, C) -> (S, N).

    0 at the first step; numbers as in `drift`.
    """
    return _lengths([(vectors[0], vectors[0]), *((now, old) for old, now in pairwise(vectors))])


def neighbours(vectors: np.ndarray, row: int, count: int, metric: Metric) -> Neighbours:
    """The `count` nearest other rows of one row at every step of vectors (S, N, C).

    In all channels and in float64; rows equally near come in the order of their ids. A row with a
    number that is not finite is no neighbour and has none; for cosine nor is a row of zeros.
    ValueError when the table has no such row, or fewer than `count` others.
    """
    _, rows, _ = vectors.shape
    _check_count(count, rows)
    if not 0 <= row < rows:
        raise ValueError(f"row must be in [0, {rows}), got {row}")
    points = (_points(step, metric) for step in vectors)
    apart = np.stack([_apart(step, step[row], metric) for step in points])
    apart[:, row] = np.nan
    ids = np.argsort(apart, axis=1, kind="stable")[:, :count]  # NaN comes last
    apart = np.take_along_axis(apart, ids, axis=1)
    values = -apart if metric == "cosine" else np.sqrt(apart)
    with np.errstate(over="ignore"):  # infinite: too far to say
        return Neighbours(np.where(np.isnan(apart), -1, ids), values.astype(np.float32))


def nearest(vectors: np.ndarray, count: int, metric: Metric) -> np.ndarray:
    """Ids (N, K) int64 of the `count` nearest other rows of each row of vectors (N, C).

    Exactly as `neighbours` has them, -1 included. A matrix product finds, with some to spare, who
    may be among the nearest, |x - y|² = |x|² + |y|² - 2 x·y; only those are compared one by one.
    """
    _check_count(count, len(vectors))
    points = _points(vectors, metric)
    found = np.full((len(points), count), -1, np.int64)
    whole = np.flatnonzero(~np.isnan(points[:, 0]))
    points, count = points[whole], min(count, len(whole) - 1)
    if count < 1:
        return found
    squares = (points**2).sum(1)
    for rows in np.array_split(np.arange(len(points)), -(-(len(points) ** 2) // BLOCK)):
        found[whole[rows], :count] = whole[_nearest_of(rows, points, squares, count, metric)]
    return found


def cosine(vectors: np.ndarray, one: int, other: int) -> np.ndarray:
    """Cosine similarity (S,) of two rows of vectors (S, N, C); NaN of a row of zeros."""
    pairs = (_points(step, "cosine") for step in vectors[:, [one, other]])
    return np.array([-_apart(pair[0], pair[1], "cosine") for pair in pairs])


def turnover(vectors: np.ndarray, count: int, metric: Metric) -> np.ndarray:
    """Share of each row's `count` nearest that are new since the step before: (S, N, C) -> (S, N).

    float32 in 0..1; 0 at the first step, NaN where a row has no neighbours.
    """
    before = nearest(vectors[0], count, metric)
    shares = []
    for step in vectors:
        now = nearest(step, count, metric)
        exists = now >= 0
        new = exists & ~(now[:, :, None] == before[:, None, :]).any(2)
        with np.errstate(invalid="ignore"):  # 0 / 0: a row without neighbours
            shares.append(new.sum(1) / exists.sum(1))
        before = now
    return np.array(shares, np.float32)


def biography(ids: np.ndarray, steps: Sequence[int] | np.ndarray) -> list[Change]:
    """Ids that entered and left the neighbours ids (S, K) at each recorded step (S,) with a change.

    The neighbours of the first step are no change; -1 stands for no neighbour.
    """
    changes = []
    for (old, now), step in zip(pairwise(ids.tolist()), steps[1:], strict=True):
        entered = tuple(row for row in now if row not in old and row >= 0)
        left = tuple(row for row in old if row not in now and row >= 0)
        if entered or left:
            changes.append(Change(int(step), entered, left))
    return changes


def pairs_since(vectors: np.ndarray, metric: Metric) -> list[Pair]:
    """The pairs that are each other's nearest row at the last of S steps, in order of time.

    vectors (S, N, C), N > 1. A pair counts from the first step from which it is so without
    interruption to the last.
    """
    found = np.stack([nearest(step, 1, metric)[:, 0] for step in vectors])  # (S, N), -1 for none
    rows = np.arange(found.shape[1])
    mutual = (found >= 0) & (np.take_along_axis(found, found, axis=1) == rows)
    same = mutual & (found == found[-1])
    since = len(found) - np.logical_and.accumulate(same[::-1]).sum(0)
    return sorted(
        Pair(int(since[one]), one, int(found[-1, one]))
        for one in rows.tolist()
        if mutual[-1, one] and one < found[-1, one]
    )


def tokens_changed_most(turnover: np.ndarray, count: int) -> np.ndarray:
    """Ids (`count`,) of the rows with the largest turnover (S, N) in sum, the largest first.

    Equal sums in the order of ids; NaN adds nothing. ValueError when there are fewer rows.
    """
    rows = turnover.shape[1]
    if not 1 <= count <= rows:
        raise ValueError(f"count must be in [1, {rows}] for {rows} rows, got {count}")
    return np.argsort(-np.nansum(turnover, axis=0, dtype=np.float64), kind="stable")[:count]


def _check_count(count: int, rows: int) -> None:
    if not 1 <= count < rows:
        raise ValueError(
            f"count must be at least 1 and less than the number of rows, {rows}, got {count}"
        )


def _lengths(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Lengths of the rows of each difference of two (N, C), a pair a step: (S, N) float32."""
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = [np.linalg.norm(now.astype(np.float64) - old, axis=-1) for now, old in pairs]
        return np.stack(lengths).astype(np.float32)


def _points(vectors: np.ndarray, metric: Metric) -> np.ndarray:
    """What is compared of rows (N, C): float64, of length 1 for cosine; NaN where nothing is."""
    points = vectors.astype(np.float64)
    points[~np.isfinite(points).all(1)] = np.nan
    if metric == "cosine":
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        points /= np.where(lengths == 0, np.nan, lengths)
    return points


def _apart(points: np.ndarray, others: np.ndarray, metric: Metric) -> np.ndarray:
    """The squared distance, or the negative cosine, pair by pair: smaller means nearer.

    Cosines are rounded to 12 decimals: those of parallel rows differ by rounding errors only.
    Equal rows have equal differences anyway.
    """
    if metric == "cosine":
        return -np.round((points * others).sum(-1), 12)
    return ((points - others) ** 2).sum(-1)


def _nearest_of(
    rows: np.ndarray, points: np.ndarray, squares: np.ndarray, count: int, metric: Metric
) -> np.ndarray:
    """The `count` nearest of some rows (R,) among all points (M, C): (R, count)."""
    rough = squares - 2 * points[rows] @ points.T  # (R, M), less |x|², the same all along a row
    rough[np.arange(len(rows)), rows] = np.inf
    spare = 1e-11 * (squares[rows] + squares.max())  # above the rounding of the product
    nearest = torch.from_numpy(rough).topk(count, dim=1, largest=False)  # faster than partition
    bound = nearest.values[:, -1].numpy() + spare
    own, other = np.nonzero(rough <= bound[:, None])
    order = np.lexsort((other, _apart(points[other], points[rows[own]], metric), own))
    first = np.searchsorted(own, np.arange(len(rows)))
    return other[order[first[:, None] + np.arange(count)]]
