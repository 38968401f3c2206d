"""Normalization in three acts: what a norm does, what would be without it, why not batch norm."""

from collections.abc import Callable

from explorer.views.normalization.background import view as background
from explorer.views.normalization.for_engineers import view as for_engineers
from explorer.views.normalization.what_it_does import view as what_it_does
from explorer.views.normalization.why_not_batch_norm import view as why_not_batch_norm
from explorer.views.normalization.without_it import view as without_it
from explorer.visit.moment import Moment
from explorer.visit.page import choose_question
from explorer.visit.queue import state_beside
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import option
from model_core.runs import Run
from model_core.runs.status import State

WITHOUT = "Without it"
# What is asked, and who answers; the first is shown at first.
VIEWS: dict[str, tuple[str, Callable[[Moment, Sentence], None]]] = {
    "What it does": ("What does a norm do to one number, and who else decides?", what_it_does.draw),
    WITHOUT: ("What would happen without it?", without_it.draw),
    "Why not batch norm": (
        "Do other sentences, or the future, change yours?",
        why_not_batch_norm.draw,
    ),
    "For engineers": (
        "Which part goes out of bounds first, and when?",
        for_engineers.draw,
    ),
    "Background": (
        "Why scale inputs at all, and do they stay where a norm puts them?",
        background.draw,
    ),
}


def draw(moment: Moment, sentence: Sentence) -> None:
    view = choose_question("normalization.lab", {view: asked for view, (asked, _) in VIEWS.items()})
    VIEWS[view][1](moment, sentence)


def state(run: Run) -> State:
    """How the run stands; where others stand beside it, as one of them that still trains."""
    beside = option("normalization.lab", tuple(VIEWS)) == WITHOUT
    return state_beside(run) if beside else run.status.state
