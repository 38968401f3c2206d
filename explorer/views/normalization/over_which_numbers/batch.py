"""A batch of sentences on its way into one norm, and the number in it that is looked at."""

from dataclasses import dataclass

import numpy as np

from explorer.data import activations
from explorer.data.activations import Ids
from explorer.visit.moment import Moment, labels_of
from model_core.config import Norm
from model_core.normalization import Cell, shares

OTHERS = 2  # sentences beside the typed one
OVER: dict[Norm, str] = {  # what each norm pools, in words
    "layer": "all channels of one token",
    "batch": "one channel at all tokens of all sentences",
    "rms": "all channels of one token",
    "none": "nothing",
}


@dataclass(frozen=True)
class Block:
    """What enters the norm `place` of the model at S steps while it reads B texts of T tokens.

    `numbers` (S, B, T, C); `sentences` are the texts' labels by name. It is normalized as `kind`,
    with gain and shift `gamma`, `beta` (S, C); looked at is the number in `cell`.
    """

    kind: Norm
    place: str
    cell: Cell
    sentences: dict[str, tuple[str, ...]]
    numbers: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray

    @property
    def shared(self) -> np.ndarray:
        """(B, T, C) bool."""
        B, T, C = self.numbers.shape[1:]
        return shares(self.kind, (B, T, C), self.cell)

    @property
    def cell_name(self) -> str:
        sentence, position, channel = self.cell
        name, labels = list(self.sentences.items())[sentence]
        return f"'{labels[position]}' at {position} of {name}, channel {channel}"

    @property
    def pooled(self) -> str:
        """How many numbers share, and which."""
        if self.kind == "none":
            return "1 number: nothing is shared."
        return f"{self.shared.sum():,} numbers share: {OVER[self.kind]}."


def others(moment: Moment, ids: Ids) -> list[Ids]:
    """Different sentences of the typed one's length: the first of the validation windows.

    ValueError when the run's text is gone.
    """
    windows = map(tuple, activations.windows(moment)[:, : len(ids)].tolist())
    return [window for window in dict.fromkeys(windows) if window != ids][:OTHERS]


def read_block(moment: Moment, batch: tuple[Ids, ...], kind: Norm, place: str, cell: Cell) -> Block:
    """The typed sentence is the first of the batch; what is not of the run's kind has no gain."""
    seen = activations.entering(moment, batch, place)
    own = kind == moment.run.model_config.norm
    names = ("your sentence", *(f"sentence {number}" for number in range(1, len(batch))))
    labels = [labels_of(moment.run, np.array(ids)) for ids in batch]
    return Block(
        kind,
        place,
        cell,
        dict(zip(names, labels, strict=True)),
        seen["entering"],
        seen["gamma"] if own else np.ones_like(seen["gamma"]),
        seen["beta"] if own else np.zeros_like(seen["beta"]),
    )
