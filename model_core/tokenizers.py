"""Text to token ids and back: characters, words, byte-pair encoding."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import Any, Literal, Protocol, get_args

from model_core import words
from model_core.labels import token_label
from model_core.special import END

Kind = Literal["character", "word", "bpe"]
MAX_VOCABULARY = 20_000  # of a new tokenizer
MAX_LISTED = 1_000_000  # tokens in a file: as many as a model may have
PIECE = 2**16  # characters encoded at a time
LONGEST = 2**21  # characters of a word for byte-pair encoding: it takes 5 s and 0.3 GB
MAX_TOKEN_LENGTH = 64  # characters of a byte-pair token: doubling merges would fill the memory
_CUT_AT_MARKS = re.compile(r"\w+|\s|[^\w\s]")  # words of runs before marks stayed with letters
# Not behind what one of two libraries takes for a space, nor where a letter may be a mark.
_WORD_START = re.compile(
    r"(?<=[^\s\u180e\u200b])(?=[ \n])"
    r"|(?<=[A-Za-z0-9])(?=[,;:.(){}\[\]<>\"])|(?<=[、。，！？：；])(?=[\u4e00-\u9fff])"
)
_LONE = re.compile("[\ud800-\udfff]")
# How words are cut, by what tokenizer.json says of their marks and spaces; new ones as the last.
_WORDS: dict[tuple[Any, Any], Callable[[str], list[str]]] = {
    (None, None): _CUT_AT_MARKS.findall,
    ("joined", None): words.pieces,
    ("joined", "attached"): words.spaced,
}


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


class _BytePairTokenizer:
    """Byte-level byte-pair encoding (Sennrich et al. 2016), trained by the `tokenizers` library."""

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
        if lone := list(dict.fromkeys(_LONE.findall(text))):  # all others have UTF-8 bytes
            raise UnknownTokens(lone, self.tokens)
        same = range(len(self.tokens))  # one object an id: the library makes one a token
        ids = (self._library.encode(piece).ids for piece in _without_merges_between(text))
        return [same[index] for piece in ids for index in piece]

    def pieces(self, text: str) -> list[tuple[str, int | None]]:
        found: list[tuple[str, int | None]] = []
        for part in re.split(f"({_LONE.pattern})", text):
            if _LONE.match(part):
                found.append((part, None))
            else:
                found += [(self.tokens[index], index) for index in self._library.encode(part).ids]
        return found

    def decode(self, ids: Iterable[int]) -> str:
        return _text_of(b"".join(self._bytes[index] for index in ids))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "bpe", "merges": [list(pair) for pair in self._merges]}


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
        return _BytePairTokenizer(_trained_merges("\n".join(texts), vocab_size))
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
        return _BytePairTokenizer([(first, second) for first, second in pairs])
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
        if not isinstance(token, str) or not token or _LONE.search(token):
            raise ValueError(f"tokenizer.json is damaged: {repr(token)[:40]} is not a token")
    return list(value)


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


def _trained_merges(text: str, vocab_size: int) -> list[tuple[str, str]]:
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
