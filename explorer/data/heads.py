"""What the heads of a run's models do in a sentence, and on fresh random text."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from explorer.data.cache import cached, shown
from explorer.data.readers import Ids, probe_reader, reader
from explorer.levels import levels as packed
from explorer.panels import NO_ROLE, Roles
from explorer.visit.moment import Moment
from model_core.attention import roles
from model_core.attention.heads import read_heads, scores_of, weights_of
from model_core.runs.history import Arrays, Reader

AT_ONCE = 16  # steps whose weights are in memory together: those of a long sentence are many


class Head(NamedTuple):
    """One head at S steps: queries and keys (S, T, D), norms (S, T), scores, weights (S, T, T).

    Scores are those before the mask; weights are NaN where masked or not finite.
    """

    queries: np.ndarray
    keys: np.ndarray
    value_norms: np.ndarray
    scores: np.ndarray
    weights: np.ndarray


def unread(moment: Moment, ids: Ids) -> bool:
    """Whether no step's model has read the sentence yet."""
    return not _reader(moment, ids).begun


def unprobed(moment: Moment) -> bool:
    """Whether no step's model has read the fresh random text yet."""
    return not probe_reader(moment.run).begun


@cached(8, shown)
def levels(moment: Moment, ids: Ids) -> np.ndarray:
    """The weights of all heads as a Mosaic has them: (S, L, H, T(T+1)/2)."""
    return np.concatenate([packed(weights) for weights in _all_weights(moment, ids)])


@cached(16, shown)
def head(moment: Moment, ids: Ids, at: tuple[int, int]) -> Head:
    """The head `at` (layer, head) at every step shown."""
    seen = _seen(moment, ids)
    queries, keys, norms = (
        seen[name][:, at[0], at[1]] for name in ("queries", "keys", "value_norms")
    )
    scores = scores_of(queries, keys)
    weights = weights_of(scores)
    read = np.tri(weights.shape[-1], dtype=bool) & np.isfinite(weights)
    with np.errstate(over="ignore"):  # of a diverged model
        scores = scores.astype(np.float32)
    return Head(queries, keys, norms, scores, np.where(read, weights, np.float32(np.nan)))


def head_scores(moment: Moment) -> np.ndarray:
    """What every head scores on fresh random text in each of MEASURES: (S, L, H, 5)."""
    return probe_reader(moment.run).at(moment.run, moment.steps)["scores"]


@cached(8, shown)
def scores_on(moment: Moment, ids: Ids) -> np.ndarray:
    """The same on a sentence: what heads do there, (S, L, H, 5)."""
    return np.concatenate([roles.head_scores(some, ids) for some in _all_weights(moment, ids)])


def roles_of(moment: Moment) -> np.ndarray:
    """The role of every head at every step shown, as `roles.roles` names it: (S, L, H) int8."""
    return roles.roles(head_scores(moment))


def named(moment: Moment, steps: np.ndarray) -> Roles:
    """The same at these `steps` of those shown, as panels have it."""
    found = roles_of(moment)[np.searchsorted(moment.steps, steps)]
    return Roles(np.where(found < 0, NO_ROLE, found).astype(np.uint8), roles.MEASURES)


def _reader(moment: Moment, ids: Ids) -> Reader:
    return reader(moment.run, "heads", ids, read_heads)


def _seen(moment: Moment, ids: Ids) -> Arrays:
    return _reader(moment, ids).at(moment.run, moment.steps)


def _all_weights(moment: Moment, ids: Ids) -> Iterator[np.ndarray]:
    """(some steps, L, H, T, T), a few steps at a time."""
    seen = _seen(moment, ids)
    queries, keys = seen["queries"], seen["keys"]
    for first in range(0, len(queries), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        yield weights_of(scores_of(queries[some], keys[some]))
