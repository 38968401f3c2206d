"""What enters a norm, who shares, and what becomes of them, as pictures."""

import numpy as np

from explorer.charts.normalization.block import block_panel
from explorer.charts.normalization.cube import cube_panel
from explorer.charts.normalization.way import way_panel
from explorer.panels import AnyPanel, Frame, Words
from explorer.views.lessons.norms import NORM_WORDS, gain_and_shift
from explorer.views.normalization.what_it_does import tables
from explorer.views.normalization.what_it_does.arithmetic import OneNumber, written, written_out
from explorer.views.normalization.what_it_does.batch import Block
from explorer.visit.moment import Moment
from model_core.normalization import normalized_members, shares
from model_core.norms import NORMS

BLOCK, WAY, CUBE = 598, 222, 312  # pixels: the block is as high as what stands beside it
DRAWN_AT_ONCE = 512  # numbers on their way
DRAWN = (3, 4, 5)  # sentences, tokens and channels of the block in space


def entering(block: Block, at: int) -> AnyPanel:
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


def cube(block: Block) -> AnyPanel:
    front = (0, 1, 2)
    return cube_panel(
        shares(block.kind, DRAWN, front),
        front,
        Frame("cube", f"Pooled: {NORM_WORDS[block.kind].pooled}", span=3, height=CUBE),
    )


def way(moment: Moment, block: Block) -> AnyPanel:
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


def arithmetic(block: Block, number: OneNumber) -> AnyPanel:
    return Words(
        Frame("arithmetic", block.cell_name, span=4, height=CUBE),
        written_out(number),
        alt="The formulas with the numbers put in, at each recorded step.",
    )
