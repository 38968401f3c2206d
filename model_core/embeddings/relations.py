"""Which property of tokens each dimension of a table goes with, beyond chance.

S steps, N tokens, C channels, P properties.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from model_core.embeddings.properties import LEAST, Property

LEVEL = 0.01  # of p values, corrected for the number of comparisons: up to here it is no chance


class Relations(NamedTuple):
    """Of each property and channel at each step: its strength (S, P, C), and p (S, P, C).

    Strength: Spearman's rank correlation in [-1, 1], of kinds the correlation ratio of the ranks in
    [0, 1], whose square is the share of their variance between kinds. p is of either by chance,
    not corrected. NaN where a channel is constant or not finite.
    """

    strength: np.ndarray
    p: np.ndarray


def relations(vectors: np.ndarray, properties: Sequence[Property]) -> Relations:
    """Of the rows (S, N, C) of a table and P properties of its N tokens."""
    found = [_relation(vectors[:, one.known], one) for one in properties]
    return Relations(*(np.stack(part, axis=1) for part in zip(*found, strict=True)))


def corrected(p: np.ndarray) -> np.ndarray:
    """p values (S, ...) corrected for all comparisons of their step (Benjamini and Hochberg 1995).

    Of what is at most LEVEL then, on average at most that share is chance. NaN stays and does not
    count.
    """
    from scipy.stats import false_discovery_control  # takes half a second

    found = np.full(p.shape, np.nan)
    for before, after in zip(p, found, strict=True):
        if (known := np.isfinite(before)).any():
            after[known] = false_discovery_control(before[known])
    return found


def _relation(vectors: np.ndarray, one: Property) -> tuple[np.ndarray, np.ndarray]:
    """Strength and p (S, C) of one property that is known of all of these rows (S, N, C)."""
    from scipy import stats

    count = vectors.shape[1]
    ranks = _standard(vectors)
    values = one.values[one.known]
    if count < LEAST:
        nothing = np.full(ranks[:, 0].shape, np.nan)
        return nothing, nothing
    if one.kinds:
        members = values[:, None] == np.unique(values)  # (N, kinds)
        sums = np.einsum("snc,ng->scg", ranks, members)
        share = (sums**2 / members.sum(0)).sum(-1) / count
        h = (count - 1) * share  # Kruskal and Wallis 1952, with its correction for ties
        return np.sqrt(share), stats.chi2.sf(h, members.shape[1] - 1)
    rho = np.einsum("snc,n->sc", ranks, _standard(values[None, :, None])[0, :, 0]) / count
    rho = rho.clip(-1, 1)
    with np.errstate(divide="ignore"):
        t = rho * np.sqrt((count - 2) / (1 - rho**2))
    return rho, 2 * stats.t.sf(np.abs(t), count - 2)


def _standard(values: np.ndarray) -> np.ndarray:
    """Ranks (S, N, C) along the rows with mean 0 and variance 1; NaN of a constant channel."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1)  # NaN throughout where one is
    ranks[~np.isfinite(values).all(1)[:, None].repeat(values.shape[1], 1)] = np.nan
    ranks -= ranks.mean(1, keepdims=True)
    spread = ranks.std(1, keepdims=True)
    return ranks / np.where(spread > 0, spread, np.nan)
