"""Text to train on: what is read, what is refused and in which words, the split and the batches."""

import ast
import inspect
import os
import re
import sys
import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model_core import corpora
from model_core.corpora import (
    SENTENCE,
    batch,
    built_in_text,
    check_length,
    check_text,
    read_text,
    read_text_file,
    repeated_words,
    split,
    stories,
    validation_windows,
    windows,
)
from model_core.special import END

BOM = b"\xef\xbb\xbf"


def words_of(call: object, *arguments: object) -> str:
    """What a refused call says; one sentence a person can read."""
    with pytest.raises(ValueError) as error:
        call(*arguments)  # type: ignore[operator]
    said = str(error.value)
    assert len(said) <= 200
    assert said.isprintable()
    return said


# --- built-in texts ------------------------------------------------------------------------------


def test_the_seeds_sentence_has_41_characters_27_of_them_different() -> None:
    assert SENTENCE == "Quick brown fox jumped over the lazy dog."
    assert (len(SENTENCE), len(set(SENTENCE))) == (41, 27)


def test_the_sentence_is_repeated_with_spaces_between() -> None:
    text = built_in_text("quick-brown-fox")
    assert text.split(". ") == [SENTENCE[:-1]] * 49 + [SENTENCE]
    assert set(text) == set(SENTENCE)


def test_python_docs_are_those_of_the_recorded_run_on_every_python() -> None:
    recorded = Path("explorer/recorded/english/text.txt").read_bytes()
    assert built_in_text("python-docs").encode() == recorded


@pytest.mark.skipif(sys.version_info[:3] != (3, 11, 7), reason="another Python words them anew")
def test_python_docs_hold_every_topic_whole() -> None:
    from pydoc_data.topics import topics

    text = built_in_text("python-docs")
    assert len(text) == sum(map(len, topics.values())) + len(topics) - 1
    assert all(topic in text for topic in topics.values())


@pytest.mark.parametrize("name", corpora.BUILT_IN)
def test_a_built_in_text_is_the_same_at_every_call_and_can_be_trained_on(name: str) -> None:
    text = built_in_text(name)
    assert text == built_in_text(name)
    assert check_text(text) is text


def test_stories_keep_the_regularities_they_document() -> None:
    form = re.compile(
        r"(?P<name>\w+) had a (?P<toy>\w+ \w+)\. One (?P<weather>\w+) day (?P<pronoun>s?he) went "
        r"to the (?P<place>\w+)\. A (?P<animal>\w+) came and (?P<sound>\w+)\. "
        r"(?P=name) gave the (?P=animal) the (?P=toy)\."
    )
    told = [form.fullmatch(line) for line in stories(2_000).splitlines()]
    assert len(told) == 2_000 and all(told)
    for one, other, count in (
        ("name", "pronoun", 6),
        ("animal", "sound", 4),
        ("place", "weather", 4),
    ):
        assert len({(story[one], story[other]) for story in told if story}) == count


def test_stories_with_ends_are_the_stories_with_a_token_between() -> None:
    assert built_in_text("stories-with-ends").split(END) == built_in_text("stories").split("\n")


def test_repeated_words_are_forty_letters_of_a_word_without_repeats() -> None:
    text = repeated_words(500)
    for line in re.findall(".{40}", text):
        size = line.index(line[0], 1)
        assert 3 <= size <= 8
        assert len(set(line[:size])) == size
        assert line == (line[:size] * 14)[:40]
    assert len(text) == 500 * 40


def test_an_unknown_corpus_is_named_with_those_there_are() -> None:
    said = words_of(built_in_text, "shakespear" + "e" * 500)
    assert "'shakespeare" in said
    assert all(name in said for name in corpora.BUILT_IN)


# --- a user's text -------------------------------------------------------------------------------


@settings(max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=2))
def test_utf8_is_read_as_it_was_written_with_and_without_a_byte_order_mark(text: str) -> None:
    assert read_text(BOM + text.encode()) == text
    if not text.startswith("\ufeff"):  # which would itself be a byte order mark
        assert read_text(text.encode()) == text


def test_line_ends_stay_as_they_are() -> None:
    assert read_text(b"a\r\nb\rc\n") == "a\r\nb\rc\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the text has 0 characters; give at least 2"),
        (BOM, "the text has 0 characters; give at least 2"),
        (b"a", "the text has 1 characters; give at least 2"),
        ("é".encode(), "the text has 1 characters; give at least 2"),
        (b"ab\0c", "not text: NUL character at position 2; save the file as UTF-8 text"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "not UTF-8 text: byte 0x89 at position 0; save the file as UTF-8",
        ),
        (
            "hello".encode("utf-16"),
            "not UTF-8 text: byte 0xff at position 0; save the file as UTF-8",
        ),
        (
            "hello".encode("utf-16-le"),
            "not text: NUL character at position 1; save the file as UTF-8 text",
        ),
        (
            "a café".encode("latin-1"),
            "not UTF-8 text: byte 0xe9 at position 5; save the file as UTF-8",
        ),
        (
            b"abc\xed\xa0\x80",  # a surrogate, encoded as if it were a character
            "not UTF-8 text: byte 0xed at position 3; save the file as UTF-8",
        ),
        (b"ab\xc3", "not UTF-8 text: byte 0xc3 at position 2; save the file as UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(data: bytes, said: str) -> None:
    assert words_of(read_text, data) == said


@pytest.mark.parametrize("lone", ["\ud800", "\udfff", "\udc80"])
def test_a_lone_surrogate_is_found(lone: str) -> None:
    said = "not valid Unicode: lone surrogate at position 3; remove it"
    assert words_of(check_text, f"abc{lone}d") == said


def test_a_file_too_large_is_refused_by_its_size_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(corpora, "MAX_TEXT_BYTES", 2**20)
    assert len(read_text(b"a" * 2**20)) == 2**20
    said = "the text has 3 MB, more than 1 MB; cut it shorter"
    assert words_of(read_text, b"\xff" * 3 * 2**20) == said


def test_of_a_file_no_more_is_read_than_a_text_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(BOM + b"so it goes")
    assert read_text_file(path) == "so it goes"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)
    monkeypatch.setattr(corpora, "MAX_TEXT_BYTES", 2**20)
    tracemalloc.start()
    said = words_of(read_text_file, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said == "the text has 3,072 MB, more than 1 MB; cut it shorter"
    assert peak < 3 * 2**20


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(path.write_bytes, b"so it goes")
        assert read_text_file(path) == "so it goes"
        assert writing.result() == 10


@settings(max_examples=200)
@given(st.binary(max_size=64))
def test_any_bytes_are_text_or_a_sentence(data: bytes) -> None:
    try:
        assert read_text(data).encode() == data.removeprefix(BOM)
    except ValueError as error:
        assert type(error) is ValueError
        assert len(str(error)) <= 200


# --- split, windows, batches ---------------------------------------------------------------------


def test_the_last_tenth_is_held_back() -> None:
    ids = torch.arange(1000)
    parts = split(ids, block_size=8)
    assert torch.equal(parts.train, ids[:900])
    assert torch.equal(parts.validation, ids[900:])
    assert not parts.shared


@settings(max_examples=200)
@given(st.integers(2, 400), st.integers(1, 60))
def test_each_part_holds_a_window_or_both_are_the_whole(length: int, block_size: int) -> None:
    ids = torch.arange(length)
    if length <= block_size:
        assert f"largest block_size that works is {length - 1}" in words_of(split, ids, block_size)
        split(ids, length - 1)  # and it does work
        return
    parts = split(ids, block_size)
    assert min(len(parts.train), len(parts.validation)) >= block_size + 1
    if parts.shared:
        assert torch.equal(parts.train, ids) and torch.equal(parts.validation, ids)
        assert length // 10 < block_size + 1
    else:
        assert torch.equal(torch.cat([parts.train, parts.validation]), ids)


def test_a_text_shorter_than_the_block_names_the_largest_block_that_works() -> None:
    said = "the text has 5 tokens, block_size=8 needs 9; the largest block_size that works is 4"
    assert words_of(split, torch.arange(5), 8) == said
    assert words_of(check_length, 5, 8) == said


@pytest.mark.parametrize("length", [0, 1])
def test_where_no_block_size_works_more_text_is_asked_for(length: int) -> None:
    said = f"the text has {length} tokens, block_size=8 needs 9; add text"
    assert words_of(split, torch.arange(length), 8) == said


def test_windows_are_every_run_of_neighbours_and_share_memory_with_the_ids() -> None:
    ids = torch.arange(20) * 3
    of = windows(ids, block_size=4)
    assert of.tolist() == [ids[start : start + 5].tolist() for start in range(16)]
    assert of.data_ptr() == ids.data_ptr()


def test_targets_are_the_inputs_one_id_further() -> None:
    ids = torch.arange(100)
    inputs, targets = batch(windows(ids, 8), 32, torch.Generator().manual_seed(0))
    assert inputs.shape == targets.shape == (32, 8)
    assert torch.equal(targets, inputs + 1)
    assert torch.equal(inputs, inputs[:, :1] + torch.arange(8))


def test_every_window_is_drawn_also_the_first_and_the_last() -> None:
    of = windows(torch.arange(12), block_size=2)
    inputs, _ = batch(of, 10_000, torch.Generator().manual_seed(0))
    counts = Counter(inputs[:, 0].tolist())
    assert sorted(counts) == list(range(10))
    assert 850 < min(counts.values()) <= max(counts.values()) < 1150


def test_batches_repeat_with_the_generator_and_leave_the_global_random_state_alone() -> None:
    of, before = windows(torch.arange(100), 8), torch.get_rng_state()
    one, same, other = (batch(of, 4, torch.Generator().manual_seed(s))[0] for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("function", [windows, batch, validation_windows])
def test_no_python_loop_cuts_a_batch(function: object) -> None:
    loops = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp)
    tree = ast.parse(inspect.getsource(function))  # type: ignore[arg-type]
    assert not [node for node in ast.walk(tree) if isinstance(node, loops)]


def test_validation_windows_are_evenly_spaced_from_the_first_to_the_last() -> None:
    inputs, targets = validation_windows(torch.arange(109), block_size=8, count=11)
    assert inputs[:, 0].tolist() == list(range(0, 101, 10))
    assert torch.equal(targets, inputs + 1)


def test_validation_windows_are_as_many_as_there_are() -> None:
    inputs, _ = validation_windows(torch.arange(11), block_size=8, count=64)
    assert inputs[:, 0].tolist() == [0, 1, 2]


def test_validation_windows_reach_the_end_of_a_very_long_text() -> None:
    """2^25 windows: their last index is no float32."""
    ids = torch.zeros(2**25 + 1, dtype=torch.uint8)
    ids[-1] = 1
    _, targets = validation_windows(ids, block_size=1, count=64)
    assert targets.sum() == 1
