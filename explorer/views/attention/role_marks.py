"""The steps at which heads take their roles, as the clock shows them."""

from explorer.data import heads
from explorer.timeline import Tick
from explorer.visit.moment import Moment, with_ticks
from model_core.attention.roles import MEASURES, role_steps


def ticked(moment: Moment) -> Moment:
    """With marks on the track where heads take the roles they keep."""
    taken: dict[int, list[str]] = {}
    for at, layer, head, role in role_steps(heads.roles_of(moment)):
        taken.setdefault(int(moment.steps[at]), []).append(
            f"layer {layer} head {head}: {MEASURES[role]}"
        )
    return with_ticks(moment, [Tick(step, ", ".join(heads)) for step, heads in taken.items()])
