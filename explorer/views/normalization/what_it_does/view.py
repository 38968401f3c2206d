"""What it does: the block of batch, time and channels, and what one of its numbers shares."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.normalization.block import block_panel
from explorer.charts.normalization.cube import cube_panel
from explorer.charts.parts.labels import counted
from explorer.data.readers import Ids
from explorer.panels import AnyPanel, Frame, Words
from explorer.views.lessons.norms import NORM_WORDS, explained, gain_and_shift
from explorer.views.lessons.worked_examples import view as worked_examples
from explorer.views.normalization.what_it_does.arithmetic import OneNumber, written_out
from explorer.views.normalization.what_it_does.batch import Block, others, read_block
from explorer.visit.export import digits, file_of, numbers, quoted
from explorer.visit.moment import Moment, evenly, thinned
from explorer.visit.page import clock, how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.session import CELL
from explorer.visit.widgets import number, one_of
from model_core.normalization import CellIndex, by_reference, normalized_cell, shares
from model_core.norms import KINDS, LEARNED, NORMS, NormKind

MODELS, OWN = "this model's", "your own"
NUMBERS = 4 * 10**6  # of the block at all steps shown, 16 MB
HEIGHT, WORDS, TITLE = 510, 312, 44  # pixels of the block and of what stands beside it
HEAD = 200  # numbers in the table; the CSV has all
DRAWN = (3, 4, 5)  # sentences, tokens and channels of the block in space


def draw(moment: Moment, sentence: Sentence) -> None:
    whose = one_of(st.segmented_control, "normalization.numbers", "Numbers", (MODELS, OWN))
    if whose == OWN:
        worked_examples.draw(moment, sentence)
    else:
        _of_model(moment, sentence)


def _of_model(moment: Moment, sentence: Sentence) -> None:
    batch = (sentence.ids, *_beside(moment, sentence))
    shape = (len(batch), len(sentence.ids), moment.run.model_config.n_embd)
    kind, site, cell = _choices(moment, shape)
    moment = evenly(moment, NUMBERS // int(np.prod(shape)))
    _caption(moment, kind, site, shape)
    block = read_block(moment, batch, kind, site, cell)
    panels = [*_pictures(block)]
    try:
        number = _one_number(block)
    except ValueError as error:
        st.warning(plain(str(error)))
        clock(moment, panels)
        return
    moment = clock(moment, [*panels, _arithmetic(block, number)])
    _result(moment, block, number)
    _members(moment, block)
    _explained()


def _choices(moment: Moment, shape: tuple[int, int, int]) -> tuple[NormKind, str, CellIndex]:
    """The kind of norm to pool like, at first the run's own; before which norm; which number."""
    own, names = moment.run.model_config.norm, moment.run.anatomy.norms
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = one_of(
            st.segmented_control,
            "normalization.pool.norm",
            "Normalize like",
            KINDS,
            default=own,
            of_run=True,
        )
        site = one_of(st.selectbox, "normalization.pool.site", "What enters", names, width=180)
        return kind, site, _cell(shape)


def _cell(shape: tuple[int, int, int]) -> CellIndex:
    """The chosen number, also by keyboard; at first one in the middle of the typed sentence."""
    first = (0, (shape[1] - 1) // 2, (shape[2] - 1) // 2)
    labels = ("Sentence (0: yours)", "Token (from 0)", "Channel")
    sentence, position, channel = (
        number(st.number_input, name, label, at, (0, size - 1), of_run=True, width=140)
        for name, label, at, size in zip(CELL, labels, first, shape, strict=True)
    )
    return sentence, position, channel


def _beside(moment: Moment, sentence: Sentence) -> Sequence[Ids]:
    try:
        return others(moment, sentence.ids)
    except ValueError as error:
        st.info(plain(f"Your sentence is alone in its batch: {error}."))
        return []


def _caption(moment: Moment, kind: NormKind, site: str, shape: tuple[int, int, int]) -> None:
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
        parts.append(f"Behind it: {gain_and_shift(kind)} of this run's {site} at that step.")
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


def _pictures(block: Block) -> tuple[AnyPanel, AnyPanel]:
    front = (0, 1, 2)
    return (
        block_panel(
            block.numbers,
            block.shared,
            block.cell,
            block.sentences,
            Frame(
                "block",
                f"What enters {block.site}. Highlighted: what is pooled. Click another number",
                span=7,
                height=HEIGHT,
                rows=2,
            ),
        ),
        cube_panel(
            shares(block.kind, DRAWN, front),
            front,
            Frame(
                "cube",
                f"Scheme of any block. Pooled: {NORM_WORDS[block.kind].pooled}",
                span=5,
                height=HEIGHT - WORDS - TITLE,
            ),
        ),
    )


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


def _arithmetic(block: Block, number: OneNumber) -> AnyPanel:
    return Words(
        Frame("arithmetic", block.cell_name, span=5, height=WORDS),
        written_out(number),
        alt="The formulas with the numbers put in, at each recorded step.",
    )


def _result(moment: Moment, block: Block, number: OneNumber) -> None:
    """The statistics at the settled step, and torch's own module beside them."""
    at, way = moment.at, number.way
    theirs = _by_torch(block, at)[block.cell]
    with np.errstate(invalid="ignore"):  # of a diverged model
        difference = abs(way.result[at] - theirs)
    norm = NORMS[block.kind]
    spread = "variance" if norm.centres else "mean square"
    statistics = {"mean": [way.mean[at]], spread: [way.variance[at]]}
    table = pd.DataFrame(
        {
            "before the norm": [number.x[at]],
            "numbers that share": [way.numbers],
            **(statistics if norm.pools else {}),
            "before gain and shift": [way.normalized[at]],
            "behind gain and shift": [way.result[at]],
            "torch's module": [theirs],
            "difference": [difference],
        }
    )
    st.markdown(f"**Step {moment.step:,}**, " + plain(block.cell_name))
    st.dataframe(table, hide_index=True, column_config=digits(["difference"], "%.1e"))


def _by_torch(block: Block, at: int) -> np.ndarray:
    """What torch's module in training mode makes of the block at one step: (B, T, C)."""
    x = block.numbers[at]
    if not NORMS[block.kind].exists:
        return x
    learned: dict[str, Any] = {
        name: values[at] if LEARNED[name].per_channel else values[at, :1]
        for name, values in block.learned.items()
    }
    tokens = x.reshape(-1, x.shape[-1])
    return by_reference(block.kind, tokens, **learned).reshape(x.shape)


def _members(moment: Moment, block: Block) -> None:
    """The numbers that share, at the settled step."""
    names = list(block.sentences)
    cells = np.argwhere(block.shared)
    table = pd.DataFrame(
        {
            "sentence": [names[b] for b, _, _ in cells],
            "position": cells[:, 1],
            "token": [quoted(block.sentences[names[b]][t]) for b, t, _ in cells],
            "channel": cells[:, 2],
            "before the norm": block.numbers[moment.at][block.shared],
        }
    )
    count = f"{len(table):,}"
    shown = count if len(table) <= HEAD else f"the first {HEAD} of {count}"
    st.markdown(f"**The numbers that share**: {shown}")
    numbers(table.head(HEAD), "Numbers", file_of(moment, "shared"), csv=lambda: table)


def _explained() -> None:
    how_computed(
        r"\mu = \frac1N\sum_{i \in S} x_i, \quad \sigma^2 = \frac1N\sum_{i \in S} (x_i-\mu)^2,"
        r" \quad y = \gamma\,\frac{x-\mu}{\sqrt{\sigma^2+\varepsilon}} + \beta",
        f"The norms differ in S, the numbers that share (Wu and He 2018). {explained()} "
        "The divisor is N, ε is 0.00001.",
        "normalization.groups.shares, normalized_cell",
    )
