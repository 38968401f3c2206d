"""What a text says of its tokens: counted a second way, word by word."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from model_core import corpora
from model_core.embeddings import properties as measured
from model_core.embeddings.properties import FEW, OFTEN, Property, column, properties
from model_core.embeddings.token_classes import token_class
from model_core.tokenizers import train_tokenizer
from model_core.vocabulary import Kind
from model_core.words import words
from tests.support.refusals import refusal

TEXT = corpora.stories(200)


def of(text: str, kind: Kind = "character") -> tuple[tuple[str, ...], dict[str, Property]]:
    tokenizer = train_tokenizer(text, kind, 300)
    ids = np.array(tokenizer.encode(text))
    rows = np.arange(len(tokenizer.tokens))
    return tokenizer.tokens, {one.name: one for one in properties(tokenizer.tokens, ids, rows)}


def assert_is(found: Property, tokens: tuple[str, ...], wanted: dict[str, float]) -> None:
    for token, value in zip(tokens, found.values, strict=True):
        assert value == pytest.approx(wanted.get(token, np.nan), nan_ok=True), token


def test_frequencies_are_counts_of_the_text() -> None:
    tokens, found = of(TEXT)
    assert_is(found["frequency"], tokens, {token: TEXT.count(token) for token in tokens})


def test_places_are_means_over_the_words_of_the_text() -> None:
    tokens, found = of(TEXT)
    places = defaultdict(list)
    for word in words(TEXT):
        for at, letter in enumerate(word[0]):
            places[letter].append((at + 0.5) / len(word[0]))
    wanted = {one: float(np.mean(all_)) for one, all_ in places.items() if len(all_) >= OFTEN}
    assert_is(found["place in a word"], tokens, wanted)
    assert "place in a word" not in of(TEXT, "word")[1], "a word is all of itself"


def test_a_token_of_several_letters_stands_where_its_middle_is() -> None:
    """'ab' begins the word "abcd": its middle is a quarter of the way."""
    tokens = ["ab", "cd", " ", *"efghijkl"]
    ids = np.array([0, 1, 2, *range(3, 11), 2] * OFTEN)
    found = properties(tokens, ids, np.arange(len(tokens)))
    (place,) = (one.values for one in found if one.name == "place in a word")
    np.testing.assert_allclose(place[:4], [0.25, 0.75, np.nan, 0.5 / 8])


def test_sides_are_shares_of_the_commonest_kinds() -> None:
    tokens, found = of(TEXT)
    common = [kind for kind, _ in Counter(map(token_class, TEXT)).most_common(measured.SIDES)]
    assert {name for name in found if name.startswith(("after", "before"))} == {
        f"{side} a {kind}" for side in ("after", "before") for kind in common
    }
    shares = {}
    for token in set(TEXT[:-1]):
        places = [at for at in range(len(TEXT) - 1) if TEXT[at] == token]
        if len(places) >= OFTEN:
            kinds = [token_class(TEXT[at + 1]) for at in places]
            shares[token] = kinds.count(common[0]) / len(kinds)
    assert_is(found[f"before a {common[0]}"], tokens, shares)


def test_what_comes_after_one_token_is_a_share_of_each() -> None:
    tokenizer = train_tokenizer(TEXT, "character")
    ids = np.array(tokenizer.encode(TEXT))
    found = measured.after(tokenizer.tokens, ids, np.arange(len(tokenizer.tokens)), ids[0])
    first = TEXT[0]
    wanted = {
        token: TEXT.count(first + token) / TEXT[1:].count(token)
        for token in tokenizer.tokens
        if TEXT[1:].count(token) >= OFTEN
    }
    assert found.name == f"after '{first}'"
    assert_is(found, tokenizer.tokens, wanted)


def test_rare_kinds_are_left_out() -> None:
    tokens, found = of(TEXT)
    counts = Counter(map(token_class, tokens))
    known = {token for token, one in zip(tokens, found["kind"].known, strict=True) if one}
    assert known == {token for token in tokens if counts[token_class(token)] >= FEW}


LINES = "a 1\nb 2.5\n␣ -1\n⇥ 3\n" + "\n".join(f"{one} 0" for one in "cdefgh")
TOKENS = ["a", "b", " ", "\t", *"cdefgh", "z"]


def test_a_column_has_the_numbers_of_its_lines_by_token_or_label() -> None:
    found = column(LINES, TOKENS)
    np.testing.assert_array_equal(found.values, [1, 2.5, -1, 3, *[0] * 6, np.nan])
    assert not found.kinds


def test_a_column_of_words_is_of_kinds() -> None:
    found = column("\n".join(f"{one} {'xy'[one > 'd']}" for one in "abcdefghijk"), [*"abcdefghijk"])
    assert found.kinds
    np.testing.assert_array_equal(found.values, [0] * 4 + [1] * 7)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("a 1\n?? 2", "line 2 is '?? 2'; write a token"),
        ("a", "line 1 is 'a'; write a token"),
        ("a 1\nb 2", "2 tokens have a value; give at least 10"),
        (LINES.replace("2.5", "0").replace("1", "0").replace("3", "0"), "10 tokens have a value"),
        ("\n".join(f"{one} {one}" for one in "abcdefgh"), "0 tokens have a value"),
    ],
)
def test_what_is_no_column_is_refused_with_the_line_or_the_count(text: str, begins: str) -> None:
    assert refusal(column, text, TOKENS).startswith(begins)
