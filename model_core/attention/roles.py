"""What a head does: measures of its attention, and the role they name."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

MEASURES = ("previous token", "first token", "same token", "duplicate token", "induction")
THRESHOLD = 0.5  # a role is named at this score or above it
SHORTEST, FEWEST = 16, 4  # tokens and different tokens of a probe: in less, chance scores high
LONGEST = 64  # tokens of a probe: cost grows with the square, scores hardly change


class RoleTaken(NamedTuple):
    """Recorded step number `at` (from 0) since which a head has a role, an index into MEASURES."""

    at: int
    layer: int
    head: int
    role: int


def attention_entropy(weights: np.ndarray) -> np.ndarray:
    """How widely a head spreads its attention: weights (..., T, T) -> (...), float64.

    Shannon's -Σ w log2 w in bits, the mean over queries 1 to T-1: query 0 has no choice. NaN for
    T = 1.
    """
    rows = weights[..., 1:, :]
    if not rows.shape[-2]:
        return np.full(rows.shape[:-2], np.nan)
    logs = np.maximum(rows, np.finfo(rows.dtype).tiny)  # finite, so that 0 log 0 = 0
    np.log2(logs, out=logs)
    return -np.einsum("...qk,...qk->...q", rows, logs).mean(-1, dtype=np.float64)


def head_scores(weights: np.ndarray, ids: Sequence[int] | np.ndarray) -> np.ndarray:
    """The score of each of MEASURES: weights (..., T, T) of ids (T,) -> (..., 5).

    A score is the mean weight over some queries, all but query 0 unless noted otherwise:

    - previous token: on the one before;
    - first token: on the first of all;
    - same token: on the query itself;
    - duplicate token: on all earlier positions of the query's token, where there are any (Wang et
      al. 2022);
    - induction: on all positions right after these, the query itself not counted, where there are
      any (prefix matching, Olsson et al. 2022).

    NaN where no query is concerned, and where a weight is not finite. ValueError when weights and
    ids do not fit.
    """
    T = len(ids)
    if weights.shape[-2:] != (T, T):
        raise ValueError(f"weights {weights.shape} do not fit {T} tokens")
    with np.errstate(invalid="ignore"):  # 0 / 0 and 0 · inf are meant to be NaN
        shares = _shares(np.asarray(ids)).astype(weights.dtype)
        scores = weights.reshape(-1, T * T) @ shares.reshape(-1, T * T).T
    scores[~np.isfinite(scores)] = np.nan
    return scores.reshape(*weights.shape[:-2], len(MEASURES))


def _shares(ids: np.ndarray) -> np.ndarray:
    """What a weight counts in each score: (5, T, T), 1 / queries concerned where it is read."""
    T = len(ids)
    query, key = np.ogrid[:T, :T]
    before = key < query
    same = ids[:, None] == ids
    after_same = np.zeros((T, T), bool)
    after_same[:, 1:] = same[:, :-1]
    read = np.stack(
        [
            key == query - 1,
            (key == 0) & (query > 0),
            (key == query) & (query > 0),
            same & before,
            after_same & before,
        ]
    )
    return read / read.any(-1).sum(-1)[:, None, None]


def probe_ids(vocab_size: int, block_size: int, count: int = 16, seed: int = 0) -> Tensor:
    """Fresh random sequences to measure heads on, always the same: (B, T) int64.

    T is block_size, or LONGEST where that is less.

    Each is a string of different random tokens written over and over. The lengths of the strings
    are spread evenly from T/8 to T/2, at least 4 and at most vocab_size: long enough that uniform
    attention scores little, short enough that half of the queries or more occurred before.
    """
    draws = torch.Generator().manual_seed(seed)
    size = min(block_size, LONGEST)
    longest = min(vocab_size, max(FEWEST, size // 2))
    shortest = min(longest, max(FEWEST, size // 8))
    lengths = torch.linspace(shortest, longest, count).round().int().tolist()
    strings = [torch.randperm(vocab_size, generator=draws)[:length] for length in lengths]
    return torch.stack([s.repeat(-(-size // len(s)))[:size] for s in strings])


def probe_scores(weights: np.ndarray, ids: Tensor) -> np.ndarray:
    """Scores reached in three of four probes: weights (B, ..., T, T) of ids (B, T) -> (..., 5).

    The lower quartile over the probes of `head_scores`: an untrained head may do by chance in some
    sequences what it does not do in others. NaN where the probes are shorter than SHORTEST or have
    fewer than FEWEST different tokens: there it does so in all of them.
    """
    each = [head_scores(*probe) for probe in zip(weights, ids.numpy(), strict=True)]
    scores = np.quantile(each, 0.25, axis=0)
    if ids.shape[1] < SHORTEST or len(ids.unique()) < FEWEST:
        scores[:] = np.nan
    return scores


def roles(scores: np.ndarray) -> np.ndarray:
    """The role scores (..., 5) name: (...) int8, the index in MEASURES of the largest.

    -1 where that is below THRESHOLD or every score is NaN. A head's role is that of `probe_scores`;
    scores of a typed text describe that text only.
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    named = known.max(-1) >= THRESHOLD
    return np.where(named, known.argmax(-1), -1).astype(np.int8)


def role_steps(roles: np.ndarray) -> list[RoleTaken]:
    """When heads took the roles (S, L, H) they have at the last of S steps, in order of time.

    A role is taken at the first step from which the head has it without interruption to the last.
    """
    last = roles[-1]
    unchanged = np.logical_and.accumulate((roles == last)[::-1])  # from the last step back
    taken = len(roles) - unchanged.sum(0)
    return sorted(
        RoleTaken(int(taken[layer, head]), layer, head, int(last[layer, head]))
        for layer, head in np.argwhere(last >= 0).tolist()
    )
