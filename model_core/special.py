"""The end-of-text token: one token that stands between texts, in any kind of tokenizer."""

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_core.tokenizers import Kind, Tokenizer

END = "<|endoftext|>"  # as in GPT-2 (Radford et al. 2019)


class WithEnd:
    """A tokenizer for the texts between ends, and a last id for END itself.

    No token of a text crosses an end, and no merge or word is made of its characters.
    """

    def __init__(self, between: "Tokenizer") -> None:
        self._between = between
        self.kind: Kind = between.kind
        self.tokens = (*between.tokens, END)

    def encode(self, text: str) -> list[int]:
        end = len(self._between.tokens)
        first, *others = map(self._between.encode, text.split(END))
        return first + [token for part in others for token in (end, *part)]

    def pieces(self, text: str) -> list[tuple[str, int | None]]:
        end: tuple[str, int | None] = (END, len(self._between.tokens))
        first, *others = map(self._between.pieces, text.split(END))
        return first + [piece for part in others for piece in (end, *part)]

    def decode(self, ids: Iterable[int]) -> str:
        end = len(self._between.tokens)
        runs = groupby(ids, lambda token: token == end)
        return "".join(END * len(list(run)) if is_end else self._between.decode(run)
                       for is_end, run in runs)  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return self._between.to_json() | {"end_of_text": END}
