"""The rows that a sentence looks up in both tables, over the steps shown."""

from dataclasses import dataclass

import numpy as np

from explorer.charts.parts.labels import with_positions
from explorer.charts.parts.rows import Rows
from explorer.data.tables import token_embeddings, vectors
from explorer.visit.moment import Moment, labels_of
from explorer.visit.sentence import Sentence

WHOLE = 30  # rows of a token table that is drawn whole
WINDOW = 16  # positions drawn


@dataclass(frozen=True)
class LookedUp:
    """What the sentence looks up at S steps, and W of its positions that are drawn.

    `at` is the chosen position, `shown` (W,) are those drawn, `ids` (R,) the token rows drawn.
    `tokens` (S, R, C) are these rows; `of_tokens` and `of_positions` (S, W, C) what each position
    drawn looks up, the latter None for a model without a table of positions.
    """

    at: int
    shown: range
    ids: np.ndarray
    tokens: np.ndarray
    of_tokens: np.ndarray
    of_positions: np.ndarray | None

    @property
    def entering(self) -> np.ndarray:
        """(S, W, C): token row plus position row."""
        if self.of_positions is None:
            return self.of_tokens
        return self.of_tokens + self.of_positions

    @property
    def chosen(self) -> int:
        """The chosen position's index among those drawn."""
        return self.at - self.shown.start


def look_up(moment: Moment, sentence: Sentence, at: int) -> LookedUp:
    """Of a token table that is too large to be drawn, the rows that the positions drawn use."""
    shown = window(at, len(sentence.ids))
    used = np.unique(sentence.ids)
    if moment.run.model_config.vocab_size <= WHOLE:
        held, table = moment.rows, token_embeddings(moment)
    else:
        held, table = used, vectors(moment, "tokens", tuple(used.tolist()))
    ids = np.array(sentence.ids)[shown]
    drawn = held if len(held) <= WHOLE and held is not used else np.unique(ids)
    positions = None
    if moment.run.anatomy.positions:
        positions = vectors(moment, "positions")[:, shown.start : shown.stop]
    return LookedUp(
        at,
        shown,
        drawn,
        table[:, np.searchsorted(held, drawn)],
        table[:, np.searchsorted(held, ids)],
        positions,
    )


def window(at: int, count: int) -> range:
    """The WINDOW positions of `count` that are drawn around the chosen one, or all."""
    start = max(min(at - WINDOW // 2, count - WINDOW), 0)
    return range(start, min(start + WINDOW, count))


def token_rows(moment: Moment, sentence: Sentence, found: LookedUp) -> Rows:
    chosen = int(np.searchsorted(found.ids, sentence.ids[found.at]))
    return Rows(labels_of(moment.run, found.ids), "token", found.ids.tolist(), chosen)


def position_rows(sentence: Sentence, found: LookedUp, *, named: bool) -> Rows:
    """The positions drawn, by their numbers or `named` by their tokens."""
    labels = [str(position) for position in found.shown]
    if named:
        tokens = with_positions([f"{label} {n}" for n, label in enumerate(sentence.labels)])
        labels = [tokens[position] for position in found.shown]
    return Rows(labels, "position", found.shown, found.chosen)
