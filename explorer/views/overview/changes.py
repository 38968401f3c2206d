"""What happened in a run, and when: marks of the clock with their names."""

from collections import defaultdict
from dataclasses import replace

import numpy as np

from explorer.charts.attention.role_words import DOES
from explorer.charts.parts.labels import shortened
from explorer.data import changes, heads
from explorer.timeline import Tick, Timeline
from explorer.visit.moment import Moment
from model_core.attention.roles import MEASURES, role_steps
from model_core.prediction.guessing import below_since

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
PAIRS = 6  # the commonest tokens that found a neighbour


def with_changes(moment: Moment, *, quick: bool = False) -> Timeline:
    """The clock's timeline with all that happened, or `quick` with what is known at once."""
    ticks = [*moment.timeline.ticks, *_losses(moment)]
    if not quick:
        ticks += [*_neighbours(moment), *_heads(moment)]
    return replace(moment.timeline, ticks=sorted(ticks, key=lambda tick: tick.step))


def _losses(moment: Moment) -> list[Tick]:
    """Since when the loss is below what guessing costs."""
    levels, losses = changes.guessing(moment.run), _known(moment)
    if levels is None:
        return []
    ticks = []
    for level, words in zip(levels, ("", " by frequency", " from the token before"), strict=True):
        at = below_since(losses, level)
        if at is not None:
            ticks.append(Tick(int(moment.steps[at]), f"loss below guessing{words} ({level:.2f})"))
    return ticks


def _known(moment: Moment) -> np.ndarray:
    """Losses (S,) on the validation text, or where that is not known at every step on batches."""
    held_back = moment.metrics["val_loss"]
    losses = moment.metrics["train_loss"] if held_back.isna().any() else held_back
    return losses.to_numpy()


def _heads(moment: Moment) -> list[Tick]:
    """When heads took the roles that they have at last, those of one step and role together."""
    if not moment.run.model_config.n_layer:
        return []
    together = defaultdict(list)
    for at, layer, head, role in role_steps(heads.roles_of(moment)):
        together[at, role].append(f"{layer}.{head}")
    ticks = []
    for (at, role), names in together.items():
        count = len(names)
        who = NUMBERS[count] if count < len(NUMBERS) else str(count)
        words = f"head {names[0]} begins" if count == 1 else f"{who} heads begin"
        does = " ".join(DOES[MEASURES[role]])
        ticks.append(Tick(int(moment.steps[at]), f"{words} to {does}"))
    return ticks


def _neighbours(moment: Moment) -> list[Tick]:
    """When the commonest tokens became each other's nearest, as they are at last."""
    return [
        Tick(
            int(moment.steps[pair.at]),
            f"{_name(moment, pair.one)} and {_name(moment, pair.other)} come together",
        )
        for pair in changes.pairs(moment, PAIRS)
    ]


def _name(moment: Moment, row: int) -> str:
    return f"'{shortened(moment.labels[row])}'"
