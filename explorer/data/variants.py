"""What the runs of a comparison are made from."""

from explorer.data.cache import cached
from model_core.runs import Plan
from model_core.training.variants import COMPARISONS, plan_for


@cached(4)
def planned(name: str) -> Plan:
    """What the runs of the comparison of this name are made from, whatever their norm."""
    return plan_for(COMPARISONS[name])
