"""Tokenizers give a text back whole, name what they do not know, and show every token."""

import json
import random
import subprocess
import sys
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, pre_tokenizers

from model_core import bytepairs
from model_core.corpora import SENTENCE, built_in_text
from model_core.labels import readable, token_label, whole_characters
from model_core.special import END
from model_core.tokenizers import split, tokenizer_from_json, train_tokenizer
from model_core.vocabulary import Kind, UnknownTokens

KINDS: tuple[Kind, ...] = ("character", "word", "bpe")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<b>",
    "&lt;",
    "$x$",
    ":red[x]",
    "![i](http://x)",
    "=1+1",
    "a\r\n\tb\x00\x1b[31m\x7f\x85",
    "\u202e\u200b\u200d\u2028\ufeff\xad\xa0",
    "👨‍👩‍👧 ❤\ufe0f",
    "e" + "\u0301" * 200,
    "\u3164\u115f\u2800\u034f",
]


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(ValueError) as error:
        call(*arguments)
    assert len(str(error.value)) <= 200
    return str(error.value)


# --- round trips ---------------------------------------------------------------------------------


@settings(max_examples=60)
@given(TEXT, st.sampled_from(KINDS))
def test_what_is_encoded_is_decoded_to_the_same_text(text: str, kind: Kind) -> None:
    tokenizer = train_tokenizer(text, kind, 300)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(0 <= index < len(tokenizer.tokens) for index in ids)


@settings(max_examples=60)
@given(TEXT, TEXT)
def test_bytes_know_every_text_even_one_never_seen(seen: str, other: str) -> None:
    tokenizer = train_tokenizer(seen, "bpe", 300)
    assert tokenizer.decode(tokenizer.encode(other)) == other


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_whole(kind: Kind, text: str) -> None:
    tokenizer = train_tokenizer(text, kind, 300)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=60)
@given(TEXT, st.sampled_from(KINDS))
def test_a_tokenizer_survives_json(text: str, kind: Kind) -> None:
    tokenizer = train_tokenizer(text, kind, 300)
    again = tokenizer_from_json(json.loads(json.dumps(tokenizer.to_json())))
    assert (again.kind, again.tokens) == (kind, tokenizer.tokens)
    assert again.encode(text) == tokenizer.encode(text)


# --- what the tokens are -------------------------------------------------------------------------


def test_the_seeds_sentence_has_27_characters_in_sorted_order() -> None:
    tokenizer = train_tokenizer(SENTENCE, "character")
    assert "".join(tokenizer.tokens) == " .Qabcdefghijklmnoprtuvwxyz"
    assert tokenizer.encode("a. ") == [3, 1, 0]


def test_words_and_punctuation_are_tokens_with_the_space_before_them() -> None:
    text = "Don't go,  fox_1 !\n"
    pieces = ["Don", "'", "t", " go", ",", " ", " fox_1", " !", "\n"]
    assert split(text, "word") == pieces
    tokenizer = train_tokenizer(text, "word")
    assert [tokenizer.tokens[index] for index in tokenizer.encode(text)] == pieces
    assert list(tokenizer.tokens) == sorted(set(pieces))


@pytest.mark.parametrize(
    "word", ["हिन्दी", "สวัสดี", "مُحَمَّد", "שָׁלוֹם", "e\u0301te\u0301", "می\u200cخواهم", "日本語"]
)
def test_a_word_stays_whole_in_every_script(word: str) -> None:
    text = f"{word}, {word}\n"
    assert split(text, "word") == [word, ",", f" {word}", "\n"]
    tokenizer = train_tokenizer(text, "word")
    assert word in tokenizer.tokens and tokenizer.decode(tokenizer.encode(text)) == text


def test_a_run_whose_words_end_at_marks_is_read_as_it_was_recorded() -> None:
    """Its tokenizer.json says nothing of marks, and is written as it was."""
    text = "e\u0301te\u0301 hi"
    recorded = {"kind": "word", "tokens": sorted({" ", "e", "te", "hi", "\u0301"})}
    old = tokenizer_from_json(recorded)
    pieces = ["e", "\u0301", "te", "\u0301", " ", "hi"]
    assert [piece for piece, _ in old.pieces(text)] == pieces
    assert [old.tokens[index] for index in old.encode(text)] == pieces
    assert old.to_json() == recorded
    assert train_tokenizer(text, "word").to_json() == {
        "kind": "word",
        "marks": "joined",
        "spaces": "attached",
        "tokens": [" hi", "e\u0301te\u0301"],
    }


def test_a_run_whose_spaces_are_tokens_is_read_as_it_was_recorded() -> None:
    text = "e\u0301te\u0301 hi"
    recorded = {"kind": "word", "marks": "joined", "tokens": [" ", "e\u0301te\u0301", "hi"]}
    old = tokenizer_from_json(recorded)
    assert [old.tokens[index] for index in old.encode(text)] == ["e\u0301te\u0301", " ", "hi"]
    assert old.decode(old.encode(text)) == text and old.to_json() == recorded


def test_the_seeds_sentence_has_a_token_a_word_and_none_for_spaces() -> None:
    tokenizer = train_tokenizer(SENTENCE, "word")
    pieces = ["Quick", " brown", " fox", " jumped", " over", " the", " lazy", " dog", "."]
    assert [piece for piece, _ in tokenizer.pieces(SENTENCE)] == pieces
    assert sorted(tokenizer.tokens) == sorted(pieces)


@pytest.mark.parametrize("vocab_size", [256, 300, 512])
def test_byte_pairs_have_the_size_that_was_chosen(vocab_size: int) -> None:
    tokenizer = train_tokenizer(built_in_text("python-docs")[:50_000], "bpe", vocab_size)
    assert len(tokenizer.tokens) == vocab_size


def test_byte_pairs_shorten_the_text_they_were_trained_on() -> None:
    text = built_in_text("python-docs")[:50_000]
    lengths = [len(train_tokenizer(text, "bpe", size).encode(text)) for size in (256, 512, 1024)]
    assert lengths[0] == len(text.encode())
    assert lengths[0] > 1.5 * lengths[1] > 1.5 * lengths[2]


def test_the_first_merge_is_the_most_frequent_pair() -> None:
    tokenizer = train_tokenizer("abab abab xy", "bpe", 257)
    assert tokenizer.tokens[256] == "ab"
    assert len(tokenizer.encode("abab")) == 2


def test_a_byte_pair_tokens_text_is_what_it_decodes_to() -> None:
    tokenizer = train_tokenizer("hello hello world", "bpe", 280)
    for index, token in enumerate(tokenizer.tokens):
        assert tokenizer.decode([index]) == token
    assert " world" in tokenizer.tokens


def test_two_merges_into_the_same_token_share_its_id() -> None:
    merges = [["a", "b"], ["b", "c"], ["a", "bc"], ["ab", "c"], ["abc", "d"]]
    tokenizer = tokenizer_from_json({"kind": "bpe", "merges": merges})
    assert tokenizer.tokens[256:] == ("ab", "bc", "abc", "abcd")
    assert tokenizer.encode("abcd") == [259]


def test_one_repeated_letter_does_not_make_endless_tokens() -> None:
    tokenizer = train_tokenizer("a" * 5_000, "bpe", 512)
    assert max(map(len, tokenizer.tokens)) <= bytepairs.MAX_TOKEN_LENGTH


# What may be a space, a letter, a mark or neither, to one library or the other.
SEAMS = (
    " \n\t\r\x0b\x1c\x1f\x85\xa0\u1680\u180e\u2003\u200b\u2028\u3000\ufeff(){};:<>.,!?'-_"
    "abstdrevml09。，我们中e\u0301\u0e33กअ\u094d²½\U0001f600\u200d"
)


@settings(max_examples=500)
@given(text=st.text(SEAMS, max_size=60))
def test_a_text_encoded_in_pieces_has_the_ids_of_the_whole(text: str) -> None:
    seams = "".join(random.Random(0).choices(SEAMS + " \n" * 20, k=3000))
    words = "don't we're so. it, goes (on) 我们，你好。" * 20
    tokenizer = train_tokenizer(words + seams, "bpe", 500)
    whole = tokenizer._library.encode(text).ids  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bytepairs, "PIECE", 1)
        assert tokenizer.encode(text) == whole


def test_encoding_byte_pairs_takes_at_most_60_bytes_a_byte() -> None:
    code = """
import resource, sys
from model_core.tokenizers import train_tokenizer
text = " ".join(f"{n * n:x}" for n in range(150_000))
tokenizer = train_tokenizer(text[:100_000], "bpe", 512)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tokenizer.encode(text)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / len(text))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) <= 60


def test_a_word_too_long_for_byte_pairs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytepairs, "LONGEST", 100)
    tokenizer = train_tokenizer("ab" * 50, "bpe", 300)
    assert tokenizer.decode(tokenizer.encode("ab" * 50)) == "ab" * 50
    assert refused(tokenizer.encode, "ab" * 51) == (
        "the text has 102 characters without a space, too many for byte-pair encoding; "
        "choose tokenizer=character"
    )


def test_byte_pairs_of_a_text_without_spaces_take_about_as_long_as_with_spaces() -> None:
    """The library alone takes some 25 times as long: its time grows with the square of a word."""

    def seconds(text: str) -> float:
        start = time.process_time()
        train_tokenizer(text, "bpe", 300)
        return time.process_time() - start

    letters = "".join(random.Random(0).choices("acgt", k=60_000))
    spaced = " ".join(letters[i : i + 8] for i in range(0, len(letters), 8))
    assert seconds(letters) < 8 * seconds(spaced)


def test_bytes_are_those_that_the_library_decodes() -> None:
    """The library's own decoder, of the tokens as it names them, is the second way."""
    text = "日本語 שלום é 👩\u200d👧\n" * 9
    tokenizer = train_tokenizer(text, "bpe", 400)
    merged = ["".join(pair) for pair in tokenizer.to_json()["merges"]]
    symbols = dict.fromkeys([*sorted(pre_tokenizers.ByteLevel.alphabet()), *merged])
    decoder, broken = decoders.ByteLevel(), 0
    for token, named in zip(tokenizer.tokens, symbols, strict=True):
        shown = token.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        assert decoder.decode([named]) == shown
        broken += "\ufffd" in shown
    assert broken > 128  # all single bytes that are no ASCII, and parts of characters
    assert len(set(map(token_label, tokenizer.tokens))) == len(tokenizer.tokens)


def test_a_text_cut_inside_a_character_keeps_its_bytes() -> None:
    tokenizer = train_tokenizer("ab", "bpe", 256)
    ids = tokenizer.encode("x日y")
    assert [token_label(tokenizer.tokens[index]) for index in ids] == [
        "x", "⟨0xE6⟩", "⟨0x97⟩", "⟨0xA5⟩", "y",
    ]  # fmt: skip
    assert tokenizer.decode(ids) == "x日y"
    cut = tokenizer.decode(ids[:3])
    assert cut.encode("utf-8", "surrogateescape") == "x日y".encode()[:3]
    assert (readable(cut), whole_characters(cut)) == ("x⟨0xE6⟩⟨0x97⟩", "x")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_text_gives_the_same_ids(kind: Kind) -> None:
    text = built_in_text("python-docs")[:20_000]
    first, second = train_tokenizer(text, kind, 400), train_tokenizer(text, kind, 400)
    assert first.to_json() == second.to_json()
    assert first.encode(text) == second.encode(text)


@settings(max_examples=60)
@given(TEXT, TEXT, st.sampled_from(KINDS))
def test_pieces_are_the_whole_text_and_their_ids_what_encode_gives(
    seen: str, other: str, kind: Kind
) -> None:
    tokenizer = train_tokenizer(seen, kind, 300)
    assert [index for _, index in tokenizer.pieces(seen)] == tokenizer.encode(seen)
    pieces = tokenizer.pieces(other)
    if kind != "bpe":  # a token of bytes may be a part of a character
        assert "".join(piece for piece, _ in pieces) == other
    for piece, index in pieces:
        assert piece not in tokenizer.tokens if index is None else tokenizer.tokens[index] == piece


# --- what is refused -----------------------------------------------------------------------------


def test_unknown_characters_are_named_once_with_what_there_is() -> None:
    tokenizer = train_tokenizer("hello world", "character")
    with pytest.raises(UnknownTokens) as error:
        tokenizer.encode("Quick, é Q")
    assert error.value.unknown == ("Q", "u", "i", "c", "k", ",", "é")
    assert str(error.value) == "Q u i c k , é not in the vocabulary, which has ␣ d e h l o r w"


def test_the_whole_alphabet_of_the_seeds_sentence_fits_into_the_sentence() -> None:
    said = refused(train_tokenizer(SENTENCE, "character").encode, "ß")
    assert said.endswith("which has ␣ . Q " + " ".join("abcdefghijklmnoprtuvwxyz"))


def test_what_does_not_fit_into_the_sentence_is_counted() -> None:
    tokenizer = train_tokenizer("".join(map(chr, range(0x4E00, 0x4E00 + 1000))), "character")
    said = refused(tokenizer.encode, "".join(map(chr, range(0x5E00, 0x5E00 + 1000))))
    unknown, known = said.split(" not in the vocabulary, which has ")
    assert unknown.endswith(" and 980 more") and known.endswith(" and 970 more")
    assert (len(unknown.split()), len(known.split())) == (20 + 3, 30 + 3)


def test_unknown_words_are_named_whole() -> None:
    with pytest.raises(UnknownTokens) as error:
        train_tokenizer("the fox", "word").encode("the lazy fox, the dog")
    assert error.value.unknown == (" lazy", ",", " the", " dog")


def test_an_accent_typed_apart_is_explained() -> None:
    tokenizer = train_tokenizer("café", "character")
    said = refused(tokenizer.encode, unicodedata.normalize("NFD", "café"))
    assert said == (
        "e ◌\u0301 not in the vocabulary, which has a c f é; "
        "◌\u0301 is an accent typed apart from its letter"
    )


@pytest.mark.parametrize("kind", ["character", "word"])
@pytest.mark.parametrize(
    "text", [*HOSTILE, "x" * 5000, "".join(map(chr, range(0x300, 0x800))), " ".join(["ab9"] * 9)]
)
def test_however_much_is_unknown_the_sentence_is_short_and_printable(kind: Kind, text: str) -> None:
    for corpus in ("qq", built_in_text("python-docs"), "".join(map(chr, range(0x4E00, 0x5E00)))):
        tokenizer = train_tokenizer(corpus, kind)
        if not set(split(text, kind)) <= set(tokenizer.tokens):
            assert refused(tokenizer.encode, text).isprintable()


@pytest.mark.parametrize("kind", KINDS)
def test_a_lone_surrogate_is_unknown_to_every_tokenizer(kind: Kind) -> None:
    with pytest.raises(UnknownTokens) as error:
        train_tokenizer("ab", kind).encode("ab\ud800")
    assert error.value.unknown == ("\ud800",)
    assert str(error.value).startswith("U+D800 not in the vocabulary")
    tokenizer = train_tokenizer("ab", kind)
    assert tokenizer.pieces("ab\ud800") == [*tokenizer.pieces("ab"), ("\ud800", None)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_text_is_refused_for_training_and_encodes_to_nothing(kind: Kind) -> None:
    said = "the text is empty; give at least two characters"
    assert refused(train_tokenizer, "", kind) == said
    assert train_tokenizer("ab", kind).encode("") == []


def test_too_many_characters_lead_to_words_or_byte_pairs() -> None:
    text = "".join(map(chr, range(0x20000, 0x20000 + 32_000)))
    assert refused(train_tokenizer, text, "character") == (
        "the text has 32,000 different characters, more than 20,000; "
        "choose words or byte-pair encoding"
    )


def test_too_many_words_lead_to_byte_pairs() -> None:
    text = " ".join(map(str, range(20_001)))
    assert refused(train_tokenizer, text, "word") == (
        "the text has 20,001 different words, more than 20,000; choose byte-pair encoding"
    )


@pytest.mark.parametrize("size", [255, 20_001, -1])
def test_a_byte_pair_vocabulary_has_its_limits(size: int) -> None:
    said = f"vocab_size must be in [256, 20,000], got {size}"
    assert refused(train_tokenizer, "ab", "bpe", size) == said


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    said = "tokenizer must be character, word or bpe, got 'wrod'"
    assert refused(train_tokenizer, "ab", "wrod") == said


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"kind": "x" * 500},
        {"kind": ["bpe"]},
        {"kind": "character"},
        {"kind": "character", "tokens": "abc"},
        {"kind": "character", "tokens": [1, 2]},
        {"kind": "character", "tokens": ["a", ""]},
        {"kind": "character", "tokens": ["a", "a"]},
        {"kind": "word", "tokens": ["a", "\ud800"]},
        {"kind": "word", "tokens": ["a"], "marks": ["x" * 500]},
        {"kind": "word", "tokens": [["a"] * 500]},
        {"kind": "word", "tokens": ["a"] * 1_000_001},
        {"kind": "word", "tokens": ["a"], "spaces": "attached"},
        {"kind": "word", "tokens": ["a"], "marks": "joined", "spaces": "x" * 500},
        {"kind": "bpe"},
        {"kind": "bpe", "merges": "ab"},
        {"kind": "bpe", "merges": ["ab"]},
        {"kind": "bpe", "merges": [["a"]]},
        {"kind": "bpe", "merges": [["a", "b", "c"]]},
        {"kind": "bpe", "merges": [["a", 1]]},
        {"kind": "bpe", "merges": [["a", ""]]},
        {"kind": "bpe", "merges": [["ab", "c"]]},
        {"kind": "bpe", "merges": [["a", "x" * 5000]]},
        {"kind": "bpe", "merges": [["a" * 2**n, "a" * 2**n] for n in range(20)]},
    ],
    ids=lambda state: repr(state)[:40],
)
def test_a_damaged_tokenizer_file_is_a_sentence_not_a_crash(state: dict[str, Any]) -> None:
    said = refused(tokenizer_from_json, state)
    assert said.startswith(("tokenizer", "merge of ", "a vocabulary lists each token once"))
    assert said.isprintable()


# --- the end of a text ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_of_a_text_is_one_token_and_nothing_is_made_of_its_letters(kind: Kind) -> None:
    text = f"a fox{END}{END}a dog <|end|> x{END}"
    tokenizer = train_tokenizer(text, kind, 300)
    end = len(tokenizer.tokens) - 1
    ids = tokenizer.encode(text)
    assert tokenizer.tokens[end] == END and ids.count(end) == 3 and ids[-1] == end
    assert tokenizer.decode(ids) == text
    assert tokenizer.pieces(text) == [(tokenizer.tokens[one], one) for one in ids]
    parts = [tokenizer.encode(part) for part in text.split(END)]
    assert ids == [*parts[0], end, end, *parts[2], end]
    again = tokenizer_from_json(tokenizer.to_json())
    assert again.tokens == tokenizer.tokens and again.encode(text) == ids
    assert not [token for token in tokenizer.tokens[:end] if END in token]


def test_a_text_without_an_end_has_no_such_token_and_an_older_run_none_either() -> None:
    assert END not in train_tokenizer("a fox <|endoftext", "word").tokens
    older = tokenizer_from_json({"kind": "character", "tokens": sorted({*END, "a"})})
    assert len(older.encode(f"a{END}")) == 1 + len(END)


def test_an_end_made_of_two_halves_stays_letters() -> None:
    nested = f"<|endof{END}text|>"
    tokenizer = train_tokenizer(nested, "character")
    assert tokenizer.tokens.count(END) == 1
    assert tokenizer.decode(tokenizer.encode(nested)) == nested


def test_a_text_of_ends_alone_and_another_sign_for_it_are_refused() -> None:
    with pytest.raises(ValueError, match="the text is empty"):
        train_tokenizer(END * 3, "word")
    with pytest.raises(ValueError, match="its end of text must be"):
        tokenizer_from_json({"kind": "word", "tokens": ["a"], "end_of_text": "</s>"})
