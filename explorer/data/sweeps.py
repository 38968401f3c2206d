"""What is measured of the runs of a sweep, each once."""

from typing import NamedTuple

import numpy as np

from explorer.data.cache import cached
from explorer.visit.moment import ROWS, rows_shown
from model_core.embeddings.crowding import crowding, effective_rank
from model_core.prediction.gap import training_gap
from model_core.runs import Run


class Room(NamedTuple):
    """Of a run's token rows at its recorded steps: (S,) each."""

    crowding: np.ndarray
    rank: np.ndarray


def room(run: Run) -> Room:
    """The room of a run's token rows, of a large vocabulary those of its ROWS most frequent."""
    return _room(run, run.steps)


@cached(256)
def _room(run: Run, steps: np.ndarray) -> Room:
    vectors = run.token_embeddings(rows_shown(run, ROWS))
    return Room(crowding(vectors), effective_rank(vectors))


@cached(256)
def gap(run: Run, step: int) -> float:
    """What `training_gap` gives, NaN where the text is gone."""
    try:
        return training_gap(run, step)
    except ValueError:
        return float("nan")
