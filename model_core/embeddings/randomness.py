"""Whether a table still looks like the random numbers that it began as."""

import numpy as np
import torch

TESTS = ("distribution", "size", "directions")
LEVEL = 0.05  # chance that a table which stays random is called anything else
_GRID = 4096  # points of the Marchenko-Pastur law
# The Tracy-Widom law of order 1 as a shifted gamma law: shape, scale, shift (Chiani 2014).
_TRACY_WIDOM = (46.446, 0.186054, 9.84801)


def kolmogorov_smirnov(vectors: np.ndarray, std: float) -> tuple[np.ndarray, np.ndarray]:
    """The largest distance between the numbers' distribution and N(0, std²), and its p value.

    vectors (S, N, C) -> (S,) each; NaN where a number is not finite. The p value is Kolmogorov's
    with Stephens' correction for n numbers (1970): within 5% from 100 numbers on.
    """
    from scipy.special import kolmogorov, ndtr

    numbers = np.sort(vectors.reshape(len(vectors), -1), axis=1)
    count = numbers.shape[1]
    below = ndtr(numbers.astype(np.float64) / std)
    ranks = np.arange(count + 1) / count
    distance = np.maximum(ranks[1:] - below, below - ranks[:-1]).max(1)
    distance[~np.isfinite(vectors).all((1, 2))] = np.nan
    root = np.sqrt(count)
    return distance, kolmogorov((root + 0.12 + 0.11 / root) * distance)


def size_p(vectors: np.ndarray, std: float) -> np.ndarray:
    """Whether the numbers are as large as those of N(0, std²): p values (S,), both ways.

    Σ x² / std² of n such numbers has the chi-squared law of n degrees of freedom.
    """
    from scipy.special import gammainc, gammaincc

    squares = (vectors.astype(np.float64) ** 2).sum((1, 2)) / std**2
    half = vectors[0].size / 2
    sides = np.minimum(gammainc(half, squares / 2), gammaincc(half, squares / 2))
    return np.where(np.isfinite(squares), np.minimum(2 * sides, 1), np.nan)


def directions_p(vectors: np.ndarray) -> np.ndarray:
    """Whether one direction holds more than chance gives it: p values (S,).

    Of the largest squared singular value over the mean square of the numbers, by the Tracy-Widom
    law (Johnstone 2001). In a small table they are too large, since its own mean square follows
    the largest. 1 where there are fewer than two rows or channels.
    """
    from scipy.special import gammaincc

    _, rows, channels = vectors.shape
    more, fewer = max(rows, channels), min(rows, channels)
    if fewer < 2:
        return np.where(np.isfinite(vectors).all((1, 2)), 1.0, np.nan)
    roots = np.sqrt(more - 1) + np.sqrt(fewer)
    spread = roots * (1 / np.sqrt(more - 1) + 1 / np.sqrt(fewer)) ** (1 / 3)
    largest = (singular_values(vectors)[:, 0] * upper_edge(rows, channels)) ** 2
    shape, scale, shift = _TRACY_WIDOM
    return gammaincc(shape, np.maximum((largest - roots**2) / spread + shift, 0) / scale)


def initial_shares(edges: np.ndarray, std: float) -> np.ndarray:
    """The share of N(0, std²) in each bin between ascending edges (B + 1,): (B,)."""
    from scipy.special import ndtr

    return np.diff(ndtr(np.asarray(edges, np.float64) / std))


def p_values(vectors: np.ndarray, std: float) -> np.ndarray:
    """(S, 3) in the order of TESTS, for rows (S, N, C) that began as N(0, std²)."""
    return np.stack(
        [kolmogorov_smirnov(vectors, std)[1], size_p(vectors, std), directions_p(vectors)], 1
    )


def not_random_from(p: np.ndarray, level: float = LEVEL) -> int | None:
    """The index of the first step from which on every p (S, M) has a test that rejects.

    Holm's correction over all S · M of them, which holds however they depend on each other: a table
    that stays random gets a step in at most `level` of cases. Steps with NaN do not count.
    """
    known = np.flatnonzero(np.isfinite(p).all(1))
    rejected = np.any(_holm(p[known], level), axis=1)
    first = len(known) - int(np.logical_and.accumulate(rejected[::-1]).sum())
    return int(known[first]) if first < len(known) else None


def singular_values(vectors: np.ndarray) -> np.ndarray:
    """Singular values (S, K), the largest first, over the upper edge of a random matrix.

    Of such a matrix of the same shape and mean square; K is the smaller of rows and channels. NaN
    where a number is not finite, or all are 0.
    """
    _, rows, channels = vectors.shape
    found = np.full((len(vectors), min(rows, channels)), np.nan)
    sizes = np.sqrt((vectors.astype(np.float64) ** 2).mean((1, 2), keepdims=True))
    at = np.flatnonzero(np.isfinite(sizes) & (sizes > 0))
    tables = torch.from_numpy(vectors[at] / sizes[at])
    tables = tables if channels < rows else tables.mT
    squares = torch.linalg.eigvalsh(tables.mT @ tables)  # (S, K), sooner than an SVD
    found[at] = squares.clamp(min=0).sqrt().flip(1).numpy()
    return found / upper_edge(rows, channels)


def upper_edge(rows: int, channels: int) -> float:
    """Where the singular values of random numbers of mean square 1 end: √N + √C."""
    return float(np.sqrt(rows) + np.sqrt(channels))


def marchenko_pastur(rows: int, channels: int) -> np.ndarray:
    """The singular values (K,) to expect of a random matrix, in the unit of `singular_values`.

    Quantiles at (k - ½) / K of the law of Marchenko and Pastur (1967): the squares over the larger
    side are 1 + γ + 2√γ cos θ, of density 2 sin² θ / (π (1 + γ + 2√γ cos θ)) in θ from 0 to π,
    γ = smaller side / larger side.
    """
    more, fewer = max(rows, channels), min(rows, channels)
    ratio = fewer / more
    theta = (np.arange(_GRID) + 0.5) * np.pi / _GRID  # midpoints: at γ = 1 the last end is 0 / 0
    squares = 1 + ratio + 2 * np.sqrt(ratio) * np.cos(theta)
    shares = 2 * np.sin(theta) ** 2 / squares / _GRID
    below = np.cumsum(shares) - shares / 2
    wanted = (np.arange(fewer) + 0.5) / fewer  # from the largest on, as θ
    return np.sqrt(np.interp(wanted, below, squares) * more) / upper_edge(rows, channels)


def _holm(p: np.ndarray, level: float) -> np.ndarray:
    """Which of the p values are rejected: the k-th smallest of n up to level / (n - k), k from 0,
    as long as all smaller ones are."""
    order = np.argsort(p, axis=None)
    passed = p.ravel()[order] <= level / np.arange(p.size, 0, -1)
    rejected = np.zeros(p.size, bool)
    rejected[order] = np.logical_and.accumulate(passed)
    return rejected.reshape(p.shape)
