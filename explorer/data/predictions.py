"""What the models of a run predict after a sentence, and write."""

from typing import NamedTuple

from explorer.data.cache import cached, settled
from explorer.data.readers import Ids, lens_reader
from explorer.visit.moment import Moment
from model_core.prediction.writing import Writing, write
from model_core.runs.history import Arrays


class Drawing(NamedTuple):
    """How tokens are drawn; see `model_core.prediction.writing.write`."""

    temperature: float
    top_k: int | None
    seed: int


def lens(moment: Moment, ids: Ids, position: int) -> Arrays:
    """What `read_lens` sees at every step shown: (S, K, T) and (S, K, V)."""
    return lens_reader(moment.run, ids, position).at(moment.run, moment.steps)


@cached(32, settled)
def writing(moment: Moment, ids: Ids, count: int, how: Drawing) -> Writing:
    """`count` tokens after a sentence, as the model of the settled step writes them."""
    return write(moment.run.model_at(moment.step), ids, count, **how._asdict())
