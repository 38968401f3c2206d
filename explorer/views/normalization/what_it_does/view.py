"""What it does: which numbers of a batch share a mean, and what becomes of them in a norm."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.charts.normalization.block import block_panel
from explorer.charts.normalization.cube import cube_panel
from explorer.charts.normalization.way import way_panel
from explorer.charts.parts.labels import counted
from explorer.data.readers import Ids
from explorer.panels import AnyPanel, Frame, Words
from explorer.views.lessons.norms import NORM_WORDS, explained, gain_and_shift
from explorer.views.lessons.worked_examples import view as worked_examples
from explorer.views.normalization.what_it_does import tables
from explorer.views.normalization.what_it_does.arithmetic import OneNumber, written, written_out
from explorer.views.normalization.what_it_does.batch import Block, others, read_block
from explorer.visit.export import drawer
from explorer.visit.moment import Moment, evenly, thinned
from explorer.visit.page import clock, how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.state import CELL
from explorer.visit.widgets import number, one_of
from model_core.normalization import (
    CellIndex,
    normalized_cell,
    normalized_members,
    shares,
)
from model_core.norms import KINDS, LEARNED, NORMS, NormKind

MODELS, OWN = "this model's", "your own"
NUMBERS = 4 * 10**6  # of the block at all steps shown, 16 MB
BLOCK, WAY, CUBE = 598, 222, 312  # pixels: the block is as high as what stands beside it
DRAWN_AT_ONCE = 512  # numbers on their way
DRAWN = (3, 4, 5)  # sentences, tokens and channels of the block in space


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
            chosen = _choices(moment, shape)
        _of_model(evenly(moment, NUMBERS // int(np.prod(shape))), batch, *chosen)


def _of_model(
    moment: Moment, batch: tuple[Ids, ...], kind: NormKind, site: str, cell: CellIndex
) -> None:
    block = read_block(moment, batch, kind, site, cell)
    try:
        number = _one_number(block)
    except ValueError as error:
        st.warning(plain(str(error)))
        clock(moment, [_block(block, moment.at), _cube(block)])
        return
    panels = [
        _block(block, moment.at),
        _way(moment, block),
        _cube(block),
        _arithmetic(block, number),
    ]
    moment = clock(moment, panels, of_step=True)
    _caption(moment, kind, site, block.numbers.shape[1:])
    with drawer():
        tables.result(moment, block, number)
        tables.members(moment, block)
    _explained()


def _choices(moment: Moment, shape: tuple[int, int, int]) -> tuple[NormKind, str, CellIndex]:
    """The kind of norm to pool like, at first the run's own; before which norm; which number."""
    own, names = moment.run.model_config.norm, moment.run.anatomy.norms
    kind = one_of(
        st.segmented_control,
        "normalization.pool.norm",
        "Normalize like",
        KINDS,
        default=own,
        of_run=True,
        format_func=lambda kind: NORMS[kind].title,
        label_visibility="collapsed",
    )
    site = one_of(
        st.selectbox,
        "normalization.pool.site",
        "What enters",
        names,
        width=168,
        format_func="before {}".format,
        label_visibility="collapsed",
    )
    with st.popover("Number"):
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


def _block(block: Block, at: int) -> AnyPanel:
    numbers = block.numbers[at]
    lost = numbers.size - np.isfinite(numbers).sum()
    grey = f". Grey: {lost:,} of {numbers.size:,} are NaN or infinite" if lost else ""
    return block_panel(
        block.numbers,
        block.shared,
        block.cell,
        block.sentences,
        Frame(
            "block",
            f"What enters {block.site}: click a number, and see who shares its mean{grey}",
            span=5,
            height=BLOCK,
            rows=2,
        ),
    )


def _cube(block: Block) -> AnyPanel:
    front = (0, 1, 2)
    return cube_panel(
        shares(block.kind, DRAWN, front),
        front,
        Frame("cube", f"Pooled: {NORM_WORDS[block.kind].pooled}", span=3, height=CUBE),
    )


def _way(moment: Moment, block: Block) -> AnyPanel:
    """All numbers that share, before, normalized, and after gain and shift."""
    members, norm = block.members, NORMS[block.kind]
    steps = normalized_members(block.kind, block.numbers, members, block.learned)
    chosen = int(np.flatnonzero((np.argwhere(members) == block.cell).all(1))[0])
    every = -(-members.sum() // DRAWN_AT_ONCE)
    kept = np.unique([*range(0, members.sum(), every), chosen])
    stages = {"before": steps["before"], "normalized": steps["normalized"]}
    if norm.exists:
        stages[f"after {gain_and_shift(block.kind)}"] = steps["result"]
    return way_panel(
        {name: values[:, kept] for name, values in stages.items()},
        int(np.searchsorted(kept, chosen)),
        Frame("way", _verdict(moment, block, steps, chosen), span=7, height=WAY),
        share=norm.pools != frozenset(),
    )


def _verdict(moment: Moment, block: Block, steps: dict[str, np.ndarray], chosen: int) -> str:
    """What the norm did at the settled step, and that torch's module did the same."""
    at, norm = moment.at, NORMS[block.kind]
    before, result = steps["before"][at], steps["result"][at]
    when = f"Step {moment.step:,}: "
    if not np.isfinite(before).all():
        return f"{when}what enters is NaN or infinite, and so is what leaves"
    way = f"{written(before[chosen])} becomes {written(result[chosen])}"
    if not norm.exists:
        return f"{when}{way}, since there is no norm"
    theirs = tables.by_torch(block, at)[block.members]
    same = list(map(written, result)) == list(map(written, theirs))
    title = norm.reference + (" gives the same" if same else f": {written(theirs[chosen])}")
    mean, spread = written(before.mean()), written(before.var())
    if not norm.pools:
        return f"{when}a tanh squashes each number by itself: {way}; {title}"
    if not norm.centres:
        return f"{when}mean square {written(np.square(before).mean())} → 1: {way}; {title}"
    return f"{when}mean {mean} → 0, variance {spread} → 1: {way}; {title}"


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
        Frame("arithmetic", block.cell_name, span=4, height=CUBE),
        written_out(number),
        alt="The formulas with the numbers put in, at each recorded step.",
    )


def _explained() -> None:
    how_computed(
        r"\mu = \frac1N\sum_{i \in S} x_i, \quad \sigma^2 = \frac1N\sum_{i \in S} (x_i-\mu)^2,"
        r" \quad y = \gamma\,\frac{x-\mu}{\sqrt{\sigma^2+\varepsilon}} + \beta",
        f"The norms differ in S, the numbers that share (Wu and He 2018). {explained()} "
        "The divisor is N, ε is 0.00001.",
        "normalization.groups.shares, normalized_cell, normalized_members",
    )
