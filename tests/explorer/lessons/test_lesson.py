"""Files of lessons: what they may say, and one sentence with the line where they break a rule."""

import time
from pathlib import Path

import pytest

from explorer.lessons.files import (
    LARGEST,
    SHIPPED,
    as_text,
    is_name,
    names_of,
    parse,
    read_lesson,
    with_slides,
)
from explorer.lessons.training import Training
from explorer.lessons.wording import filled, names_in
from explorer.visit.runs import RECORDED
from model_core.runs import Run

WHOLE = """\
title: A title
says: What it is about.
slides:
  - title: First
    text: The loss is {loss(0):.2f}.
    page: tables
    run: english
    step: 3
    show: {tables.view: Values}
    predict:
      ask: More or less?
      options: [more, less]
      answer: "{nearer(a, b, c)}"
      reveal: So it is.
  - title: Second
    text: Nothing.
"""
TRAIN, FOX = "line 8, slides.0.train", "train: {preset: quick-brown-fox"


def test_a_whole_lesson_is_read_with_the_address_of_each_slide() -> None:
    lesson = parse(WHOLE.encode())
    first, second = lesson.slides
    assert lesson.title == "A title" and first.page == "tables" and second.page == "overview"
    assert first.address == {"run": "english", "step": "3", "tables.view": "Values"}
    assert second.address == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("page: tables", "page: table", "line 6, slides.0.page: Input should be 'overview'"),
        (
            "{loss(0):.2f}",
            "{lost(0):.2f}",
            "line 4, slides.0: {lost} is no number of a run; did you mean loss?",
        ),
        ("{loss(0):.2f}", "{x:.2f}", "line 4, slides.0: {x} is no number of a run; some are"),
        ("step: 3", "step: three", "line 8, slides.0.step: Input should be a valid integer"),
        ("title: Second", "titel: Second", "line 15, slides.1.title: Field required"),
        ("    text: Nothing.", "    text: [", "line 17: "),
        (
            "reveal: So",
            "click: head\n      reveal: So",
            "line 10, slides.0.predict: a",
        ),
        (
            'options: [more, less]\n      answer: "{nearer(a, b, c)}"',
            "answer: r",
            "line 10, slides.0.predict: the answer 'r' is no number; give answers to choose from",
        ),
        ("says: What", "says: What: ", "line 2: mapping values are not allowed here"),
        (WHOLE, "", "line 1, : Input should be a valid dictionary"),
        ("answer:", "anser:", "line 10, slides.0.predict.answer: Field required"),
        ("title: A title", "title: 2026-13-45", "this is no YAML that can be read"),
        ("title: A title", "title: !!python/object:os.system 1", "line 1: "),
        ("title: A title", "title: &a [*a]", "line 1: a lesson has no anchors"),
        ("- title: Second", "- title: *a", "line 15: a lesson has no anchors"),
        ("says: What", f"{'long' * 99}: 1\nsays: What", "line 2, longlong"),
        ("says: What", "? [says]\n: 1\nsays: What", "line "),
        ("step: 3", "step: " + "9" * 5000, "this is no YAML that can be read"),
        ("run: english", f"{FOX}}}", "line 4, slides.0: a slide with train has r"),
        ("step: 3", "train: {preset: english}", f"{TRAIN}: preset must be one of quick-brown-fox"),
        ("step: 3", f"{FOX}, changes: [6]}}", f"{TRAIN}.changes: Input should be a valid dict"),
        ("step: 3", f"{FOX}, changes: {{seed: [6]}}}}", f"{TRAIN}.changes.seed"),
        (
            "step: 3",
            f"{FOX}, changes: {{n_embed: 6}}}}",
            f"{TRAIN}: unknown setting 'n_embed'; did you mean n_embd?",
        ),
        ("step: 3", f"{FOX}, changes: {{n_embd: six}}}}", f"{TRAIN}: n_embd must be a valid int"),
        ("step: 3", f"{FOX}, changes: {{n_head: 2}}}}", f"{TRAIN}: n_head=2 does not divide n_emb"),
        (
            "step: 3",
            f"{FOX}, changes: {{steps: 9000000}}}}",
            f"{TRAIN}: a slide trains for 60 s at most, this takes about 11.9 h; choose fewer",
        ),
        (
            "step: 3",
            "train: {preset: python-docs, changes: {block_size: 1024, batch_size: 4, n_embd: 8, "
            "n_head: 8, steps: 3000}}",
            f"{TRAIN}: a slide trains for 60 s at most, this takes about 17 min; choose fewer",
        ),
        (
            "step: 3",
            f"{FOX}, changes: {{steps: 6000, snapshots: 100000}}}}",
            f"{TRAIN}: a slide trains for 60 s at most, this takes about 65 s; choose fewer",
        ),
        (
            "step: 3",
            "train: {preset: induction, changes: {steps: 1200, snapshots: 1200, "
            "snapshot_budget: 1000000000}}",
            f"{TRAIN}: a slide records at most 512 MB, this is 5",
        ),
        (
            "step: 3",
            f"{FOX}, changes: {{n_embd: 400}}}}",
            f"{TRAIN}: a slide trains at most 1,000,000 weights in 1.0 GB of memory, this is 3,",
        ),
        (
            "step: 3",
            f"{FOX}, changes: {{batch_size: 65536}}}}",
            f"{TRAIN}: a slide trains at most 1,000,000 weights in 1.0 GB of memory, this is ",
        ),
    ],
)
def test_a_broken_lesson_names_its_line_and_the_rule(old: str, new: str, said: str) -> None:
    assert refused(WHOLE.replace(old, new).encode()).startswith(said)


def test_how_long_a_slide_trains_follows_from_its_settings_alone() -> None:
    """By hand: T = 41, C = 5, one head, two layers, 1,125 weights, 1,000 steps of 16 windows."""
    window = (6 * 41 * 1125 + 12 * 41**2 * 5 * 2 + 100 * 41**2 * 2) / 5e10
    recorded = len(Run.open(RECORDED / "quick-brown-fox").steps)
    seconds = 1000 * (0.0045 + 16 * window) + recorded * ((0.0045 + 32 * window) / 3 + 0.0045)
    assert Training(preset="quick-brown-fox").seconds == pytest.approx(seconds, rel=1e-6)


def test_a_run_that_a_slide_trains_has_its_name_from_there_on() -> None:
    text = WHOLE.replace("step: 3", f"{FOX}}}")
    lesson = parse((text + "    run: english\n").encode())
    trained = lesson.slides[0].train
    assert trained and trained.plan.training_config.seed == 1337
    assert lesson.training(0, "english") == lesson.training(1, "english") == (0, trained)
    assert lesson.training(1, "quick-brown-fox") is None
    later = parse(WHOLE.replace("Nothing.", f"Nothing.\n    run: english\n    {FOX}}}").encode())
    assert later.training(0, "english") is None and later.training(1, "english")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[more, less]", '["{n_embd}", less]', "options are read before the run is trained"),
        ("[more, less]", '["{n_embd@english}", less]', "options are read before the run is tr"),
        ("run: english", "run: ../english", "run name '../english' must be 1 to 64 letters"),
    ],
)
def test_what_a_slide_trains_has_a_name_and_no_option_knows_it(
    old: str, new: str, said: str
) -> None:
    text = WHOLE.replace("step: 3", f"{FOX}}}").replace(old, new)
    assert refused(text.encode()).startswith(f"line 4, slides.0: {said}")


def refused(data: bytes) -> str:
    """Why a file of these bytes is no lesson: one short line."""
    with pytest.raises(ValueError) as error:
        parse(data)
    words = str(error.value)
    assert len(words) <= 200 - len("This file was not added: ") and words.isprintable()
    return words


def test_a_hostile_file_is_refused_at_once() -> None:
    begin = time.monotonic()
    many = b"a: &a [lol, lol]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"
    assert refused(many) == (
        "line 1: a lesson has no anchors, put in quotes what begins with & or *"
    )
    merged = b"a: {x: 1}\nb: {<<: [{y: 2}, {y: 2}]}\n"
    assert refused(merged).startswith("line 1, ")
    assert "at most 262,144 bytes, this file 262,145" in refused(b"#" * (LARGEST + 1))
    assert refused(b"title: x\nsays: \xff\n") == "line 2: this is no text in UTF-8"
    assert refused(b"[" * LARGEST) == "this is no YAML that can be read"
    assert refused(b"title: \x00") == "this is no YAML"
    refused(b"- a\n" * (LARGEST // 4))
    assert time.monotonic() - begin < 30


def test_files_are_named_like_lessons_and_nothing_else_is_read(tmp_path: Path) -> None:
    for name in ("own.yaml", ".hidden.yaml", "UPPER.yaml", "own.txt"):
        (tmp_path / name).write_text(WHOLE)
    assert names_of(tmp_path) == ["own"]
    assert read_lesson(tmp_path / "own.yaml") == parse(WHOLE.encode())
    (tmp_path / "link.yaml").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="link.yaml"):
        read_lesson(tmp_path / "link.yaml")
    assert not is_name("../own") and not is_name("")


def test_numbers_are_put_where_their_names_stand() -> None:
    text = r"\frac{1}{2} {loss(0):.2f}, {follows(k, c)@other:.0%} {Not this} {n_embd}"
    assert names_in(text) == ["loss", "follows", "n_embd"]
    asked = []

    def value(name: str, arguments: tuple[str, ...], run: str) -> float | int:
        asked.append((name, arguments, run))
        return {"loss": -3.296, "follows": 0.5, "n_embd": 12345}[name]

    assert filled(text, value) == r"\frac{1}{2} −3.30, 50% {Not this} 12,345"
    assert asked == [("loss", ("0",), ""), ("follows", ("k", "c"), "other"), ("n_embd", (), "")]


def test_a_number_that_cannot_be_had_is_named() -> None:
    def value(name: str, arguments: tuple[str, ...], run: str) -> float:
        raise ValueError("there is none")

    with pytest.raises(ValueError, match=r"^\{loss\(7\)\} cannot be had: there is none$"):
        filled("It is {loss(7)}.", value)

    def missing(name: str, arguments: tuple[str, ...], run: str) -> float:
        raise IndexError("no layer 9")

    with pytest.raises(ValueError, match=r"^\{weight\(9\)\} cannot be had: no layer 9$"):
        filled("{weight(9)}", missing)


@pytest.mark.parametrize("form", ["999999999d", ".999f", "c", "x>9", "_"])
def test_a_number_is_written_in_few_ways_and_never_in_millions_of_digits(form: str) -> None:
    with pytest.raises(ValueError, match="is no format of a number; some are"):
        filled(f"{{n_embd:{form}}}", lambda *_: 3)


def test_text_of_a_lesson_cannot_reach_into_a_value() -> None:
    text = "{loss.__class__} {loss[0]} {loss!r} {0}"
    assert names_in(text) == [] and filled(text, lambda *_: 1.0) == text


@pytest.mark.parametrize("name", names_of(SHIPPED))
def test_no_number_of_the_course_is_typed(name: str) -> None:
    """Digits stand in placeholders only; small counts are words."""
    lesson = read_lesson(SHIPPED / f"{name}.yaml")
    for slide in lesson.slides:
        texts = [slide.title, slide.text]
        if slide.predict:
            texts += [slide.predict.ask, slide.predict.reveal, *slide.predict.options]
        for text in texts:
            bare = filled(text, lambda *_: "")
            allowed = {"0"} if "step 0" in bare or "from 0" in bare else set()
            assert {one for one in bare if one.isdigit()} <= allowed, (slide.title, bare)


def test_a_lesson_that_would_not_be_read_again_is_not_written() -> None:
    slide = {"title": "a", "text": "字" * 1200, "notes": "字" * 2000}
    fits = with_slides(None, "long", [slide] * 25)
    assert parse(as_text(fits).encode()) == fits
    with pytest.raises(ValueError, match="more than 262,144; cut it"):
        as_text(with_slides(None, "long", [slide] * 40))
