"""What follows one token: in a text, and for a model, averaged over where the token stands."""

import numpy as np
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel

CONTEXTS = 64


def followers(ids: np.ndarray, first: int, vocab_size: int) -> np.ndarray:
    """(V,) how often each token comes right after `first` in a text of ids (n,)."""
    return np.bincount(ids[1:][ids[:-1] == first], minlength=vocab_size)


def commonest_pair(ids: np.ndarray, among: np.ndarray) -> tuple[int, int] | None:
    """The two different tokens `among` (N,) that stand beside each other most often, in order."""
    before, after = ids[:-1].astype(np.int64), ids[1:]
    both = np.isin(before, among) & np.isin(after, among) & (before != after)
    size = int(ids.max()) + 1
    pairs, counts = np.unique((before * size + after)[both], return_counts=True)
    if not len(pairs):
        return None
    first, second = divmod(int(pairs[counts.argmax()]), size)
    return first, second


def contexts(ids: np.ndarray, first: int, size: int, count: int = CONTEXTS) -> np.ndarray:
    """At most `count` evenly spaced parts (B, size) of a text of ids (n,) that end with `first`.

    ValueError where it does not stand behind so many tokens.
    """
    ends = np.flatnonzero(ids == first)
    ends = ends[ends >= size - 1]
    if not len(ends):
        raise ValueError(f"this token never comes after {size - 1} others in the training text")
    some = ends[np.linspace(0, len(ends) - 1, min(count, len(ends))).round().astype(int)]
    return ids[some[:, None] + np.arange(1 - size, 1)]


@torch.no_grad()
def read_next(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """ "next" (V,): the probability of every token after ids (B, T), in the mean over B."""
    return {"next": model(ids)[0][:, -1].softmax(-1).mean(0)}
