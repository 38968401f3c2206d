"""Whether the tables of a run still look random at the steps shown."""

from typing import NamedTuple

import numpy as np

from explorer.data import tables
from explorer.data.cache import cached, shown
from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.embeddings import pairs, randomness
from model_core.embeddings.pairs import Alike
from model_core.embeddings.token_classes import token_class


class Looks(NamedTuple):
    """A table at the S steps shown; NaN where a number is not finite.

    `distance` (S,) is that of Kolmogorov and Smirnov, `p` (S, 3) are in the order of TESTS, `since`
    is the index of the step from which on it is not random, `values` (S, K) are singular values in
    units of the upper edge.
    """

    distance: np.ndarray
    p: np.ndarray
    since: int | None
    values: np.ndarray
    alike: Alike


def looks(moment: Moment, table: Table) -> Looks:
    """Of the rows shown: tokens of one kind belong together, and positions side by side."""
    return _looks(moment, table, tuple(moment.rows.tolist()) if table == "tokens" else ())


@cached(8, shown)
def _looks(moment: Moment, table: Table, rows: tuple[int, ...]) -> Looks:
    vectors, std = tables.vectors(moment, table, rows), moment.run.model_config.embedding_init_std
    together = (
        pairs.of_one_kind([token_class(token) for token in moment.tokens])
        if table == "tokens"
        else pairs.side_by_side(vectors.shape[1])
    )
    p = randomness.p_values(vectors, std)
    return Looks(
        randomness.kolmogorov_smirnov(vectors, std)[0],
        p,
        randomness.not_random_from(p),
        randomness.singular_values(vectors),
        pairs.alike(vectors, together),
    )
