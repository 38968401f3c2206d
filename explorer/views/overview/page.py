"""Overview: the model with the visitor's own sentence in it, as a picture, its parts, its code."""

from collections.abc import Callable

from explorer.views.overview import line_by_line, part_by_part, picture
from explorer.visit.moment import Moment
from explorer.visit.page import choose_question
from explorer.visit.sentence import Sentence

# By tab: the question, and the function that draws its answer; the first is the default.
VIEWS: dict[str, tuple[str, Callable[[Moment, Sentence], None]]] = {
    "Picture": (
        "What becomes of your sentence inside the model, and how did the model learn that?",
        picture.draw,
    ),
    "Part by part": (
        "Which part of the model does the loss of your sentence pull at most?",
        part_by_part.draw,
    ),
    "Line by line": (
        "What does each line of the model's code make of your sentence?",
        line_by_line.draw,
    ),
}


def draw(moment: Moment, sentence: Sentence) -> None:
    view = choose_question("overview.view", {view: asked for view, (asked, _) in VIEWS.items()})
    VIEWS[view][1](moment, sentence)
