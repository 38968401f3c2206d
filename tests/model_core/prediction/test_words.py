"""Words that a text does not have, in texts read in the head."""

from model_core.prediction.words import known_pairs, known_words, unknown_pairs, unknown_words

TEXT = "the dog saw the red kite"


def grey(text: str, known: str = TEXT) -> list[str]:
    return [text[start:end] for start, end in unknown_words(text, known_words(known))]


def test_a_word_that_stands_nowhere_in_the_text_is_unknown() -> None:
    assert grey("the dxg saw, the RED kite.") == ["dxg", "RED"]


def test_a_last_word_may_be_cut() -> None:
    assert grey("the kit") == [] and grey("the kix") == ["kix"]
    assert grey("the kit ") == ["kit"], "a space ends it"


def test_a_word_keeps_its_marks() -> None:
    assert grey("हिन्द हिन्दी", known="हिन्दी में हिन्दी") == ["हिन्द"]


def test_a_text_without_words_knows_none_and_marks_none() -> None:
    assert grey("zxzx", known="qxzkbvqxzkbvqxzkbvqxzkbv") == []


def test_a_pair_that_stands_nowhere_marks_its_second_word() -> None:
    text = "the dog saw the dog kite red"
    spans = unknown_pairs(text, known_pairs(TEXT))
    assert [text[start:end] for start, end in spans] == ["kite", "red"]
