"""Words and letters keep their marks, and together are the whole text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_core.words import letters, pieces, spaced, words

MARKED = st.text("aé1_ \n!,\u0301\u0308नि्สัمُ\u200d\u200c👩\ufe0f", max_size=20)


@given(MARKED | st.text(max_size=20))
def test_no_mark_is_cut_off_its_letter(text: str) -> None:
    for parts in (pieces(text), letters(text)):
        assert "".join(parts) == text
        for before, part in zip(parts, parts[1:], strict=False):
            if unicodedata.category(part[0])[0] == "M":
                assert before.isspace() and parts is not letters  # has no letter of its own


@given(MARKED | st.text(max_size=20))
def test_a_space_goes_with_what_follows_it_and_nothing_else_changes(text: str) -> None:
    parts = spaced(text)
    assert "".join(parts) == text
    apart = [part for one in parts for part in ([" ", one[1:]] if one[0] == " " else [one])]
    assert [part for part in apart if part] == pieces(text)
    for before, part in zip(parts, parts[1:], strict=False):
        assert before != " " or part[0].isspace()


@given(MARKED)
def test_words_are_the_pieces_with_a_letter_or_a_digit(text: str) -> None:
    found = [piece for piece in pieces(text) if piece[0].isalnum() or piece[0] == "_"]
    assert [word[0] for word in words(text)] == found
    assert all(text[word.start() : word.end()] == word[0] for word in words(text))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("e\u0301te\u0301", ["e\u0301", "t", "e\u0301"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("हिन्दी", ["हि", "न्", "दी"]),
        ("❤\ufe0f!", ["❤\ufe0f", "!"]),
    ],
)
def test_letters_with_their_marks(text: str, parts: list[str]) -> None:
    assert letters(text) == parts
