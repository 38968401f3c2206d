"""What the dimensions of the token table encode: properties of tokens, and what goes with them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from explorer.data import tables
from explorer.data.cache import cached, shown
from explorer.data.readers import next_reader
from explorer.visit.moment import Moment
from model_core.embeddings import properties
from model_core.embeddings.probes import Probes, probes
from model_core.embeddings.properties import READ, Property
from model_core.embeddings.relations import Relations, relations
from model_core.prediction import pairs
from model_core.runs import Run

Rows = tuple[int, ...]


class Tested(NamedTuple):
    """P properties of the rows, and how they go with each channel and with whole rows."""

    properties: tuple[Property, ...]
    relations: Relations  # (S, P, C)
    probes: Probes  # (S, P)


def tested(moment: Moment, rows: Rows, first: int, column: str) -> Tested | None:
    """The usual properties, what comes after the token `first`, and a column that somebody added.

    None where none of them varies. ValueError when the run's text is gone, UnreadableColumn.
    """
    parts = [_usual(moment, rows), _after(moment, rows, first)]
    if column.strip():
        parts.append(_added(moment, rows, column))
    found = [part for part in parts if part is not None]
    return _joined(found) if found else None


def _joined(parts: Sequence[Tested]) -> Tested:
    """One after another: their P properties together."""

    def along(each: Sequence[tuple[np.ndarray, ...]]) -> list[np.ndarray]:
        return [np.concatenate(arrays, axis=1) for arrays in zip(*each, strict=True)]

    return Tested(
        tuple(one for part in parts for one in part.properties),
        Relations(*along([part.relations for part in parts])),
        Probes(*along([part.probes for part in parts])),
    )


@cached(8, shown)
def _usual(moment: Moment, rows: Rows) -> Tested | None:
    tokens = moment.run.tokenizer.tokens
    return _test(moment, rows, properties.properties(tokens, text(moment.run), np.array(rows)))


@cached(16, shown)
def _after(moment: Moment, rows: Rows, first: int) -> Tested | None:
    tokens = moment.run.tokenizer.tokens
    one = properties.after(tokens, text(moment.run), np.array(rows), first)
    return _test(moment, rows, [one] if one.varies else [])


@cached(8, shown)
def _added(moment: Moment, rows: Rows, column: str) -> Tested | None:
    tokens = moment.run.tokenizer.tokens
    return _test(moment, rows, [properties.column(column, [tokens[row] for row in rows])])


def _test(moment: Moment, rows: Rows, found: Sequence[Property]) -> Tested | None:
    if not found:
        return None
    vectors = tables.vectors(moment, "tokens", rows)
    return Tested(tuple(found), relations(vectors, found), probes(vectors, found))


def next_shares(moment: Moment, first: int) -> np.ndarray:
    """(S, V) the model's probability of each token after one, over contexts of the text."""
    return next_reader(moment.run, first).at(moment.run, moment.steps)["next"]


@cached(16)
def followers(run: Run, first: int) -> np.ndarray:
    """(V,) how often each token comes after one in the training text."""
    return pairs.followers(text(run), first, run.model_config.vocab_size)


@cached(4)
def text(run: Run) -> np.ndarray:
    """The ids of the training text, the first READ; ValueError when it is gone."""
    return run.split().train[:READ].numpy()
