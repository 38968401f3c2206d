"""What kind of thing a token stands for, in few enough classes to colour a map by."""

import unicodedata
from typing import Literal

TokenClass = Literal["vowel", "consonant", "capital", "digit", "space", "word", "mark"]
_VOWELS = "aeiouæœøı"  # the last four are letters of their own, no accented ones


def token_class(token: str) -> TokenClass:
    """The class of a token by its letters; accents and the space around it do not count.

    vowel, consonant: one small Latin letter, y a consonant. capital: one large letter of any
    script. digit: nothing but decimal digits. space: nothing but white space. word: whatever else
    holds a letter, be it a single one of a script without capitals. mark: all the rest, such as
    punctuation, symbols, emoji, control characters and half a character of byte-pair encoding.
    """
    if token.isspace():
        return "space"
    bare = _without_accents(token).strip()
    kinds = [unicodedata.category(character) for character in bare]
    if kinds in (["Lu"], ["Lt"]):
        return "capital"
    if kinds == ["Ll"] and unicodedata.name(bare).startswith("LATIN"):
        return "vowel" if bare in _VOWELS else "consonant"
    if any(kind[0] == "L" for kind in kinds):
        return "word"
    return "digit" if kinds and set(kinds) == {"Nd"} else "mark"


def _without_accents(token: str) -> str:
    """Letters apart from their accents (Unicode's canonical decomposition), and those left out."""
    parts = unicodedata.normalize("NFD", token)
    return "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Mc"))
