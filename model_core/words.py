"""Words and letters of any script, with the marks that stand on them."""

import re
import unicodedata
from collections.abc import Iterator

_JOINERS = "\u200c\u200d"  # stand inside words of Persian and Hindi, and inside emoji


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, each where it stands."""
    return re.finditer(rf"\w[\w{_marks(text)}]*", text)


def pieces(text: str) -> list[str]:
    """Words, and each other character with its marks: together the whole text."""
    marks = _marks(text)
    return re.findall(rf"\w[\w{marks}]*|\s|[^\w\s][{marks}]*", text)


def spaced(text: str) -> list[str]:
    """The same, but one space goes with the word or mark after it: together the whole text.

    As GPT-2 has it (Radford et al. 2019): of several spaces the last one.
    """
    marks = _marks(text)
    return re.findall(rf" ?\w[\w{marks}]*| ?[^\w\s][{marks}]*|\s", text)


def letters(text: str) -> list[str]:
    """Each character with its marks: together the whole text."""
    return re.findall(rf"(?s).[{_marks(text)}]*", text)


def _marks(text: str) -> str:
    """The marks of this text and what joins letters, as `re` has no property for them."""
    marks = {one for one in set(text) if unicodedata.category(one)[0] == "M"}
    return "".join(sorted(marks)) + _JOINERS
