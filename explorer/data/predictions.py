"""What the models of a run predict after a sentence, and write."""

from typing import NamedTuple

from explorer.data.cache import cached, recorded, settled
from explorer.data.readers import Ids, flow_reader, lens_reader
from explorer.visit.moment import Moment
from model_core.prediction.words import (
    Span,
    known_pairs,
    known_words,
    unknown_pairs,
    unknown_words,
)
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


def flow(moment: Moment, ids: Ids) -> Arrays:
    """What `read_flow` sees at every step shown; of its weights the `levels` of a Mosaic."""
    return flow_reader(moment.run, ids).at(moment.run, moment.steps)


def unread(moment: Moment, ids: Ids) -> bool:
    """Whether `flow` has read the sentence at no step yet."""
    return not flow_reader(moment.run, ids).begun


@cached(8, recorded)
def foreign(moment: Moment) -> list[list[Span]]:
    """Of the text sampled at each recorded step, what the training text does not have.

    Words, or where the tokens are words, those that never follow the one before. Nothing where the
    run's text is gone.
    """
    samples = moment.run.metrics()["sample"]
    try:
        text = moment.run.text
    except ValueError:
        return [[] for _ in samples]
    if moment.run.tokenizer.kind == "word":
        pairs = known_pairs(text)
        return [unknown_pairs(sample, pairs) for sample in samples]
    known = known_words(text)
    return [unknown_words(sample, known) for sample in samples]


@cached(32, settled)
def writing(moment: Moment, ids: Ids, count: int, how: Drawing) -> Writing:
    """`count` tokens after a sentence, as the model of the settled step writes them."""
    return write(moment.run.model_at(moment.step), ids, count, **how._asdict())
