"""Normalization: what each norm does to activations, and what would be without it."""

from collections.abc import Callable

from explorer import session
from explorer.look import Look, Sentence
from explorer.normalizing import block, layers, leak, scaling, shift, side, worked
from explorer.normalizing.side.family import family
from explorer.page import choose_view, clock, question
from model_core.runs import Run
from model_core.status import ACTIVE, State, read_status

SIDE = "Side by side"
# What is asked, and who answers; the first is shown at first.
VIEWS: dict[str, tuple[str, Callable[[Look, Sentence], None]]] = {
    "Layer by layer": (
        "How does normalization keep activations in bounds, layer by layer?",
        layers.draw,
    ),
    "Over which numbers": ("Which numbers share one mean and one variance?", block.draw),
    SIDE: (
        "What does the choice of norm change, when all else is the same?",
        side.draw,
    ),
    "The leak": (
        "Does another sentence, or the future, change what the model makes of yours?",
        leak.draw,
    ),
    "Worked examples": (
        "What does each normalization do to a few numbers you choose?",
        worked.draw,
    ),
    "Scaling inputs": ("Why scale the inputs before training?", scaling.draw),
    "Covariate shift": (
        "How much do the inputs of a layer move while the layers before it learn?",
        shift.draw,
    ),
}
WITHOUT_SENTENCE = ("Worked examples", "Scaling inputs")  # nothing is read there


def draw(look: Look, sentence: Sentence) -> None:
    view = choose_view("lab", tuple(VIEWS))
    asked, answer = VIEWS[view]
    question(asked)
    if not sentence.ids and view not in WITHOUT_SENTENCE:
        clock(look, [])
        return
    answer(look, sentence)


def state(run: Run) -> State:
    """How the run stands; where variants stand beside it, as one of them that still trains."""
    view = session.choice(session.offer("lab", tuple(VIEWS)))
    own = run.status.state
    if view != SIDE or own in ACTIVE:
        return own
    others = (read_status(path).state for path in family(run).values())
    return next((one for one in others if one in ACTIVE), own)
