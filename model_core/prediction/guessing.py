"""What guessing costs that knows little of a text: levels which a loss can be compared with."""

import math
from typing import NamedTuple

import numpy as np


class Guessing(NamedTuple):
    """Nats per token of guesses that know nothing, how often each token is, and what follows which.

    The last two are entropies of the text itself: no guess of their kind loses less on it.
    """

    evenly: float
    by_frequency: float
    by_token_before: float


def guessing(ids: np.ndarray, vocab_size: int) -> Guessing:
    """Of a text of ids (N,), N > 1: ln V, H(x), and H(x | the token before) (Shannon 1951)."""
    singles = np.bincount(ids, minlength=vocab_size)
    before = np.bincount(ids[:-1], minlength=vocab_size)
    pairs = np.unique(ids[:-1].astype(np.int64) * vocab_size + ids[1:], return_counts=True)[1]
    return Guessing(math.log(vocab_size), _entropy(singles), _entropy(pairs) - _entropy(before))


def below_since(losses: np.ndarray, level: float) -> int | None:
    """The index from which on losses (S,) stay below a level; None where the last is not."""
    above = np.flatnonzero(~(losses < level))  # a loss that is not a number is not below
    first = int(above[-1]) + 1 if len(above) else 0
    return first if first < len(losses) else None


def _entropy(counts: np.ndarray) -> float:
    """In nats, of the shares that counts (N,) have."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
