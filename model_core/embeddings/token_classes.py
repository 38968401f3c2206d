"""Classes of tokens, few enough to colour a map by."""

import unicodedata
from typing import Literal

TokenClass = Literal["vowel", "consonant", "capital", "digit", "space", "word", "mark"]
_VOWELS = "aeiouæœøı"  # the last four do not decompose into a letter and an accent


def token_class(token: str) -> TokenClass:
    """The class of a token by its letters; accents and the space around it do not count.

    vowel, consonant: one lowercase Latin letter; y is a consonant. capital: one uppercase letter of
    any script. digit: decimal digits only. space: white space only. word: anything else with a
    letter, also a single one of a script without capitals. mark: the rest, such as punctuation,
    symbols, emoji, control characters and partial characters of byte-pair encoding.
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
    """The token without accents, by Unicode's canonical decomposition."""
    parts = unicodedata.normalize("NFD", token)
    return "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Mc"))
