"""Byte-level byte-pair encoding (Sennrich et al. 2016), by the `tokenizers` library."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from model_core.vocabulary import MAX_VOCABULARY, Kind, UnknownTokens

PIECE = 2**16  # characters encoded at a time
LONGEST = 2**21  # characters of a word for byte-pair encoding: it takes 5 s and 0.3 GB
MAX_TOKEN_LENGTH = 64  # characters of a byte-pair token: doubling merges would fill the memory
LONE = re.compile("[\ud800-\udfff]")
# Not behind what one of two libraries takes for a space, nor where a letter may be a mark.
_WORD_START = re.compile(
    r"(?<=[^\s\u180e\u200b])(?=[ \n])"
    r"|(?<=[A-Za-z0-9])(?=[,;:.(){}\[\]<>\"])|(?<=[、。，！？：；])(?=[\u4e00-\u9fff])"
)


class BytePairTokenizer:
    """Merges of bytes, in the order in which they were learned."""

    kind: Kind = "bpe"

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        """`merges` in the order learned; ValueError when one joins tokens that do not exist yet.

        The library would not raise but panic, which no `except Exception` catches.
        """
        from tokenizers import Tokenizer as Library
        from tokenizers import models, pre_tokenizers

        ids = {byte: i for i, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
        for first, second in merges:
            if not (first in ids and second in ids and len(first + second) <= MAX_TOKEN_LENGTH):
                raise ValueError(f"merge of {first[:20]!r} and {second[:20]!r} is not possible")
            ids.setdefault(first + second, len(ids))
        self._merges = list(merges)
        self._library = Library(models.BPE(vocab=ids, merges=self._merges))
        self._library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        of = _bytes_of(ids)
        self._bytes = [bytes(of[symbol] for symbol in token) for token in ids]
        self.tokens = tuple(map(_text_of, self._bytes))

    def encode(self, text: str) -> list[int]:
        if lone := list(dict.fromkeys(LONE.findall(text))):  # all others have UTF-8 bytes
            raise UnknownTokens(lone, self.tokens)
        same = range(len(self.tokens))  # one object an id: the library makes one a token
        ids = (self._library.encode(piece).ids for piece in _without_merges_between(text))
        return [same[index] for piece in ids for index in piece]

    def pieces(self, text: str) -> list[tuple[str, int | None]]:
        found: list[tuple[str, int | None]] = []
        for part in re.split(f"({LONE.pattern})", text):
            if LONE.match(part):
                found.append((part, None))
            else:
                found += [(self.tokens[index], index) for index in self._library.encode(part).ids]
        return found

    def decode(self, ids: Iterable[int]) -> str:
        return _text_of(b"".join(self._bytes[index] for index in ids))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "bpe", "merges": [list(pair) for pair in self._merges]}


def trained_merges(text: str, vocab_size: int) -> list[tuple[str, str]]:
    """The merges that a text teaches, in that order; ValueError for a size that cannot be."""
    from tokenizers import Tokenizer as Library
    from tokenizers import models, pre_tokenizers, trainers

    if not 256 <= vocab_size <= MAX_VOCABULARY:
        raise ValueError(f"vocab_size must be in [256, {MAX_VOCABULARY:,}], got {vocab_size}")
    library = Library(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=MAX_TOKEN_LENGTH,
    )
    # time grows with the square of the longest word: the text is cut, as it may have no spaces
    library.train_from_iterator((text[i : i + 2000] for i in range(0, len(text), 2000)), trainer)
    return [(first, second) for first, second in json.loads(library.to_str())["model"]["merges"]]


def _without_merges_between(text: str) -> Iterator[str]:
    """The text in pieces of about PIECE characters: encoding all of it takes 200 bytes a byte.

    No byte-pair token crosses the start of a word: one that holds a space starts with it.
    ValueError for a piece that is too long.
    """
    start = 0
    while start < len(text):
        cut = _WORD_START.search(text, start + PIECE)
        end = cut.start() if cut else len(text)
        if end - start > LONGEST:
            raise ValueError(
                f"the text has {end - start:,} characters without a space, too many for "
                "byte-pair encoding; choose tokenizer=character"
            )
        yield text[start:end]
        start = end


def _bytes_of(symbols: Iterable[str]) -> dict[str, int]:
    """The byte that each of the library's 256 symbols stands for, as in GPT-2.

    A printable byte is its own symbol, the others are U+0100 and following in their order.
    """
    single = {symbol for symbol in symbols if len(symbol) == 1}
    own = {symbol: ord(symbol) for symbol in single if ord(symbol) < 256}
    others = sorted(set(range(256)) - set(own.values()))
    return own | dict(zip(sorted(single - own.keys()), others, strict=True))


def _text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
