"""Rows of an embedding table, as tables, maps and curves draw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from explorer.charts.parts.labels import in_lines
from explorer.picks import Positions, Tokens


@dataclass(frozen=True)
class Rows:
    """Labelled rows of the table of a `kind`, by default those with ids 0 .. N-1.

    `chosen` and `selected` are indices among these rows.
    """

    labels: Sequence[str]
    kind: Literal["token", "position"] = "token"
    row_ids: Sequence[int] | None = None
    chosen: int | None = None
    selected: Sequence[int] = ()

    @property
    def ids(self) -> Sequence[int]:
        return range(len(self.labels)) if self.row_ids is None else self.row_ids

    @property
    def words(self) -> list[str]:
        """The hover text of each row, escaped."""
        named = zip(self.labels, self.ids, strict=True)
        return [f"{self.kind} '{in_lines(label)}' (id {one})" for label, one in named]

    @property
    def picks(self) -> Tokens | Positions:
        """What a click on a row means."""
        if self.kind == "token":
            return Tokens(tuple(int(one) for one in self.ids))
        return Positions(len(self.labels), first=int(self.ids[0]))
