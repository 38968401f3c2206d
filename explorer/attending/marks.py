"""The roles of heads, as the mosaic and the clock show them."""

from dataclasses import replace

import numpy as np

from explorer import readings
from explorer.look import Look
from explorer.panels import NO_ROLE, Tick
from model_core.roles import MEASURES, role_steps, roles


def named(look: Look) -> np.ndarray:
    """The role of every head at every step shown, as a Mosaic counts them: (S, L, H) uint8."""
    found = roles(readings.head_scores(look))
    return np.where(found < 0, NO_ROLE, found).astype(np.uint8)


def ticked(look: Look) -> Look:
    """With marks on the track where heads take the roles they keep."""
    taken: dict[int, list[str]] = {}
    for at, layer, head, role in role_steps(roles(readings.head_scores(look))):
        taken.setdefault(int(look.steps[at]), []).append(
            f"layer {layer} head {head}: {MEASURES[role]}"
        )
    marks = [Tick(step, ", ".join(heads)) for step, heads in taken.items()]
    ticks = sorted([*look.timeline.ticks, *marks], key=lambda tick: tick.step)
    return replace(look, timeline=replace(look.timeline, ticks=ticks))
