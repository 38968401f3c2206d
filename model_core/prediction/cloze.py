"""Cloze items: which of two continuations a model expects after a context, and what it writes.

I items, B continuations of all of them, T tokens.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.vocabulary import Tokenizer

ITEMS = 12  # of each rule of the stories
# Of the corpus "stories": the part of a story that each rule decides.
RULES = {
    "pronoun by name": "pronoun",
    "place by weather": "place",
    "sound by animal": "sound",
    "remembered color": "again",
}
_STORY = re.compile(
    r"\w+ had a \w+ \w+\. One \w+ day (?P<pronoun>\w+) went to the (?P<place>\w+)\. "
    r"A \w+ came and (?P<sound>\w+)\. \w+ gave the \w+ the (?P<again>\w+) \w+\."
)


class Item(NamedTuple):
    """What stands before, what follows rightly, and what wrongly; a space stands between."""

    context: str
    right: str
    wrong: tuple[str, ...] = ()


class Continuations(NamedTuple):
    """Texts to read (B, T): of each item the right one, then the wrong ones.

    `counted` (B, T) are the positions whose targets are of the continuation; `first` (I,) is each
    item's right one.
    """

    ids: Tensor
    targets: Tensor
    counted: Tensor
    first: np.ndarray


def items_of(text: str) -> list[Item]:
    """One item a line: "context | right | wrong"; ValueError naming a line that is none."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        parts = [part.strip() for part in line.split("|")]
        if not line.strip():
            continue
        if len(parts) != 3 or not all(parts):
            raise ValueError(
                f"line {number} is {line.strip()[:40]!r}; write context | right | wrong"
            )
        found.append(Item(parts[0], parts[1], (parts[2],)))
    return found


def story_items(text: str, count: int = ITEMS) -> Mapping[str, list[Item]]:
    """By rule of the corpus "stories", at most `count` items of the last stories of a text."""
    stories = list(_STORY.finditer(text))[-count:]
    return {rule: [_item(one, part) for one in stories] for rule, part in RULES.items()}


def _item(story: re.Match[str], part: str) -> Item:
    before = story[0][: story.start(part) - story.start()]
    return Item(before.rstrip(), story[part])


def tokens_back(item: Item, tokenizer: Tokenizer) -> int:
    """How many tokens from where the right continuation first stands in the context to its end."""
    return len(tokenizer.encode(item.context[item.context.index(item.right) :]))


def continuations(items: Sequence[Item], tokenizer: Tokenizer, size: int) -> Continuations:
    """What a model of that block_size reads; of a long context the end.

    ValueError for tokens that it does not know, and for continuations that cannot be compared.
    """
    rows = [_rows(item, tokenizer, size) for item in items]
    texts = [row for of_item in rows for row in of_item]
    length = max(len(ids) for ids, _ in texts) - 1
    padded = torch.zeros(len(texts), length + 1, dtype=torch.int64)
    counted = torch.zeros(len(texts), length, dtype=torch.bool)
    for row, (ids, start) in enumerate(texts):
        padded[row, : len(ids)] = torch.tensor(ids)
        counted[row, start - 1 : len(ids) - 1] = True
    first = np.cumsum([0, *map(len, rows[:-1])])
    return Continuations(padded[:, :-1], padded[:, 1:], counted, first)


def _rows(item: Item, tokenizer: Tokenizer, size: int) -> list[tuple[list[int], int]]:
    """The ids of the right and of the wrong texts, and where their continuations start."""
    context = tokenizer.encode(item.context)
    texts = [tokenizer.encode(f"{item.context} {one}") for one in (item.right, *item.wrong)]
    start = min(_alike(context, ids) for ids in texts)
    cut = max(max(map(len, texts)) - size - 1, 0)
    if start - cut < 1:
        raise ValueError(
            f"{item.right[:20]!r} leaves no room for a context among {size} tokens; write less"
        )
    for one, ids in zip(item.wrong, texts[1:], strict=True):
        if _alike(ids, texts[0]) == min(len(ids), len(texts[0])):
            raise ValueError(
                f"one of {item.right[:20]!r} and {one[:20]!r} begins the other; write more of both"
            )
    return [(ids[cut:], start - cut) for ids in texts]


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many first ids are the same."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@torch.no_grad()
def read_continuations(
    model: BigramLanguageModel, ids: Tensor, *, targets: Tensor, counted: Tensor
) -> dict[str, Tensor]:
    """Of each continuation after its context: "log_probability" (B,) in nats, and "right" (B,),
    whether each of its tokens is the model's likeliest."""
    given = model(ids)[0].log_softmax(-1)
    true = given.gather(-1, targets[..., None])[..., 0]
    likeliest = (given.argmax(-1) == targets) | ~counted
    return {
        "log_probability": torch.where(counted, true, 0).sum(-1),
        "right": likeliest.all(-1).to(given.dtype),
    }


def log_odds(log_probability: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(S, I) in nats, from (S, B): the right continuation against the likeliest wrong one.

    Above zero the model prefers the right one; NaN of a model that has diverged.
    """
    wrong = log_probability.copy()
    wrong[:, first] = -np.inf
    with np.errstate(invalid="ignore", over="ignore"):
        odds = log_probability[:, first] - np.maximum.reduceat(wrong, first, axis=1)
    return np.where(np.isfinite(odds), odds, np.nan)
