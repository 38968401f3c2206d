"""How similar the rows of a run's tables are at the steps shown."""

from typing import NamedTuple

import numpy as np

from explorer.data import tables
from explorer.data.cache import cached, shown
from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.embeddings import similarity
from model_core.embeddings.similarity import Analogy
from model_core.projections.chance import shuffled

Ids = tuple[int, ...]
PAIRED = 256  # positions whose pairs are compared, the first ones: of 4,096, a step takes 134 MB
LISTED = 8  # pairs, and tokens nearest to an analogy
SHUFFLES = 99  # of these tables and ours, one in a hundred has the most alike pair by chance


class Waves(NamedTuple):
    """A position table at S steps: mean cosines by distance (S, T - 1), and shares of waves.

    The distances are those among the first PAIRED positions.
    """

    by_distance: np.ndarray
    spectrum: np.ndarray


class Alike(NamedTuple):
    """The LISTED most alike pairs of rows at S steps, as `most_alike` has them, and what the most
    alike pair of SHUFFLES shuffled tables has at the last step."""

    pairs: np.ndarray
    cosines: np.ndarray
    chance: float

    @property
    def most(self) -> tuple[int, int, float] | None:
        """The most alike two at the last step and their cosine; None where none is a number."""
        if not self.cosines.shape[1] or np.isnan(self.cosines[-1, 0]):
            return None
        one, other = self.pairs[-1, 0].tolist()
        return one, other, float(self.cosines[-1, 0])


@cached(8, shown)
def cosines(moment: Moment, table: Table, rows: Ids) -> np.ndarray:
    """(S, N, N) of these rows of a table, all where none are named."""
    vectors = tables.vectors(moment, table, rows)
    return np.stack([similarity.cosines(step).numpy() for step in vectors])


@cached(8, shown)
def alike(moment: Moment, rows: Ids) -> Alike:
    """Of these tokens; the chance does not depend on their order."""
    last = tables.vectors(moment, "tokens", rows)[-1:, np.argsort(rows)]
    chance = max(_highest(shuffled(last, seed)[0]) for seed in range(SHUFFLES))
    return Alike(*similarity.most_alike(cosines(moment, "tokens", rows), LISTED), chance)


def _highest(rows: np.ndarray) -> float:
    """The largest cosine of two rows."""
    pairs = similarity.cosines(rows).numpy()
    np.fill_diagonal(pairs, np.nan)
    return float(np.fmax.reduce(pairs, axis=None, initial=-np.inf))


@cached(16, shown)
def analogy(moment: Moment, rows: tuple[int, int, int, int]) -> Analogy:
    """Of the tokens shown, with a, b, c and d by their indices among them."""
    return similarity.analogy(tables.token_embeddings(moment), rows, LISTED)


@cached(16, shown)
def order(moment: Moment, rows: Ids, at: int) -> np.ndarray:
    """The order (N,) of these tokens by clusters at one of the steps shown, by its index."""
    return similarity.cluster_order(tables.vectors(moment, "tokens", rows)[at])


@cached(8, shown)
def waves(moment: Moment) -> Waves:
    vectors = tables.position_embeddings(moment)
    return Waves(similarity.by_distance(vectors[:, :PAIRED]), similarity.spectrum(vectors))
