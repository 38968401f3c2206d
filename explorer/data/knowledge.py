"""What the models of a run know of its text, and expect in cloze items, over the steps shown."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from explorer.data.cache import cached, shown
from explorer.data.readers import history
from explorer.visit.moment import Moment
from model_core.prediction import knowledge
from model_core.prediction.cloze import (
    Continuations,
    Item,
    continuations,
    log_odds,
    read_continuations,
    story_items,
    tokens_back,
)
from model_core.prediction.knowledge import Asked, Known
from model_core.runs import Run
from model_core.runs.history import Arrays, Reader

READ = 2**19  # tokens of the training text that are counted, at most


class Read(NamedTuple):
    """What is known at each step shown, and how many positions and words that is of."""

    known: Known
    positions: int
    counted: int
    words: int


@cached(8, shown, spinner="Reading the text at every step …")
def read(moment: Moment) -> Read:
    """ValueError when the run's text is gone."""
    asked = _asked(moment.run)
    seen = _reader(moment.run).at(moment.run, moment.steps)
    found = knowledge.known(seen["cross"], seen["right"], asked)
    return Read(
        found, asked.ids.numel(), int(asked.counted.sum()), int(asked.word.max(initial=-1)) + 1
    )


def rules(moment: Moment) -> dict[str, np.ndarray]:
    """By rule of the corpus "stories": the share (S,) of stories in which a model writes what it
    says. None for other texts."""
    items = _story_items(moment.run)
    if not items:
        return {}
    together = tuple(item for of_rule in items.values() for item in of_rule)
    right = _continued(moment, together)["right"].reshape(len(moment.steps), len(items), -1)
    return dict(zip(items, right.mean(-1).T, strict=True))


def color_back(run: Run) -> int:
    """How many tokens before the last color of a story the first one stands, at least."""
    return min(tokens_back(item, run.tokenizer) for item in _story_items(run)["remembered color"])


@cached(4)
def _story_items(run: Run) -> Mapping[str, list[Item]]:
    return story_items(run.text) if run.corpus == "stories" else {}


def odds(moment: Moment, items: tuple[Item, ...]) -> np.ndarray:
    """(S, I) log-odds in nats of each right continuation; ValueError where one cannot be read."""
    first = _continuations(moment.run, items).first
    return log_odds(_continued(moment, items)["log_probability"], first)


def _continued(moment: Moment, items: tuple[Item, ...]) -> Arrays:
    return _cloze_reader(moment.run, items).at(moment.run, moment.steps)


@cached(4)
def _asked(run: Run) -> Asked:
    split, tokens = run.split(), run.tokenizer.tokens
    return knowledge.asked(
        split.train[:READ], split.validation, tokens, run.model_config.block_size
    )


@cached(4)
def _reader(run: Run) -> Reader:
    asked = _asked(run)
    sight = partial(knowledge.read_knowledge, targets=asked.targets, shares=asked.shares)
    return Reader(history(), sight, asked.ids)


@cached(8)
def _continuations(run: Run, items: tuple[Item, ...]) -> Continuations:
    return continuations(items, run.tokenizer, run.model_config.block_size)


@cached(8)
def _cloze_reader(run: Run, items: tuple[Item, ...]) -> Reader:
    asked = _continuations(run, items)
    sight = partial(read_continuations, targets=asked.targets, counted=asked.counted)
    return Reader(history(), sight, asked.ids)
