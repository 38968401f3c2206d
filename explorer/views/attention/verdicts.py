"""What heads do, in one sentence each: the titles of their pictures."""

from explorer.charts.attention.role_words import DOES
from explorer.data import heads
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment
from model_core.attention.roles import MEASURES, role_steps
from model_core.labels import head_label


def of_head(moment: Moment, focus: Focus) -> str:
    """What one head does, and since which step."""
    name = head_label(focus.layer, focus.head)
    for at, layer, head, role in role_steps(heads.roles_of(moment)):
        if (layer, head) == (focus.layer, focus.head):
            verb, what = DOES[MEASURES[role]]
            return f"{name} {verb}s {what} since step {moment.steps[at]:,}"
    return f"{name} has no role by step {moment.steps[-1]:,}"


def of_heads(moment: Moment) -> str:
    """How many heads have a role, and since when the first."""
    found = heads.roles_of(moment)
    taken, count = role_steps(found), found[0].size
    if not taken:
        return f"No head of {count} has a role by step {moment.steps[-1]:,}"
    have = "has" if len(taken) == 1 else "have"
    first = moment.steps[taken[0].at]
    return f"{len(taken)} of {count} heads {have} a role, the first since step {first:,}"
