"""Trainings taken again as far as a step's numbers need it, and the batch of a step."""

from typing import NamedTuple

import numpy as np

from explorer.data.cache import cached, recorded, settled
from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.training import replay
from model_core.training.arithmetic import Moments
from model_core.training.replay import Batch, Replay


class Drawn(NamedTuple):
    """A step's batch and the loss of each of its windows (B,), None where dropout hides it."""

    batch: Batch
    losses: np.ndarray | None


@cached(16, settled)
def batch(moment: Moment) -> Drawn:
    """Of the settled step; ValueError when the run's text is gone."""
    found = replay.batch_at(moment.run, moment.step)
    if moment.run.model_config.dropout:
        return Drawn(found, None)
    return Drawn(found, replay.window_losses(moment.run, moment.step, found))


def moments(moment: Moment, table: Table, row: int, seconds: float) -> Moments | None:
    """Of one row before the settled step; None where that takes longer, see `left`.

    ValueError where the training cannot be taken again.
    """
    return _replay(moment).moments(moment.step, table, row, seconds=seconds)


def left(moment: Moment) -> tuple[int, float]:
    """How many steps are left to take again up to the settled one, and how many seconds."""
    known = _replay(moment)
    steps = max(moment.step - known.done, 0)
    return steps, steps * known.pace


@cached(2, recorded)
def _replay(moment: Moment) -> Replay:
    return Replay(moment.run)
