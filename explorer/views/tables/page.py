"""Tables: the numbers that a token and a position stand for, and what becomes of them."""

from collections.abc import Callable

from explorer.views.tables import when_is_what_learned
from explorer.views.tables.follow_one_vector import view as follow_one_vector
from explorer.views.tables.how_many_dimensions import view as how_many_dimensions
from explorer.views.tables.look_up import view as look_up
from explorer.views.tables.random_at_first import view as random_at_first
from explorer.views.tables.similarity import view as similarity
from explorer.views.tables.values import view as values
from explorer.views.tables.what_a_dimension_encodes import view as what_a_dimension_encodes
from explorer.views.tables.what_if import view as what_if
from explorer.visit.moment import Moment
from explorer.visit.page import choose_question
from explorer.visit.queue import state_beside
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import option
from model_core.runs import Run
from model_core.runs.status import State

WIDTHS = "How many dimensions?"
# By tab: the question, and the function that draws its answer; the first is the default.
VIEWS: dict[str, tuple[str, Callable[[Moment, Sentence], None]]] = {
    "Look up": ("How does a letter become numbers?", look_up.draw),
    "Values": (
        "Which numbers does the model keep for each token and each position?",
        values.draw,
    ),
    "Random at first?": (
        "Are these just random numbers, and until when?",
        random_at_first.draw,
    ),
    "Follow one vector": (
        "What becomes of one vector while the model learns?",
        follow_one_vector.draw,
    ),
    "What a dimension encodes": (
        "What goes with a dimension, more than chance would?",
        what_a_dimension_encodes.draw,
    ),
    "Similarity": ("Which rows are alike, and what lies between them?", similarity.draw),
    "What if": ("What would other numbers do?", what_if.draw),
    WIDTHS: (
        "Would one number more for each token help, and where do more stop paying?",
        how_many_dimensions.draw,
    ),
    "When is what learned": (
        "When are counts, words and rules learned?",
        when_is_what_learned.draw,
    ),
}


def draw(moment: Moment, sentence: Sentence) -> None:
    view = choose_question("tables.view", {view: asked for view, (asked, _) in VIEWS.items()})
    VIEWS[view][1](moment, sentence)


def state(run: Run) -> State:
    """How the run stands; where others stand beside it, as one of them that still trains."""
    beside = option("tables.view", tuple(VIEWS)) == WIDTHS
    return state_beside(run) if beside else run.status.state
