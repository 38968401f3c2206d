"""Where the reader looks: the chosen head, the chosen cell of its weights, the chosen position."""

from dataclasses import dataclass

from explorer.visit import session
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from model_core.labels import head_label


@dataclass(frozen=True)
class Focus:
    """A (layer, head), and a query and a key of the sentence."""

    layer: int
    head: int
    query: int
    key: int

    @property
    def name(self) -> str:
        return head_label(self.layer, self.head)


def position_of(sentence: Sentence) -> int:
    """The chosen position, in a shorter sentence its last; at first the first."""
    return min(session.chosen().query or 0, len(sentence.ids) - 1)


def focus_of(moment: Moment, sentence: Sentence) -> Focus:
    """What was chosen, by default the last query and the key before it.

    In a shorter sentence both are moved to its end.
    """
    last = len(sentence.ids) - 1
    chosen = session.chosen()
    query = last if chosen.query is None else min(chosen.query, last)
    key = max(query - 1, 0) if chosen.key is None else min(chosen.key, last)
    return Focus(*moment.head, query, key)
