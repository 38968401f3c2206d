"""Normalization: what each norm does to activations, and what would be without it."""

from collections.abc import Callable

from explorer.look import Look, Sentence
from explorer.normalizing import block, layers, scaling, shift
from explorer.page import choose_view, clock, question

# What is asked, and who answers; the first is shown at first.
VIEWS: dict[str, tuple[str, Callable[[Look, Sentence], None]]] = {
    "Layer by layer": (
        "How does normalization keep activations in bounds, layer by layer?",
        layers.draw,
    ),
    "Covariate shift": (
        "How much do the inputs of a layer move while the layers before it learn?",
        shift.draw,
    ),
    "Scaling inputs": ("Why scale the inputs before training?", scaling.draw),
    "Over which numbers": ("Which numbers share one mean and one variance?", block.draw),
}
NO_SENTENCE = {scaling.draw}  # they read none


def draw(look: Look, sentence: Sentence) -> None:
    asked, answer = VIEWS[choose_view("lab", tuple(VIEWS))]
    question(asked)
    if not sentence.ids and answer not in NO_SENTENCE:
        clock(look, [])
        return
    answer(look, sentence)
