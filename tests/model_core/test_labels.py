"""Every token of every text can be shown, and told from others."""

import unicodedata
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_core.labels import token_label
from model_core.tokenizers import train_tokenizer
from model_core.vocabulary import Kind


@pytest.mark.parametrize(
    ("token", "label"),
    [
        ("", "∅"),
        ("a", "a"),
        (" ", "␣"),
        ("\n", "⏎"),
        ("\t", "⇥"),
        ("\r", "␍"),
        (" the", "␣the"),
        ("\r\n", "␍⏎"),
        ("\u0301", "◌\u0301"),
        (" \u0301", "␣◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("हिन्दी", "हिन्दी"),
        ("مُحَمَّد", "مُحَمَّد"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "◌\u0301\u0301"),  # no higher than a line
        ("\x00", "U+0000"),
        ("\x1b[31m", "U+001B[31m"),
        ("\x85", "U+0085"),
        ("\xa0", "U+00A0"),
        ("\u200b", "U+200B"),
        ("\u202e", "U+202E"),
        ("\u2028", "U+2028"),
        ("\ufeff", "U+FEFF"),
        ("\ud800", "U+D800"),
        ("\udce2", "⟨0xE2⟩"),  # a byte that is no character
        ("a\udc80", "a⟨0x80⟩"),
        ("\ue000", "U+E000"),
        ("\U000e0041", "U+E0041"),
        ("\u3164", "U+3164"),  # a "letter" without ink
        ("\u2800", "U+2800"),  # a braille cell without dots
        ("❤\ufe0f", "❤U+FE0F"),
        ("👨\u200d👩", "👨U+200D👩"),
        ("</script>", "</script>"),  # escaping is the sink's work
        ("$x$", "$x$"),
        ("é", "é"),
        ("日", "日"),
    ],
)
def test_a_label_shows_what_the_token_is(token: str, label: str) -> None:
    assert token_label(token) == label


@settings(max_examples=300)
@given(st.text(max_size=8))
def test_a_label_is_never_empty_and_every_character_of_it_can_be_printed(token: str) -> None:
    label = token_label(token)
    assert label
    assert label.isprintable()
    assert " " not in label


def test_every_character_of_unicode_has_a_label_that_begins_with_ink() -> None:
    """Marks alone can be printed but not seen; they stand on a circle, or are wide themselves."""
    for character in map(chr, range(0x110000)):
        label = token_label(character)
        category = unicodedata.category(label[0])
        assert label.isprintable() and (category[0] in "LNPS" or category == "Mc"), ascii(character)


@settings(max_examples=100)
@given(
    st.sampled_from(get_args(Kind)),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)
def test_every_token_of_every_vocabulary_can_be_shown(kind: Kind, text: str) -> None:
    for token in train_tokenizer(text, kind, 300).tokens:
        assert token_label(token).isprintable()
