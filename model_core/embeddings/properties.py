"""What a text says of each token: how often it occurs, where in words, of which kind, beside what.

N tokens asked about, V in the vocabulary, n in the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model_core.embeddings.token_classes import token_class
from model_core.labels import token_label
from model_core.words import words

READ = 2**19  # tokens of a text at most
OFTEN = 5  # occurrences from which on shares are taken
FEW = 3  # kinds of fewer tokens are left out
LEAST = 10  # tokens whose property is known, at least: fewer say nothing
SIDES = 3  # kinds of neighbours, the commonest


class UnreadableColumn(ValueError):
    """What a person added is no column of numbers or kinds."""


@dataclass(frozen=True)
class Property:
    """Of N tokens a number each, or with `kinds` a code of its kind: float64, NaN for unknown."""

    name: str
    values: np.ndarray
    kinds: bool = False

    @property
    def known(self) -> np.ndarray:
        """(N,) bool."""
        return np.isfinite(self.values)

    @property
    def varies(self) -> bool:
        """Whether enough is known to relate it to anything."""
        found = self.values[self.known]
        return len(found) >= LEAST and bool((found != found[0]).any())


def properties(tokens: Sequence[str], ids: np.ndarray, rows: np.ndarray) -> list[Property]:
    """What varies among tokens: those with ids `rows` (N,) of `tokens` (V,), in a text `ids` (n,).

    Their shares and places are unknown of those with fewer than OFTEN occurrences.
    """
    often = np.bincount(ids, minlength=len(tokens)).astype(np.float64)
    found = [
        Property("frequency", np.where(often > 0, often, np.nan)[rows]),
        Property("place in a word", _places(tokens, ids)[rows]),
        Property("kind", _kinds([tokens[row] for row in rows]), kinds=True),
        *(Property(name, shares[rows]) for name, shares in _sides(tokens, ids).items()),
    ]
    return [one for one in found if one.varies]


def after(tokens: Sequence[str], ids: np.ndarray, rows: np.ndarray, first: int) -> Property:
    """The share of each token's occurrences that come right after the token with id `first`."""
    together = np.bincount(ids[1:][ids[:-1] == first], minlength=len(tokens))
    shares = _shares(together, np.bincount(ids[1:], minlength=len(tokens)))
    return Property(after_name(tokens[first]), shares[rows])


def after_name(token: str) -> str:
    return f"after '{token_label(token)}'"


def column(text: str, tokens: Sequence[str]) -> Property:
    """A column that a person adds: lines of a token, or its label, and a value.

    Numbers, or if any value is none, kinds. UnreadableColumn naming the line that is not one.
    """
    given = {token: value for token, value in _lines(text, tokens)}
    values = np.array([given.get(token, "") for token in tokens], object)
    known = np.array([token in given for token in tokens])
    numbers = np.full(len(tokens), np.nan)
    try:
        numbers[known] = [float(value) for value in values[known]]
    except ValueError:
        numbers[known] = np.unique(values[known].astype(str), return_inverse=True)[1]
        return _enough(Property("your column", _without_few(numbers), kinds=True))
    return _enough(Property("your column", numbers))


def _lines(text: str, tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """Token and value of each line that has something."""
    known = {token_label(token): token for token in tokens} | {token: token for token in tokens}
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        token, *value = line.strip().rsplit(maxsplit=1)
        if token not in known or not value:
            raise UnreadableColumn(
                f"line {number} is {line.strip()[:40]!r}; write a token of this model, a space and "
                "a value (␣ is the space)"
            )
        found.append((known[token], *value))
    return found


def _enough(one: Property) -> Property:
    if not one.varies:
        raise UnreadableColumn(
            f"{int(one.known.sum())} tokens have a value; give at least {LEAST}, not all the same, "
            f"and of each kind at least {FEW}"
        )
    return one


def _places(tokens: Sequence[str], ids: np.ndarray) -> np.ndarray:
    """The mean place (V,) of each token in the words where it stands: 0 their start, 1 their end.

    Of an occurrence it is the middle of what it has of its first word.
    """
    text = "".join(tokens[index] for index in ids)
    spans = np.array([word.span() for word in words(text)], np.int64).reshape(-1, 2)
    ends = np.cumsum(np.array([len(token) for token in tokens])[ids])
    starts = np.concatenate([[0], ends[:-1]])
    word = np.searchsorted(spans[:, 1], starts, side="right")  # the first that ends after it starts
    inside = word < len(spans)
    inside[inside] = spans[word[inside], 0] < ends[inside]
    first, last = spans[word[inside]].T
    middle = (np.maximum(starts[inside], first) + np.minimum(ends[inside], last)) / 2
    weights = (middle - first) / (last - first)
    size, of = len(tokens), ids[inside]
    return _shares(np.bincount(of, weights, size), np.bincount(of, minlength=size))


def _kinds(tokens: Sequence[str]) -> np.ndarray:
    """A code (N,) for the kind of each token; NaN of kinds that only FEW have."""
    codes = np.unique([token_class(token) for token in tokens], return_inverse=True)[1]
    return _without_few(codes.astype(np.float64))


def _without_few(codes: np.ndarray) -> np.ndarray:
    kinds, counts = np.unique(codes[np.isfinite(codes)], return_counts=True)
    return np.where(np.isin(codes, kinds[counts >= FEW]), codes, np.nan)


def _sides(tokens: Sequence[str], ids: np.ndarray) -> Mapping[str, np.ndarray]:
    """How much of what precedes each token, and of what follows, is of the commonest kinds."""
    size = len(tokens)
    names, kind = np.unique([token_class(token) for token in tokens], return_inverse=True)
    common = np.argsort(-np.bincount(kind[ids], minlength=len(names)), kind="stable")[:SIDES]
    found = {}
    for word, own, beside in (("after", ids[1:], ids[:-1]), ("before", ids[:-1], ids[1:])):
        total = np.bincount(own, minlength=size)
        for one in common:
            together = np.bincount(own[kind[beside] == one], minlength=size)
            found[f"{word} a {names[one]}"] = _shares(together, total)
    return found


def _shares(counts: np.ndarray, of: np.ndarray) -> np.ndarray:
    """counts / of, NaN where that is less than OFTEN."""
    return np.divide(counts, of, out=np.full(len(of), np.nan), where=of >= OFTEN)
