"""Which words of a written text are none of the text that a model was trained on."""

from collections.abc import Set
from itertools import pairwise

from model_core.words import words

LONGEST = 20  # characters a word in the mean, beyond which a text is not made of words

Span = tuple[int, int]  # [start, end) in a text


def known_words(text: str) -> Set[str]:
    """The words of a text; none of one that is not made of words."""
    found = [word[0] for word in words(text)]
    return frozenset(found) if len(text) <= LONGEST * len(found) else frozenset()


def known_pairs(text: str) -> Set[tuple[str, str]]:
    """The pairs of neighbouring words of a text."""
    return frozenset(pairwise(word[0] for word in words(text)))


def unknown_words(text: str, known: Set[str]) -> list[Span]:
    """Where words stand that are not `known`; a last one may be cut: then its beginning counts.

    Nothing where no word is known.
    """
    if not known:
        return []
    return [
        word.span()
        for word in words(text)
        if word[0] not in known
        and not (word.end() == len(text) and any(one.startswith(word[0]) for one in known))
    ]


def unknown_pairs(text: str, known: Set[tuple[str, str]]) -> list[Span]:
    """Where words stand that never follow the word before them."""
    return [
        second.span()
        for first, second in pairwise(words(text))
        if (first[0], second[0]) not in known
    ]
