"""Text to train on: the built-in corpora, a user's own text, its split, and batches of windows."""

import lzma
import os
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model_core.config import MAX_TEXT_BYTES
from model_core.special import END

SENTENCE = "Quick brown fox jumped over the lazy dog."
VALIDATION_WINDOWS = 32
BUILT_IN = (
    *("quick-brown-fox", "python-docs", "python-docs-short", "stories", "stories-with-ends"),
    "induction",
)
PRINTABLE = "".join(map(chr, range(32, 127)))  # of ASCII: all that ordinary English is typed with
SHORT = 60_000  # characters
# Help texts of Python 3.11.7 (`pydoc_data.topics`, sorted by name), which each Python words anew.
# Copyright 2001-2023 Python Software Foundation, under its license: docs.python.org/3/license.html
PYTHON_DOCS = Path(__file__).with_name("python_docs.txt.xz")
# The rules of the stories: a name has a pronoun, an animal a sound, a place a weather.
PRONOUNS = {"Mia": "she", "Tom": "he", "Ana": "she", "Ben": "he", "Zoe": "she", "Max": "he"}
SOUNDS = {"dog": "barked", "cat": "meowed", "cow": "mooed", "duck": "quacked"}
WEATHER = {"park": "sunny", "lake": "windy", "hill": "snowy", "garden": "rainy"}
COLORS, TOYS = ("red", "blue", "green", "white"), ("ball", "kite", "drum", "boat")


@dataclass(frozen=True)
class Split:
    """Token ids, int64, for training (N,) and validation (M,).

    `shared`: both are the whole corpus, because it is too short for one window in each part.
    """

    train: Tensor
    validation: Tensor
    shared: bool


def built_in_text(name: str) -> str:
    """The text of a built-in corpus, the same at every call; ValueError for an unknown name."""
    match name:
        case "quick-brown-fox":
            return " ".join([SENTENCE] * 50)
        case "python-docs":
            return lzma.decompress(PYTHON_DOCS.read_bytes()).decode()
        case "python-docs-short":
            return built_in_text("python-docs")[:SHORT]
        case "stories":
            return stories(6_000)
        case "stories-with-ends":
            return stories(6_000).replace("\n", END)
        case "induction":
            return repeated_words(5_000)
    raise ValueError(f"corpus must be one of {', '.join(BUILT_IN)}, got {name[:40]!r}")


def stories(count: int, seed: int = 0) -> str:
    """`count` tiny stories of four sentences with known regularities.

    A name determines the pronoun, an animal its sound and a place the weather; the color of the toy
    in the first sentence returns in the last. Everything else is independent and uniform: no
    model can predict it.
    """
    draw = random.Random(seed)

    def story() -> str:
        name, animal, place = (draw.choice(list(pool)) for pool in (PRONOUNS, SOUNDS, WEATHER))
        color, toy = draw.choice(COLORS), draw.choice(TOYS)
        return (
            f"{name} had a {color} {toy}. One {WEATHER[place]} day {PRONOUNS[name]} went to the "
            f"{place}. A {animal} came and {SOUNDS[animal]}. "
            f"{name} gave the {animal} the {color} {toy}."
        )

    return "\n".join(story() for _ in range(count))


def repeated_words(count: int, seed: int = 0) -> str:
    """`count` made-up words, each repeated up to 40 characters: "k?Za k?Za k?Za …".

    A word has 3 to 8 different characters of PRINTABLE. Its first occurrence is random; the
    repetitions are predictable, but only from the character that followed the last occurrence of
    the present one.
    """
    draw = random.Random(seed)

    def line() -> str:
        word = "".join(draw.sample(PRINTABLE, draw.randint(3, 8)))
        return (word * 14)[:40]

    return "".join(line() for _ in range(count))


def read_text_file(path: Path) -> str:
    """The text in a user's file or pipe, of which no more is read than a text may have."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return read_text(file.read(MAX_TEXT_BYTES + 1), size)


def read_text(data: bytes, size: int = 0) -> str:
    """A user's UTF-8 text, with or without a byte order mark; ValueError for anything else.

    `size` is that of its file in bytes where more is known of it than `data`.
    """
    if len(data) > MAX_TEXT_BYTES:
        size = max(size, len(data))
        raise ValueError(
            f"the text has {size / 2**20:,.0f} MB, more than {MAX_TEXT_BYTES // 2**20} MB; "
            "cut it shorter"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"not UTF-8 text: byte 0x{data[error.start]:02x} at position {error.start:,}; "
            "save the file as UTF-8"
        ) from None
    return check_text(text)


def check_text(text: str) -> str:
    """`text` itself if it is valid to train on; ValueError saying what is wrong otherwise."""
    if "\0" in text:
        raise ValueError(
            f"not text: NUL character at position {text.index(chr(0)):,}; "
            "save the file as UTF-8 text"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"not valid Unicode: lone surrogate at position {error.start:,}; remove it"
        ) from None
    if len(text) < 2:
        raise ValueError(f"the text has {len(text)} characters; give at least 2")
    return text


def check_length(tokens: int, block_size: int) -> None:
    """ValueError when a corpus of `tokens` tokens has no window of block_size + 1."""
    if tokens < block_size + 1:
        way = f"the largest block_size that works is {tokens - 1}" if tokens > 1 else "add text"
        raise ValueError(
            f"the text has {tokens} tokens, block_size={block_size} needs {block_size + 1}; {way}"
        )


def split(ids: Tensor, block_size: int, held_back: float = 0.1) -> Split:
    """The first part of ids (N,) for training, the last `held_back` of it for validation.

    When one part would be shorter than a window of block_size + 1 ids, both parts are the whole.
    ValueError when the whole is.
    """
    check_length(len(ids), block_size)
    cut = len(ids) - int(len(ids) * held_back)
    if min(cut, len(ids) - cut) < block_size + 1:
        return Split(ids, ids, shared=True)
    return Split(ids[:cut], ids[cut:], shared=False)


def windows(ids: Tensor, block_size: int) -> Tensor:
    """Every window of block_size + 1 consecutive ids: (N - block_size, block_size + 1), a view."""
    return ids.unfold(0, block_size + 1, 1)


def batch(of: Tensor, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Inputs (B, T) and targets (B, T), shifted by one id, of windows drawn with replacement."""
    drawn = of[torch.randint(len(of), (batch_size,), generator=generator)]
    return drawn[:, :-1], drawn[:, 1:]


def validation_windows(
    ids: Tensor, block_size: int, count: int = VALIDATION_WINDOWS
) -> tuple[Tensor, Tensor]:
    """At most `count` evenly spaced windows as inputs and targets (count, T): always the same."""
    of = windows(ids, block_size)
    count = min(count, len(of))
    chosen = of[torch.linspace(0, len(of) - 1, count, dtype=torch.float64).long()]
    return chosen[:, :-1], chosen[:, 1:]
