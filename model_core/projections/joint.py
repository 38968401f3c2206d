"""UMAP of all steps at once, with a penalty on the movement of rows between steps."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model_core.projections.forces import ALL_PAIRS, Curve, Graph, forces
from model_core.projections.graph import nearest, rows_differ, scaled
from model_core.projections.pca import pca_over_time
from model_core.projections.trust import trustworthiness

SPREAD = 10.0  # largest coordinate of the first layout: wide, so that rows can pass each other
EVERY = 12  # one step in 12 is laid out first
COARSE, FINE = (500, 1.0), (200, 0.3)  # rounds, and their initial learning rate
FLAT_AFTER = 0.4  # share of the rounds after which spare dimensions are dropped
PULL = 20.0  # final penalty on coordinates in spare dimensions
SPARE = (2, 0, 1, 3, 4)  # numbers of spare dimensions, one start each
REPORT = 10  # rounds between two calls of `progress`
Progress = Callable[[float], None]


def umap_over_time(
    vectors: np.ndarray,
    *,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    dimensions: int = 2,
    smoothness: float = 10.0,
    seed: int = 0,
    steps: np.ndarray | None = None,
    known: np.ndarray | None = None,
    progress: Progress = lambda share: None,
) -> np.ndarray:
    """One map of vectors (S, N, C) for all steps: points (S, N, dimensions), float32.

    Each step has its own fuzzy graph p, as in UMAP. All steps are laid out together and minimize

        sum over steps s and pairs i < j of  -p_sij log q_sij - r_sij log(1 - q_sij)
        + smoothness · sum over s and i of  |y_s+1,i - y_s,i|² / gap_s

    with q = 1 / (1 + a |y_i - y_j|^2b), a and b fitted to `min_dist` as in UMAP (McInnes, Healy,
    Melville 2018), and r_sij = 5 (d_si + d_sj) / 2N with the row sums d of p: what UMAP's negative
    sampling actually minimizes (Damrich, Hamprecht 2021). gap_s is the distance of two recorded
    `steps` (S,) in units of the mean distance; all are 1 without `steps`. AlignedUMAP, by the
    authors of umap-learn, instead samples updates that pull a row to its points at other steps.

    Descent (Adam) starts from PCA over time, first at some of the steps, with spare dimensions that
    are flattened gradually, so that rows can pass each other; the most trustworthy of several such
    starts is refined at all steps. With more than ALL_PAIRS rows repulsion is estimated from rows
    drawn at random, the same at all steps, and there is one start: time grows like S · N, except
    for the exact search for nearest rows.

    Equal arguments give equal bits in any order of the rows (those that are equal at all steps may
    be exchanged). Rotating all vectors preserves the map's distances, up to rounding. A row with a
    number that is not finite is NaN at that step and exerts no force. A step whose rows are all
    equal has no graph, and is laid out like its neighbouring steps. `known` (S, N, dimensions) are
    points that stay fixed, NaN at the steps to lay out: so a map grows with its run. `progress` is
    called with the share done, 0..1; an exception that it raises ends the work. ValueError says
    what cannot be laid out.
    """
    check_rows(vectors, n_neighbors, dimensions)
    check_known(known, (*vectors.shape[:2], dimensions))
    if not 0 <= min_dist <= 1:
        raise ValueError(f"min_dist must be in [0, 1], got {min_dist}")
    if not 0 <= smoothness < math.inf:
        raise ValueError(f"smoothness must be 0 or more, got {smoothness}")
    order = sorted(range(vectors.shape[1]), key=lambda row: vectors[:, row].tobytes())
    table = scaled(vectors[:, order])
    graph = Graph.of(nearest(table, n_neighbors - 1), rows_differ(table))
    times = _times(len(vectors), steps)
    film = _Film(graph, Curve.fitted(min_dist), smoothness, times, seed, dimensions)
    if known is None or np.isnan(known).all():
        points = _laid_out(film, vectors[:, order], progress)
    else:
        points = _grown(film, torch.as_tensor(known[:, order]).float(), progress)
    layout = np.empty(points.shape, np.float32)
    layout[:, order] = points.numpy()
    layout[~np.isfinite(vectors).all(-1)] = np.nan
    return layout


def check_rows(vectors: np.ndarray, n_neighbors: int, dimensions: int) -> None:
    """ValueError unless neighbourhoods of vectors (S, N, C) can be mapped to 2 or 3 dimensions."""
    if vectors.ndim != 3:
        raise ValueError(f"vectors must be (steps, rows, channels), got shape {vectors.shape}")
    if dimensions not in (2, 3):
        raise ValueError(f"dimensions must be 2 or 3, got {dimensions}")
    rows = vectors.shape[1]
    if rows < 3:
        raise ValueError(f"a map of neighbours needs at least 3 rows, got {rows}; PCA shows them")
    if not 2 <= n_neighbors <= rows:
        raise ValueError(f"n_neighbors must be in [2, {rows}] for {rows} rows, got {n_neighbors}")
    if not rows_differ(torch.as_tensor(vectors)).any():
        raise ValueError("no step has two different rows of finite numbers: nothing to map")


def check_known(known: np.ndarray | None, shape: tuple[int, ...]) -> None:
    """ValueError when there are `known` points of another shape."""
    if known is not None and known.shape != shape:
        raise ValueError(f"known points must have shape {shape}, NaN where new, got {known.shape}")


@dataclass(frozen=True)
class _Film:
    """The objective of a layout of S steps; times (S,) float64 ascend by 1 a step on average."""

    graph: Graph
    curve: Curve
    smoothness: float
    times: Tensor
    seed: int
    dimensions: int

    def descend(
        self,
        points: Tensor,
        at: Tensor,
        *,
        pace: tuple[int, float],
        fixed: Tensor | None = None,
        progress: Progress,
    ) -> Tensor:
        """Optimized points (K, N, dimensions) at steps `at` (K,), from (K, N, dimensions or more).

        Spare dimensions are flattened on the way. Rows that are `fixed` (K, N) do not move.
        """
        dimensions = self.dimensions
        pull = forces(self.graph.only(at), self.curve, self.seed)
        stiff = 2 * self.smoothness / self.times[at].diff()[:, None, None].float()
        mean, square = torch.zeros(2, *points.shape)
        rounds, rate = pace
        for number in range(rounds):
            spare = 1 - number / (FLAT_AFTER * rounds)
            if spare <= 0 and points.shape[-1] > dimensions:
                points, mean, square = (x[..., :dimensions].clone() for x in (points, mean, square))
            gradient = pull(points)
            moved = stiff * points.diff(dim=0)
            gradient[1:] += moved
            gradient[:-1] -= moved
            gradient[..., dimensions:] += 2 * PULL * (1 - spare) * points[..., dimensions:]
            if fixed is not None:
                gradient[fixed] = 0
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient * gradient
            step = mean / (1 - 0.9 ** (number + 1))
            size = (square / (1 - 0.999 ** (number + 1))).sqrt() + 1e-8
            points = points - rate * (1 - number / rounds) * step / size
            if number % REPORT == 0:
                progress(number / rounds)
        return points


def _laid_out(film: _Film, vectors: np.ndarray, progress: Progress) -> Tensor:
    """Points (S, N, dimensions): some steps from several starts, then all from the best."""
    steps, rows, _ = vectors.shape
    every = EVERY if film.smoothness else 1  # of each other, loose steps know nothing
    some = np.linspace(0, steps - 1, min(steps, max(2, -(-steps // every)))).round().astype(int)
    at = torch.from_numpy(some)
    starts = SPARE if rows <= ALL_PAIRS else SPARE[:1]
    tried = []
    for number, spare in enumerate(starts):
        begin, end = (0.5 * (number + part) / len(starts) for part in (0, 1))
        points = film.descend(
            _spread_out(vectors, film.dimensions + spare)[at],
            at,
            pace=COARSE,
            progress=_between_shares(progress, begin, end),
        )
        tried.append(points)
    best = tried[0]
    if len(tried) > 1:  # measuring trust of many rows takes as long as laying them out
        trust = [np.nansum(trustworthiness(vectors[some], one.numpy())) for one in tried]
        best = tried[int(np.argmax(trust))]
    return film.descend(
        _between(best, film.times[at], film.times),
        torch.arange(steps),
        pace=FINE,
        progress=_between_shares(progress, 0.5, 1.0),
    )


def _between_shares(progress: Progress, begin: float, end: float) -> Progress:
    """Reports the progress 0..1 of a part of the work as begin..end of the whole."""

    def report(share: float) -> None:
        progress(begin + share * (end - begin))

    return report


def _grown(film: _Film, known: Tensor, progress: Progress) -> Tensor:
    """Points (S, N, D): the `known` ones unchanged, the others initialized between them."""
    fixed = known.isfinite().all(-1)  # (S, N); a row that is NaN at a known step starts at the mean
    new = ~fixed.any(-1)
    old = known[~new]
    old = torch.where(old.isfinite(), old, old.nanmean(1, keepdim=True))
    points = _between(old, film.times[~new], film.times)
    beside = new | torch.cat([new[1:], new[:1] & False]) | torch.cat([new[:1] & False, new[:-1]])
    at = beside.nonzero()[:, 0]
    points[at] = film.descend(points[at], at, pace=FINE, fixed=fixed[at], progress=progress)
    return points


def _spread_out(vectors: np.ndarray, dimensions: int) -> Tensor:
    """PCA over time (S, N, dimensions), scaled to SPREAD; rows that are not finite are at 0."""
    points = torch.from_numpy(pca_over_time(vectors, dimensions).layout).nan_to_num()
    return points * (SPREAD / points.abs().max().clamp_min(1e-30))


def _between(points: Tensor, at: Tensor, times: Tensor) -> Tensor:
    """Points (K, N, D) at times `at` (K,), interpolated linearly to all `times` (S,)."""
    right = torch.searchsorted(at, times).clamp(1, max(len(at) - 1, 1))
    left, right = right - 1, right.clamp_max(len(at) - 1)
    share = (times - at[left]) / (at[right] - at[left]).clamp_min(1e-9)
    return torch.lerp(points[left], points[right], share.clamp(0, 1).float()[:, None, None])


def _times(count: int, steps: np.ndarray | None) -> Tensor:
    """(S,) float64, one apart on average."""
    if steps is None or count == 1:
        return torch.arange(count, dtype=torch.float64)
    times = torch.as_tensor(np.asarray(steps, np.float64))
    if len(times) != count:
        raise ValueError(f"steps must be {count} numbers, one for each table, got {len(times)}")
    wrong = (~(times.diff() > 0)).nonzero()
    if len(wrong):
        before, after = times[wrong[0, 0] :][:2].tolist()
        raise ValueError(f"steps must ascend, got {after:g} after {before:g}")
    return (times - times[0]) / times.diff().mean()
