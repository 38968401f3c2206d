"""What every tokenizer offers, and what its vocabulary lacks, in words."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Literal, Protocol

from model_core.labels import token_label

Kind = Literal["character", "word", "bpe"]
MAX_VOCABULARY = 20_000  # of a new tokenizer


class Tokenizer(Protocol):
    """Token ids are 0 .. V-1; `tokens[id]` is the text a token stands for.

    A byte that is no whole character is a lone surrogate in a text: 0xE2 is U+DCE2 (PEP 383).
    """

    kind: Kind
    tokens: tuple[str, ...]

    def encode(self, text: str) -> list[int]:
        """Ids of `text`; UnknownTokens naming what the vocabulary lacks."""
        ...

    def pieces(self, text: str) -> list[tuple[str, int | None]]:
        """The tokens of `text` in order, each with its id; None where the vocabulary lacks it."""
        ...

    def decode(self, ids: Iterable[int]) -> str: ...

    def to_json(self) -> dict[str, Any]: ...


class UnknownTokens(ValueError):
    """Text holds tokens the vocabulary lacks; `unknown` lists each once, in order of appearance."""

    def __init__(self, unknown: Sequence[str], tokens: Sequence[str]) -> None:
        self.unknown = tuple(unknown)
        mark = next((token for token in unknown if unicodedata.combining(token[0])), None)
        hint = f"; {_label(mark)} is an accent typed apart from its letter" if mark else ""
        has = _listing(tokens, 30 if hint else 60)
        super().__init__(f"{_listing(unknown, 40)} not in the vocabulary, which has {has}{hint}")


def _listing(tokens: Sequence[str], room: int) -> str:
    """As many labels as fit into about `room` characters, at least one, and how many more."""
    labels = [_label(token) for token in tokens[:room]]
    ends = accumulate(len(label) + 1 for label in labels)
    count = max(1, sum(end <= room for end in ends))
    rest = len(tokens) - count
    return " ".join(labels[:count]) + (f" and {rest:,} more" if rest > 0 else "")


def _label(token: str) -> str:
    """A token's label, cut to 16 characters."""
    label = token_label(token)
    return label if len(label) <= 16 else label[:15] + "…"
