"""A batch of sentences that enters one norm, and the chosen number in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explorer.data import layers, losses
from explorer.data.readers import Ids
from explorer.views.lessons.norms import NORM_WORDS
from explorer.visit.moment import Moment, labels_of
from model_core.normalization import CellIndex, shares
from model_core.norms import LEARNED, NORMS, NormKind

OTHERS = 2  # sentences beside the typed one


@dataclass(frozen=True)
class Block:
    """What enters the norm `site` of the model at S steps while it reads B texts of T tokens.

    `numbers` (S, B, T, C); `sentences` are the texts' labels by name. It is normalized as `kind`,
    with `learned` parameters (S, C) by name; the chosen number is in `cell`.
    """

    kind: NormKind
    site: str
    cell: CellIndex
    sentences: dict[str, tuple[str, ...]]
    numbers: np.ndarray
    learned: Mapping[str, np.ndarray]

    @property
    def shared(self) -> np.ndarray:
        """(B, T, C) bool."""
        B, T, C = self.numbers.shape[1:]
        return shares(self.kind, (B, T, C), self.cell)

    @property
    def members(self) -> np.ndarray:
        """(B, T, C) bool: those that share; where none do, the chosen token's channels."""
        B, T, C = self.numbers.shape[1:]
        return self.shared if NORMS[self.kind].pools else shares("layer", (B, T, C), self.cell)

    @property
    def cell_name(self) -> str:
        sentence, position, channel = self.cell
        name, labels = list(self.sentences.items())[sentence]
        return f"'{labels[position]}' at {position} of {name}, channel {channel}"

    @property
    def pooled(self) -> str:
        """How many numbers share, and which."""
        if not NORMS[self.kind].pools:
            return "1 number: nothing is shared."
        return f"{self.shared.sum():,} numbers share: {NORM_WORDS[self.kind].pooled}."


def others(moment: Moment, ids: Ids) -> list[Ids]:
    """Different sentences of the typed one's length: the first of the validation windows.

    ValueError when the run's text is gone.
    """
    windows = map(tuple, losses.windows(moment)[:, : len(ids)].tolist())
    return [window for window in dict.fromkeys(windows) if window != ids][:OTHERS]


def read_block(
    moment: Moment, batch: tuple[Ids, ...], kind: NormKind, site: str, cell: CellIndex
) -> Block:
    """The typed sentence is the first of the batch.

    Parameters are the run's where `kind` is its own, else the initial ones.
    """
    seen = layers.entering(moment, batch, site)
    own = kind == moment.run.model_config.norm
    names = ("your sentence", *(f"sentence {number}" for number in range(1, len(batch))))
    labels = [labels_of(moment.run, np.array(ids)) for ids in batch]
    return Block(
        kind,
        site,
        cell,
        dict(zip(names, labels, strict=True)),
        seen["entering"],
        {
            name: seen[name] if own else np.full_like(seen[name], LEARNED[name].start)
            for name in NORMS[kind].learns
        },
    )
