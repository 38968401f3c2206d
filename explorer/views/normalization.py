"""Normalization: what each norm does to activations, and what would be without it."""

from collections.abc import Callable

from explorer.look import Look, Sentence
from explorer.normalizing import layers, worked
from explorer.page import choose_view, clock, question

# What is asked, and who answers; the first is shown at first.
VIEWS: dict[str, tuple[str, Callable[[Look, Sentence], None]]] = {
    "Layer by layer": (
        "How does normalization keep activations in bounds, layer by layer?",
        layers.draw,
    ),
    "Worked examples": (
        "What does each normalization do to a few numbers you choose?",
        worked.draw,
    ),
}
WITHOUT_SENTENCE = ("Worked examples",)  # nothing of the model is read


def draw(look: Look, sentence: Sentence) -> None:
    name = choose_view("lab", tuple(VIEWS))
    asked, answer = VIEWS[name]
    question(asked)
    if not sentence.ids and name not in WITHOUT_SENTENCE:
        clock(look, [])
        return
    answer(look, sentence)
