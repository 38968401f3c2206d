"""Tokens and texts made printable: every character can be seen and told from others."""

import re
import unicodedata

from model_core.special import END

_BYTE = re.compile("[\udc80-\udcff]")  # one that is no character, as PEP 383 writes it
# letters, symbols and marks that are invisible: fillers, joiners, variation selectors
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_GLYPHS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍", "": "∅"}
_CIRCLE = "◌"  # carries a mark that has no letter of its own
_STACKED = 4  # marks on one letter; more would reach into other lines


def token_label(token: str) -> str:
    """A token as displayed: glyphs for what is invisible, a circle below marks without a letter.

    A byte that is no whole character is ⟨0xE2⟩, the end of a text ⟨end⟩.
    """
    if token == END:
        return "⟨end⟩"
    label, room = [], 0
    for character in token:
        shown = _visible(character)
        if shown == character and unicodedata.category(character) in ("Mn", "Me"):
            label.append(shown if room else _CIRCLE + shown)
            room = (room or _STACKED) - 1
        else:
            label.append(shown)
            room = _STACKED if shown == character else 0
    return "".join(label) or _GLYPHS[""]


def head_label(layer: int, head: int) -> str:
    """A head as it is called on every page."""
    return f"Layer {layer}, head {head}"


def readable(text: str) -> str:
    """`text` with a label for each byte that is no whole character."""
    return _BYTE.sub(lambda byte: _visible(byte[0]), text)


def whole_characters(text: str) -> str:
    """`text` without bytes that are no whole character, as where a window cuts one."""
    return _BYTE.sub("", text)


def _visible(character: str) -> str:
    if character in _GLYPHS:
        return _GLYPHS[character]
    if _BYTE.match(character):
        return f"⟨0x{ord(character) & 0xFF:02X}⟩"
    if unicodedata.category(character)[0] in "CZ" or _BLANK.match(character):
        return f"U+{ord(character):04X}"
    return character
