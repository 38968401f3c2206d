"""Normalization: what each norm does to activations, and what would be without it."""

from collections.abc import Callable

from explorer.views.lessons import scaling_inputs
from explorer.views.lessons.worked_examples import view as worked_examples
from explorer.views.normalization.covariate_shift import view as covariate_shift
from explorer.views.normalization.layer_by_layer import view as layer_by_layer
from explorer.views.normalization.over_which_numbers import view as over_which_numbers
from explorer.views.normalization.side_by_side import view as side_by_side
from explorer.views.normalization.side_by_side.family import family
from explorer.views.normalization.the_leak import view as the_leak
from explorer.visit.moment import Moment
from explorer.visit.page import choose_view, question
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import option
from model_core.runs import Run
from model_core.runs.status import ACTIVE, State, read_status

SIDE = "Side by side"
# What is asked, and who answers; the first is shown at first.
VIEWS: dict[str, tuple[str, Callable[[Moment, Sentence], None]]] = {
    "Layer by layer": (
        "How does normalization keep activations in bounds, layer by layer?",
        layer_by_layer.draw,
    ),
    "Over which numbers": (
        "Which numbers share one mean and one variance?",
        over_which_numbers.draw,
    ),
    SIDE: ("What does the choice of norm change, when all else is the same?", side_by_side.draw),
    "The leak": (
        "Does another sentence, or the future, change what the model makes of yours?",
        the_leak.draw,
    ),
    "Worked examples": (
        "What does each normalization do to a few numbers you choose?",
        worked_examples.draw,
    ),
    "Scaling inputs": ("Why scale the inputs before training?", scaling_inputs.draw),
    "Covariate shift": (
        "How much do the inputs of a layer move while the layers before it learn?",
        covariate_shift.draw,
    ),
}


def draw(moment: Moment, sentence: Sentence) -> None:
    asked, answer = VIEWS[choose_view("normalization.lab", tuple(VIEWS))]
    question(asked)
    answer(moment, sentence)


def state(run: Run) -> State:
    """How the run stands; where variants stand beside it, as one of them that still trains."""
    view = option("normalization.lab", tuple(VIEWS))
    own = run.status.state
    if view != SIDE or own in ACTIVE:
        return own
    others = (read_status(path).state for path in family(run).values())
    return next((one for one in others if one in ACTIVE), own)
