"""The roles of heads, as the mosaic and the clock show them."""

from dataclasses import replace

import numpy as np

from explorer.data import heads
from explorer.panels import NO_ROLE, Roles, Tick
from explorer.visit.moment import Moment
from model_core.attention.roles import MEASURES, role_steps, roles


def named(moment: Moment, steps: np.ndarray) -> Roles:
    """The role of every head at these `steps` of those shown."""
    found = roles(heads.head_scores(moment))[np.searchsorted(moment.steps, steps)]
    return Roles(np.where(found < 0, NO_ROLE, found).astype(np.uint8), MEASURES)


def ticked(moment: Moment) -> Moment:
    """With marks on the track where heads take the roles they keep."""
    taken: dict[int, list[str]] = {}
    for at, layer, head, role in role_steps(roles(heads.head_scores(moment))):
        taken.setdefault(int(moment.steps[at]), []).append(
            f"layer {layer} head {head}: {MEASURES[role]}"
        )
    marks = [Tick(step, ", ".join(heads)) for step, heads in taken.items()]
    ticks = sorted([*moment.timeline.ticks, *marks], key=lambda tick: tick.step)
    return replace(moment, timeline=replace(moment.timeline, ticks=ticks))
