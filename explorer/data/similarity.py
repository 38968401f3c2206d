"""How similar the rows of a run's tables are at the steps shown."""

from typing import NamedTuple

import numpy as np

from explorer.data import tables
from explorer.data.cache import cached, shown
from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.embeddings import similarity

Ids = tuple[int, ...]
PAIRED = 256  # positions whose pairs are compared, the first ones: of 4,096, a step takes 134 MB


class Waves(NamedTuple):
    """A position table at S steps: mean cosines by distance (S, T - 1), and shares of waves.

    The distances are those among the first PAIRED positions.
    """

    by_distance: np.ndarray
    spectrum: np.ndarray


@cached(8, shown)
def cosines(moment: Moment, table: Table, rows: Ids) -> np.ndarray:
    """(S, N, N) of these rows of a table, all where none are named."""
    vectors = tables.vectors(moment, table, rows)
    return np.stack([similarity.cosines(step).numpy() for step in vectors])


@cached(16, shown)
def order(moment: Moment, rows: Ids, at: int) -> np.ndarray:
    """The order (N,) of these tokens by clusters at one of the steps shown, by its index."""
    return similarity.cluster_order(tables.vectors(moment, "tokens", rows)[at])


@cached(8, shown)
def waves(moment: Moment) -> Waves:
    vectors = tables.position_embeddings(moment)
    return Waves(similarity.by_distance(vectors[:, :PAIRED]), similarity.spectrum(vectors))
