"""Text to token ids and back: characters, words, byte-pair encoding."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, get_args

from model_core import words
from model_core.bytepairs import LONE, BytePairTokenizer, trained_merges
from model_core.special import END
from model_core.vocabulary import MAX_VOCABULARY, Kind, Tokenizer, UnknownTokens

MAX_LISTED = 1_000_000  # tokens in a file: as many as a model may have
_CUT_AT_MARKS = re.compile(r"\w+|\s|[^\w\s]")  # words of runs before marks stayed with letters
# How words are cut, by what tokenizer.json says of their marks and spaces; new ones as the last.
_WORDS: dict[tuple[Any, Any], Callable[[str], list[str]]] = {
    (None, None): _CUT_AT_MARKS.findall,
    ("joined", None): words.pieces,
    ("joined", "attached"): words.spaced,
}


class _SplittingTokenizer:
    """A vocabulary of the pieces a text splits into; decoding joins them again.

    `rule` says how words are cut: older runs had others.
    """

    def __init__(
        self, kind: Kind, tokens: Sequence[str], rule: tuple[Any, Any] = ("joined", "attached")
    ) -> None:
        self.kind = kind
        self._rule = rule
        self.tokens = tuple(tokens)
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            raise ValueError("a vocabulary lists each token once, this one repeats some")

    def encode(self, text: str) -> list[int]:
        pieces = self._split(text)
        unknown = dict.fromkeys(piece for piece in pieces if piece not in self._ids)
        if unknown:
            raise UnknownTokens(list(unknown), self.tokens)
        return [self._ids[piece] for piece in pieces]

    def pieces(self, text: str) -> list[tuple[str, int | None]]:
        return [(piece, self._ids.get(piece)) for piece in self._split(text)]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(self.tokens[index] for index in ids)

    def to_json(self) -> dict[str, Any]:
        told = dict(zip(("marks", "spaces"), self._rule, strict=True))
        if self.kind == "character":
            told = {}
        rule = {name: how for name, how in told.items() if how is not None}
        return {"kind": self.kind} | rule | {"tokens": list(self.tokens)}

    def _split(self, text: str) -> list[str]:
        return list(text) if self.kind == "character" else _WORDS[self._rule](text)


class _WithEnd:
    """A tokenizer for the texts between ends, and a last id for END itself.

    No token of a text crosses an end, and no merge or word is made of its characters.
    """

    def __init__(self, between: Tokenizer) -> None:
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
        return "".join(
            END * len(list(run)) if is_end else self._between.decode(run) for is_end, run in runs
        )

    def to_json(self) -> dict[str, Any]:
        return self._between.to_json() | {"end_of_text": END}


def split(text: str, kind: Kind) -> list[str]:
    """Characters, or words and punctuation marks, each with the space before it."""
    return list(text) if kind == "character" else words.spaced(text)


def train_tokenizer(text: str, kind: Kind, vocab_size: int = 512, alphabet: str = "") -> Tokenizer:
    """A tokenizer for `text`; `vocab_size` is the target of byte-pair encoding only.

    A text that has END is texts with ends between them: END is one token then. A vocabulary of
    characters also has those of `alphabet`, which `text` may lack. Ids follow the sorted pieces, so
    the same text gives the same ids. ValueError when the text is empty or has more than
    MAX_VOCABULARY different pieces.
    """
    parts = text.split(END)
    made = _trained(parts, kind, vocab_size - (len(parts) > 1), alphabet)
    return _WithEnd(made) if len(parts) > 1 else made


def _trained(texts: Sequence[str], kind: Kind, vocab_size: int, alphabet: str) -> Tokenizer:
    if not any(texts):
        raise ValueError("the text is empty; give at least two characters")
    if kind not in get_args(Kind):
        raise ValueError(f"tokenizer must be character, word or bpe, got {str(kind)[:40]!r}")
    if kind == "bpe":
        return BytePairTokenizer(trained_merges("\n".join(texts), vocab_size))
    pieces = {piece for text in texts for piece in split(text, kind)}
    tokens = sorted(pieces.union(alphabet if kind == "character" else ""))
    if len(tokens) > MAX_VOCABULARY:
        other = "words or byte-pair encoding" if kind == "character" else "byte-pair encoding"
        raise ValueError(
            f"the text has {len(tokens):,} different {kind}s, more than {MAX_VOCABULARY:,}; "
            f"choose {other}"
        )
    return _SplittingTokenizer(kind, tokens)


def tokenizer_from_json(state: dict[str, Any]) -> Tokenizer:
    """The tokenizer that `to_json` described; ValueError when the description is not valid."""
    if (end := state.get("end_of_text")) is not None:
        if end != END:
            raise ValueError(f"tokenizer.json is damaged: its end of text must be {END}")
        return _WithEnd(tokenizer_from_json({**state, "end_of_text": None}))
    kind = state.get("kind")
    if kind == "bpe":
        pairs = [_strings(pair) for pair in _list(state.get("merges"))]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("tokenizer.json is damaged: a merge must join two tokens")
        return BytePairTokenizer([(first, second) for first, second in pairs])
    if kind == "character" or kind == "word":
        tokens, rule = _strings(state.get("tokens")), (state.get("marks"), state.get("spaces"))
        if rule not in list(_WORDS):  # a list in the file has no hash
            raise ValueError(
                "tokenizer.json is damaged: marks must be joined and spaces attached, "
                f"got {repr(rule)[:40]}"
            )
        return _SplittingTokenizer(kind, tokens, rule)
    raise ValueError(f"tokenizer kind must be character, word or bpe, got {str(kind)[:40]!r}")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_LISTED:
        raise ValueError(f"tokenizer.json is damaged: no list of at most {MAX_LISTED:,} tokens")
    return value


def _strings(value: Any) -> list[str]:
    """A list of non-empty strings without lone surrogates."""
    for token in _list(value):
        if not isinstance(token, str) or not token or LONE.search(token):
            raise ValueError(f"tokenizer.json is damaged: {repr(token)[:40]} is not a token")
    return list(value)
