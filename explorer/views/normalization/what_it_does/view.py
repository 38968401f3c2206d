"""What it does: which numbers of a batch share a mean, and what becomes of them in a norm."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.data.readers import Ids
from explorer.views.lessons.norms import NORM_WORDS, explained, gain_and_shift
from explorer.views.lessons.worked_examples import view as worked_examples
from explorer.views.normalization.what_it_does import panels, tables
from explorer.views.normalization.what_it_does.arithmetic import OneNumber
from explorer.views.normalization.what_it_does.batch import Block, others, read_block
from explorer.views.normalization.what_it_does.choices import choose
from explorer.visit.clock import clock
from explorer.visit.export import drawer
from explorer.visit.moment import Moment, evenly, thinned
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of
from model_core.normalization import CellIndex, normalized_cell
from model_core.norms import LEARNED, NORMS, NormKind

MODELS, OWN = "this model's", "your own"
NUMBERS = 4 * 10**6  # of the block at all steps shown, 16 MB


def draw(moment: Moment, sentence: Sentence) -> None:
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        whose = one_of(
            st.segmented_control,
            "normalization.numbers",
            "Numbers",
            (MODELS, OWN),
            format_func={MODELS: "model's numbers", OWN: "your own"}.__getitem__,
            label_visibility="collapsed",
        )
    if whose == OWN:
        worked_examples.draw(moment, sentence)
    else:
        with bar:
            batch = (sentence.ids, *_beside(moment, sentence))
            shape = (len(batch), len(sentence.ids), moment.run.model_config.n_embd)
            chosen = choose(moment, shape)
        _of_model(evenly(moment, NUMBERS // int(np.prod(shape))), batch, *chosen)


def _of_model(
    moment: Moment, batch: tuple[Ids, ...], kind: NormKind, site: str, cell: CellIndex
) -> None:
    block = read_block(moment, batch, kind, site, cell)
    try:
        number = _one_number(block)
    except ValueError as error:
        st.warning(plain(str(error)))
        clock(moment, [panels.entering(block, moment.at), panels.cube(block)])
        return
    drawn = [
        panels.entering(block, moment.at),
        panels.way(moment, block),
        panels.cube(block),
        panels.arithmetic(block, number),
    ]
    moment = clock(moment, drawn, of_step=True)
    _caption(moment, kind, site, block.numbers.shape[1:])
    with drawer():
        tables.result(moment, block, number)
        tables.members(moment, block)
    _explained()


def _beside(moment: Moment, sentence: Sentence) -> Sequence[Ids]:
    try:
        return others(moment, sentence.ids)
    except ValueError as error:
        st.info(plain(f"Your sentence is alone in its batch: {error}."))
        return []


def _caption(moment: Moment, kind: NormKind, site: str, shape: tuple[int, ...]) -> None:
    """What is shown, over which axes, in which mode, and on which side of the gain."""
    own, (sentences, tokens, _) = moment.run.model_config.norm, shape
    beside = f" and {sentences - 1} of the validation text" if sentences > 1 else " alone"
    parts = [
        f"Shown is what enters **{site}**, before the norm, while the model reads a batch: your "
        f"sentence{beside}, {counted(tokens, 'token')} each. Up to there it is in evaluation mode. "
        f"{_statistics(kind)}"
    ]
    norm = NORMS[kind]
    if norm.over_batch:
        parts.append(f"This run trains with {moment.run.training_config.batch_size} sentences.")
    if norm.exists and kind == own:
        parts.append(f"After it: {gain_and_shift(kind)} of this run's {site} at that step.")
    elif norm.exists:
        *some, last = (f"{LEARNED[name].word} {LEARNED[name].start:g}" for name in norm.learns)
        stands = f"{', '.join(some)} and {last} stand" if some else f"{last} stands"
        parts.append(f"This run has {NORMS[own].title}: {stands} in for those of {norm.title}.")
    if words := thinned(moment, "the numbers of all are too many"):
        parts.append(f"{words} Every mean is over all numbers that share.")
    st.caption(" ".join(parts))


def _statistics(kind: NormKind) -> str:
    """What a norm takes, over which axes, in which mode."""
    norm = NORMS[kind]
    if not norm.pools:
        return "No statistic is taken."
    taken = "Mean and variance are" if norm.centres else "The mean square is"
    mode = (
        "as in training mode; in evaluation batch norm uses running averages of them instead."
        if norm.over_batch
        else "in training and evaluation."
    )
    return f"{taken} over {NORM_WORDS[kind].pooled}, {mode}"


def _one_number(block: Block) -> OneNumber:
    """ValueError for batch norm of one value."""
    channel = block.cell[2]
    learned = {name: values[:, channel] for name, values in block.learned.items()}
    return OneNumber(
        block.kind,
        block.pooled,
        block.numbers[(..., *block.cell)],
        block.numbers[:, block.shared],
        learned,
        normalized_cell(block.kind, block.numbers, block.cell, learned),
    )


def _explained() -> None:
    how_computed(
        r"\mu = \frac1N\sum_{i \in S} x_i, \quad \sigma^2 = \frac1N\sum_{i \in S} (x_i-\mu)^2,"
        r" \quad y = \gamma\,\frac{x-\mu}{\sqrt{\sigma^2+\varepsilon}} + \beta",
        f"The norms differ in S, the numbers that share (Wu and He 2018). {explained()} "
        "The divisor is N, ε is 0.00001.",
        "normalization.groups.shares, normalized_cell, normalized_members",
    )
