"""What a model reads of a typed text, and the example it is given first, in any script."""

from pathlib import Path

import pytest

from explorer.visit.sentence import example, on_one_line, sentence
from model_core.runs import Run
from model_core.special import END
from model_core.training.presets import create_from_preset
from model_core.vocabulary import Kind
from tests.support.runs import new_run

TEXTS = {
    "an address": "https_" + "x" * 70 + " is where we went today\n",
    "Chinese": "春眠不觉晓处处闻啼鸟" * 8 + "\n",
    "Hebrew": "שלום עולם, זה משפט ארוך מאוד שאין לו סוף\n",
    "Arabic": "مُحَمَّد يقرأ كتابًا في البيت\n",
    "Hindi": "हिन्दी में लिखा हुआ एक वाक्य\n",
    "Thai": "สวัสดีชาวโลก นี่คือประโยค\n",
    "accents apart": "e\u0301te\u0301 a\u0300 la plage\n",
    "emoji": "👩\u200d👩\u200d👧 ❤\ufe0f and 🦊\n",
}


@pytest.mark.parametrize("kind", ["character", "word", "bpe"])
def test_a_new_line_is_typed_as_it_is_drawn(tmp_path: Path, kind: Kind) -> None:
    new_run(tmp_path / "lines", "a b\nc\n" * 30, tokenizer=kind)
    run = Run.open(tmp_path / "lines")
    assert sentence(run, "a⏎c⏎") == sentence(run, "a\nc\n")
    assert sentence(run, "a⏎c⏎").labels[1] == "⏎"
    assert on_one_line(run.tokenizer, "a\nc") == "a⏎c"
    new_run(tmp_path / "sign", "a⏎\nc\n" * 30, tokenizer=kind)
    signed = Run.open(tmp_path / "sign")  # has the sign itself, which stays one
    assert signed.tokenizer.decode(sentence(signed, "a⏎").ids) == "a⏎"
    assert on_one_line(signed.tokenizer, "a\nc") == "a\nc"


def test_a_first_word_known_only_after_a_space_is_read_as_that_one(tmp_path: Path) -> None:
    run = Run.open(new_run(tmp_path / "words", tokenizer="word"))
    assert sentence(run, "fox jumped").labels == ("␣fox", "␣jumped")
    assert sentence(run, "Quick fox").labels == ("Quick", "␣fox")
    assert sentence(run, "cat fox").typed == (("cat", False), (" fox", True))


@pytest.mark.parametrize("kind", ["character", "word", "bpe"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_example_is_read_whole_at_one_time(tmp_path: Path, kind: Kind, text: str) -> None:
    for size in (5, 7):
        path = tmp_path / f"r{size}"
        changes = {"tokenizer": kind, "block_size": size, "steps": 2}
        changes |= {"vocab_size": 256} if kind == "bpe" else {}  # so that blocks end anywhere
        create_from_preset(path, "quick-brown-fox", changes, text * 20)
        run = Run.open(path)
        said = example(run)
        read = sentence(run, said)
        assert said and text.startswith(said)
        assert not read.instead and not read.typed and read.count == len(read.ids)
        assert run.tokenizer.decode(read.ids) == said


def test_the_end_of_a_text_is_typed_as_it_is_drawn(tmp_path: Path) -> None:
    new_run(tmp_path / "ends", f"a fox{END}a dog{END}" * 30)
    run = Run.open(tmp_path / "ends")
    typed = sentence(run, "fox⟨end⟩a")
    assert typed == sentence(run, f"fox{END}a")
    assert typed.labels == ("f", "o", "x", "⟨end⟩", "a") and not typed.typed
