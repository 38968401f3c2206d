"""Which rows of a table are alike: equal ones, and pairs that belong together beside all others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_core.embeddings import similarity

DEALS = 200  # times that the rows are dealt out anew
_AT_ONCE = 2**22  # numbers of the pairs of some deals in memory
SHARE = 0.99


class Alike(NamedTuple):
    """Mean cosines (S,) of pairs `within` and of those `between`, NaN where there are none.

    `chance`: below it lie SHARE of the means within when the same pairs are dealt out at random.
    """

    within: np.ndarray
    between: np.ndarray
    chance: np.ndarray


def of_one_kind(kinds: Sequence[str]) -> np.ndarray:
    """Which pairs of rows are of one kind: (N, N) bool."""
    names = np.array(kinds)
    return names[:, None] == names


def side_by_side(count: int) -> np.ndarray:
    """Which pairs of positions are next to each other: (T, T) bool."""
    at = np.arange(count)
    return np.abs(at[:, None] - at) == 1


def different_rows(vectors: np.ndarray) -> np.ndarray:
    """How many rows of (S, N, C) are left when equal ones count once: (S,) int64."""
    return np.array([len(np.unique(step, axis=0)) for step in vectors])


def alike(vectors: np.ndarray, together: np.ndarray, seed: int = 0) -> Alike:
    """Whether rows (S, N, C) whose pairs belong `together` (N, N) are more alike than others.

    Every pair counts once. A row that is zero or not finite has no direction: no pair with it
    counts. The deals keep which pairs belong together, and exchange the rows.
    """
    size = len(together)
    one, other = np.tril_indices(size, -1)
    pairs = one * size + other
    cosines = torch.stack(
        [similarity.cosines(step).take(torch.from_numpy(pairs)) for step in vectors]
    )
    known = ~cosines.isnan()  # (S, P), as the cosines
    cosines.nan_to_num_(0)
    own = np.take(together, pairs)[None]
    draw = np.random.default_rng(seed)
    orders = np.stack([draw.permutation(size) for _ in range(DEALS)])
    dealt = [
        _means(cosines, known, np.stack([_dealt(together, order, pairs) for order in some]))
        for some in np.array_split(orders, -(-DEALS * len(pairs) // _AT_ONCE) or 1)
    ]
    return Alike(
        _means(cosines, known, own)[0],
        _means(cosines, known, ~own)[0],
        np.quantile(np.concatenate(dealt), SHARE, axis=0),
    )


def _dealt(together: np.ndarray, order: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.take(together[np.ix_(order, order)], pairs)


def _means(cosines: Tensor, known: Tensor, chosen: np.ndarray) -> np.ndarray:
    """The means of chosen pairs (D, P) at every step: (D, S)."""
    weights = torch.from_numpy(chosen).float()
    counts = weights.sum(1, keepdim=True) if known.all() else weights @ known.T.float()
    return ((weights @ cosines.T) / counts).numpy()  # 0 / 0: no pair
