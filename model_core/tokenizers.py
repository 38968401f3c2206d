"""Text to token ids and back: characters, words, byte-pair encoding, and printable labels."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

Kind = Literal["character", "word", "bpe"]
MAX_VOCABULARY = 20_000
_WORD = re.compile(r"\w+|\s|[^\w\s]")
_GLYPHS = {" ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍", "": "∅"}


class Tokenizer(Protocol):
    """Token ids are 0 .. V-1; `tokens[id]` is the text a token stands for."""

    kind: Kind
    tokens: tuple[str, ...]

    def encode(self, text: str) -> list[int]:
        """Ids of `text`; ValueError naming what the vocabulary does not have."""
        ...

    def decode(self, ids: Iterable[int]) -> str: ...

    def to_json(self) -> dict[str, Any]: ...


class UnknownTokens(ValueError):
    """Text holds tokens the vocabulary lacks; `unknown` lists each once, in order of appearance."""

    def __init__(self, unknown: Sequence[str], tokens: Sequence[str]) -> None:
        self.unknown = tuple(unknown)
        super().__init__(
            f"{_listing(unknown, 5)} not in the vocabulary, which has {_listing(tokens, 60)}"
        )


class _SplittingTokenizer:
    """A vocabulary of the pieces a text splits into; decoding joins them again."""

    def __init__(self, kind: Kind, tokens: Sequence[str]) -> None:
        self.kind = kind
        self.tokens = tuple(tokens)
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            raise ValueError("a vocabulary lists each token once, this one repeats some")

    def encode(self, text: str) -> list[int]:
        pieces = split(text, self.kind)
        unknown = dict.fromkeys(piece for piece in pieces if piece not in self._ids)
        if unknown:
            raise UnknownTokens(list(unknown), self.tokens)
        return [self._ids[piece] for piece in pieces]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(self.tokens[index] for index in ids)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "tokens": list(self.tokens)}


class _BytePairTokenizer:
    """Byte-level byte-pair encoding (Sennrich et al. 2016), trained by the `tokenizers` library."""

    kind: Kind = "bpe"

    def __init__(self, state: str) -> None:
        from tokenizers import Tokenizer as Library

        self._library = Library.from_str(state)
        size = self._library.get_vocab_size()
        self.tokens = tuple(self._library.decode([index]) for index in range(size))

    def encode(self, text: str) -> list[int]:
        return list(self._library.encode(text).ids)

    def decode(self, ids: Iterable[int]) -> str:
        return str(self._library.decode(list(ids)))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "bpe", "state": json.loads(self._library.to_str())}


def split(text: str, kind: Kind) -> list[str]:
    """Characters, or words with every space and punctuation mark a piece of its own."""
    return list(text) if kind == "character" else _WORD.findall(text)


def train_tokenizer(text: str, kind: Kind, vocab_size: int = 512) -> Tokenizer:
    """A tokenizer for `text`; `vocab_size` is the size aimed at by byte-pair encoding only.

    Ids follow the sorted pieces, so the same text gives the same ids. ValueError when the text is
    empty or has more than MAX_VOCABULARY different pieces.
    """
    if not text:
        raise ValueError("the text is empty; give at least two characters")
    if kind == "bpe":
        return _BytePairTokenizer(_trained_byte_pairs(text, vocab_size))
    tokens = sorted(set(split(text, kind)))
    if len(tokens) > MAX_VOCABULARY:
        other = "words or byte-pair encoding" if kind == "character" else "byte-pair encoding"
        raise ValueError(
            f"the text has {len(tokens):,} different {kind}s, more than {MAX_VOCABULARY:,}; "
            f"choose {other}"
        )
    return _SplittingTokenizer(kind, tokens)


def tokenizer_from_json(state: dict[str, Any]) -> Tokenizer:
    """The tokenizer that `to_json` described; ValueError when it is none of ours."""
    if state.get("kind") == "bpe":
        return _BytePairTokenizer(json.dumps(state["state"]))
    if state.get("kind") in ("character", "word"):
        return _SplittingTokenizer(state["kind"], state["tokens"])
    raise ValueError(f"tokenizer kind must be character, word or bpe, got {state.get('kind')!r}")


def token_label(token: str) -> str:
    """How a token is shown: a glyph for what has no ink, combining marks on a dotted circle."""
    return "".join(_visible(character) for character in token) or _GLYPHS[""]


def _visible(character: str) -> str:
    if character in _GLYPHS:
        return _GLYPHS[character]
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return "◌" + character
    if category[0] in "CZ":
        return f"U+{ord(character):04X}"
    return character


def _trained_byte_pairs(text: str, vocab_size: int) -> str:
    from tokenizers import Tokenizer as Library
    from tokenizers import decoders, models, pre_tokenizers, trainers

    if not 256 <= vocab_size <= MAX_VOCABULARY:
        raise ValueError(f"vocab_size must be in [256, {MAX_VOCABULARY:,}], got {vocab_size}")
    library = Library(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    library.train_from_iterator([text], trainer)
    return str(library.to_str())


def _listing(tokens: Sequence[str], at_most: int) -> str:
    shown = " ".join(f"'{token_label(token)}'" for token in tokens[:at_most])
    rest = len(tokens) - at_most
    return f"{shown} and {rest:,} more" if rest > 0 else shown
