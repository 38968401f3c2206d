"""Every token has one class, and a table says which."""

import unicodedata
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_core.corpora import SENTENCE
from model_core.embeddings.token_classes import TokenClass, token_class
from model_core.tokenizers import train_tokenizer

CLASSES: dict[TokenClass, list[str]] = {
    "vowel": [*"aeiouæœøı", "é", "e\u0301", "ü", "ǖ", "ḁ\u0301", " a", "i\n"],
    "consonant": [*"bcdfghjklmnpqrstvwxyz", "ñ", "n\u0303", "ç", "ß", "ł", "þ", "ÿ", " t"],
    "capital": [*"AEIOUYZ", "É", "E\u0301", "Ø", "Σ", "Ж", "ǅ", " T"],
    "digit": [*"0123456789", "٣", "2026", " 7"],
    "space": [" ", "\n", "\t", "\r\n", "    ", "\xa0", "\u2028", "\u3000"],
    "word": ["fox", "Quick", " the", "café", "fox_1", "1st", "'s", "ab ", "ok!"]
    + ["日", "本語", "あ", "가", "א", "ع", "क", "कि", "क\u094d", "ж", "λ", "ａ", "ª"],
    "mark": [*".,;:!?-_'\"()<>&$%{}#@+=~^`|/\\", "...", "->", "3.", "1,5", "½", "²", "Ⅷ"]
    + ["", "·", "€", "…", "™", "°", "\u0301", "\u093f", "\x00", "\x1b", "\u200b", "\ufffd"]
    + [
        "😀",
        "❤",
        "❤\ufe0f",
        "👨\u200d👩\u200d👧",
        "👍🏽",
        "🇫🇷",
        "1\ufe0f\u20e3",
        "\ud800",
        "\ue000",
    ],
}


@pytest.mark.parametrize(
    ("token", "expected"),
    [(token, name) for name, tokens in CLASSES.items() for token in tokens],
    ids=ascii,
)
def test_the_class_of_a_token(token: str, expected: TokenClass) -> None:
    assert token_class(token) == expected


def test_there_are_as_many_classes_as_colours_and_the_table_has_them_all() -> None:
    assert set(get_args(TokenClass)) == set(CLASSES)
    assert len(CLASSES) == 7


def test_the_seeds_sentence_has_five_classes() -> None:
    found = [token_class(token) for token in train_tokenizer(SENTENCE, "character").tokens]
    counts = {name: found.count(name) for name in CLASSES}
    expected = {"space": 1, "mark": 1, "capital": 1, "vowel": 5, "consonant": 19}
    assert counts == {"digit": 0, "word": 0} | expected


@given(st.text(max_size=6))
def test_it_does_not_matter_how_accents_are_typed(token: str) -> None:
    for form in ("NFC", "NFD"):
        assert token_class(unicodedata.normalize(form, token)) == token_class(token)


def test_every_character_of_unicode_has_a_class() -> None:
    assert {token_class(chr(number)) for number in range(0x110000)} == set(CLASSES)
