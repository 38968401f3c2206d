"""What a model knows of its text: how often tokens follow others, and how words are spelled.

W windows of T tokens, V in the vocabulary, n in the training text.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.words import words

POSITIONS = 1_024  # of the text that are read, at most
CELLS = 2**21  # positions × tokens of the vocabulary, at most
COUNTED = 20  # occurrences of two tokens from which on what follows them is counted
GUESSES = ("evenly", "unigram", "bigram", "trigram")


class Asked(NamedTuple):
    """Windows to read (W, T), what follows each position (W, T), and what is known of it.

    `shares` (3, W, T, V): how often the text has each token there, by itself, after the last one
    and after the last two. `entropies` (4, W, T) in nats of the guesses GUESSES.
    `counted` (W, T): where two tokens have occurred COUNTED times. `word` (W, T): number of the
    word that what follows belongs to, where its beginning leaves no other token; else -1.
    """

    ids: Tensor
    targets: Tensor
    shares: Tensor
    entropies: np.ndarray
    counted: np.ndarray
    word: np.ndarray


class Known(NamedTuple):
    """At S steps: the KL divergence (S, 4) in nats from each of GUESSES to the model's next token,
    and the share (S,) of words that are spelled right; NaN where nothing can be counted."""

    divergence: np.ndarray
    spelled: np.ndarray


def asked(train: Tensor, held_back: Tensor, tokens: Sequence[str], size: int) -> Asked:
    """Of windows evenly spaced in the text `held_back`, with counts of `train` (n,).

    A window has `size` tokens, of a vocabulary too large for CELLS fewer.
    """
    vocab = len(tokens)
    most = max(min(POSITIONS, CELLS // vocab), 2)
    size = min(size, most)
    count = most // size
    starts = _starts(len(held_back), size, count)
    windows = torch.stack([held_back[at : at + size + 1] for at in starts])
    ids, targets = windows[:, :-1], windows[:, 1:]
    shares, counted = _shares(train.numpy(), ids.numpy(), vocab)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = -np.nansum(shares * np.log(shares), axis=-1)
    evenly = np.full(inside[:1].shape, np.log(vocab))
    word = _words(train.numpy(), held_back.numpy(), tokens, (starts, size))
    entropies = np.concatenate([evenly, inside])
    return Asked(ids, targets, torch.from_numpy(shares), entropies, counted, word)


def _starts(length: int, size: int, count: int) -> np.ndarray:
    """As `corpora.validation_windows` spaces them."""
    last = length - size - 1
    return torch.linspace(0, last, min(count, last + 1), dtype=torch.float64).long().numpy()


def _shares(train: np.ndarray, ids: np.ndarray, vocab: int) -> tuple[np.ndarray, np.ndarray]:
    """The shares (3, W, T, V) of an Asked, and where they are counted (W, T)."""
    long, now = train.astype(np.int64), ids.astype(np.int64)
    before = np.concatenate([now[:, :1], now[:, :-1]], axis=1)  # the first has none: not counted
    singles = np.bincount(train, minlength=vocab)
    pairs = _following(train[1:], long[:-1], now, vocab)
    triples = _following(train[2:], long[:-2] * vocab + long[1:-1], before * vocab + now, vocab)
    counted = triples.sum(-1) >= COUNTED
    counted[:, 0] = False
    counts = np.stack([np.broadcast_to(singles, pairs.shape), pairs, triples]).astype(np.float32)
    return counts / np.maximum(counts.sum(-1, keepdims=True), 1), counted


def _following(after: np.ndarray, codes: np.ndarray, asked: np.ndarray, vocab: int) -> np.ndarray:
    """(W, T, V) how often each token of `after` comes where a text has the codes asked (W, T)."""
    order = np.argsort(codes, kind="stable")
    kinds, inverse = np.unique(asked, return_inverse=True)
    low, high = (np.searchsorted(codes[order], kinds, side) for side in ("left", "right"))
    follows = after[order]
    counts = [
        np.bincount(follows[start:end], minlength=vocab)
        for start, end in zip(low, high, strict=True)
    ]
    return np.stack(counts)[inverse.reshape(asked.shape)]


def _words(
    train: np.ndarray, text: np.ndarray, tokens: Sequence[str], at: tuple[np.ndarray, int]
) -> np.ndarray:
    """The `word` (W, T) of an Asked, for windows at (starts, size) of `text`."""
    after = followers(train, tokens)
    spans = word_spans(text, tokens)
    starts, size = at
    found = np.full((len(starts), size), -1, np.int64)
    number = 0
    for window, start in enumerate(starts):
        inside = (spans[:, 0] >= start) & (spans[:, 1] <= start + size + 1)
        for first, end in spans[inside]:
            word = tuple(text[first:end].tolist())
            places = [k for k in range(1, len(word)) if after.get(word[:k]) == {word[k]}]
            if places and None in after.get(word, ()):
                found[window, [first + k - 1 - start for k in places]] = number
                number += 1
    return found


def followers(ids: np.ndarray, tokens: Sequence[str]) -> dict[tuple[int, ...], set[int | None]]:
    """What follows each beginning of a word in a text: a token of the word, or None at its end."""
    spans = word_spans(ids, tokens)
    after: dict[tuple[int, ...], set[int | None]] = defaultdict(set)
    for word in {tuple(ids[first:end].tolist()) for first, end in spans}:
        for k, token in enumerate((*word[1:], None), 1):
            after[word[:k]].add(token)
    return after


def word_spans(ids: np.ndarray, tokens: Sequence[str]) -> np.ndarray:
    """[first, end) among ids (n,) of the tokens of each word of a text: (words, 2)."""
    text = "".join(tokens[one] for one in ids)
    spans = np.array([word.span() for word in words(text)], np.int64).reshape(-1, 2)
    ends = np.cumsum(np.array([len(token) for token in tokens])[ids])
    starts = np.concatenate([[0], ends[:-1]])
    return np.stack(
        [
            np.searchsorted(ends, spans[:, 0], side="right"),
            np.searchsorted(starts, spans[:, 1], side="left"),
        ],
        axis=1,
    )


@torch.no_grad()
def read_knowledge(
    model: BigramLanguageModel, ids: Tensor, *, targets: Tensor, shares: Tensor
) -> dict[str, Tensor]:
    """While `model` reads ids (W, T): what each of GUESSES costs it in nats, "cross" (4, W, T), and
    whether the token that follows is its likeliest, "right" (W, T)."""
    given = model(ids)[0].log_softmax(-1)  # (W, T, V)
    counted = -(shares.to(given.dtype) * given).sum(-1)
    return {
        "cross": torch.cat([-given.mean(-1)[None], counted]),
        "right": (given.argmax(-1) == targets).to(given.dtype),
    }


def known(cross: np.ndarray, right: np.ndarray, of: Asked) -> Known:
    """From what was read at S steps: cross (S, 4, W, T), right (S, W, T)."""
    steps = len(cross)
    finite = np.isfinite(cross).all((1, 2, 3))
    divergence, spelled = np.full((steps, len(GUESSES)), np.nan), np.full(steps, np.nan)
    if of.counted.any():
        apart = cross[finite].astype(np.float64) - of.entropies
        divergence[finite] = apart[:, :, of.counted].mean(-1)
    told = of.word >= 0
    if told.any():
        wrong = [np.bincount(of.word[told], 1 - one[told]) for one in right[finite]]
        spelled[finite] = [(words == 0).mean() for words in wrong]
    return Known(divergence, spelled)


def learned_since(shares: np.ndarray, level: float) -> int | None:
    """The index from which on shares (S,) are above a level: there, and in the mean to the last.

    None where there is none, or the last is not a number.
    """
    later = np.cumsum(shares[::-1])[::-1] / np.arange(len(shares), 0, -1)
    above = np.flatnonzero((shares > level) & (later > level))
    return int(above[0]) if len(above) else None
