"""What a click on a panel means, as plain data."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Tokens:
    """A click on row or point n means the token ids[n]."""

    ids: tuple[int, ...]


@dataclass(frozen=True)
class Positions:
    """A click means a position in the sentence: the row or point clicked, or the column.

    `second`: in the second of two sentences. `first`: the position of row 0.
    """

    count: int
    by_column: bool = False
    second: bool = False
    first: int = 0


@dataclass(frozen=True)
class Heads:
    """A click on row or bar layer · heads + head means that head."""

    layers: int
    heads: int


@dataclass(frozen=True)
class Pairs:
    """A click on cell (query, key) of a square means this pair of positions."""

    count: int


@dataclass(frozen=True)
class Cells:
    """A click means a number of a block (sentences, positions, channels).

    Rows are positions; sentences stand side by side, `pitch` columns from one to the next.
    """

    sentences: int
    positions: int
    channels: int
    pitch: int


PartName = Literal["rows", "attention", "stream", "next"]


@dataclass(frozen=True)
class Opens:
    """A click on row n of a Listing opens the page of a part of the drawn model, at a position."""

    parts: tuple[PartName, ...]
    position: int
    token: int


Picks: TypeAlias = Tokens | Positions | Heads | Pairs | Cells
