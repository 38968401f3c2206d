"""Every page in Streamlit's own test harness: bad input is one sentence, state is kept."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.views.attention import page as attention_page
from explorer.views.normalization import page as normalization_page
from explorer.visit.runs import run_path
from explorer.visit.sentence import sentence as sentence_of
from model_core.runs import Run, list_runs
from model_core.runs.status import read_status
from model_core.tokenizers import token_label
from model_core.training import jobs
from tests.support.pages import SHIPPED, captions, go_to, opened, panels, succeeded, words
from tests.support.runs import recorded_run
from tests.support.waiting import wait_until

SPACE = token_label(" ")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty runs folder of its own; whatever was started in it is stopped at the end."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(folder))
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "2")
    yield folder
    for name in jobs.active(folder):
        jobs.stop(folder / name)
    wait_until(lambda: not jobs.active(folder))


@pytest.fixture
def app(runs: Path) -> AppTest:
    """The dashboard on its first page, nothing trained yet."""
    return opened()


def read(app: AppTest) -> list[str]:
    """What the page says of a sentence of which not all is read."""
    return [one.proto.body for one in app.get("html") if 'class="read"' in one.proto.body]


def test_the_shipped_run_is_whole_small_and_learned_its_sentence() -> None:
    files = [path for path in SHIPPED.path.rglob("*") if path.is_file()]
    recorded = [path for path in files if path.parent.name != "projections"]
    assert sum(path.stat().st_size for path in recorded) <= 1.35e6  # its two maps have 0.14e6
    assert SHIPPED.damaged == []
    assert SHIPPED.metrics()["train_loss"].iloc[-1] < 0.1
    assert SHIPPED.metrics()["sample"].iloc[-1].startswith("Quick brown fox jumped over the lazy")
    assert SHIPPED.token_embeddings().shape[1:] == (27, 5)
    assert SHIPPED.position_embeddings().shape[1:] == (41, 5)


def test_the_first_visit_shows_the_shipped_run_and_its_sentence(app: AppTest) -> None:
    assert app.selectbox(key="run").value == "quick-brown-fox"
    assert app.text_input(key="text").value == "Quick brown fox jumped over the lazy dog."
    assert words(app) == []


ENGLISH = (
    "The quick zebra jumps over a lazy fox?",
    "Alice was beginning to get very tired of sitting.",
    "Only 42 of the 1,337 steps are shown: \u201cwhy?\u201d",
    "Caf\u00e9 cr\u00e8me, na\u00efve \U0001f98a & <b>bold</b> \u4f60\u597d fox",
    "S?!q",
)
VIEWS = {
    "overview": (),
    "train": (),
    "tables": (),
    "drift": (),
    "attention": attention_page.VIEWS,
    "normalization": normalization_page.VIEWS,
}


@pytest.mark.parametrize("page", VIEWS)
def test_no_english_sentence_is_refused_and_no_page_is_blank(runs: Path, page: str) -> None:
    """All are typed on a page, two of them on each of its views."""
    app = opened(page, text=ENGLISH[0])
    typed = cycle((*ENGLISH, "", "Q?"))
    for view in VIEWS[page] or [""]:
        if view:
            succeeded(app.segmented_control[0].set_value(view).run())
        for text in islice(typed, 2 if view else 7):
            succeeded(app.text_input(key="text").set_value(text).run())
            assert panels(app), (page, view, text)
            assert len(read(app)) == 1, (page, view, text)


@pytest.mark.parametrize("text", ENGLISH[:4])
def test_what_is_struck_through_is_just_what_the_vocabulary_lacks(app: AppTest, text: str) -> None:
    app.text_input(key="text").set_value(text).run()
    (said,) = read(app)
    strip = said.partition(" <small>")[0].removeprefix('<div class="read">')
    assert unescape(re.sub("</?s>", "", strip)).replace(SPACE, " ") == text
    left = [(character, character in SHIPPED.tokenizer.tokens) for character in text]
    struck = "".join(unescape(part) for part in re.findall("<s>(.*?)</s>", strip))
    assert struck == "".join(character for character, known in left if not known)
    assert "not among the 27 tokens that this model knows" in said
    assert words(app) == []


def test_a_text_of_which_nothing_is_known_gives_way_to_the_example(app: AppTest) -> None:
    for text, why in (("\u4f60\u597d", "knows none of it"), ("", "No sentence is typed")):
        app.text_input(key="text").set_value(text).run()
        (said,) = read(app)
        assert why in said and "Quick" in said and said.count("<s>") == bool(text)


def test_unknown_words_are_left_out_without_harm_to_others(runs: Path) -> None:
    run = recorded_run(runs / "words", tokenizer="word")
    read = sentence_of(run, "he jumped over the-lazy dog")
    assert read.labels[:6] == (SPACE, "jumped", SPACE, "over", SPACE, "the")
    assert read.labels[6:] == ("lazy", SPACE)  # eight tokens at a time: " dog" comes later
    assert [piece for piece, known in read.typed if not known] == ["he", "-"]


def test_a_run_without_its_text_opens_all_the_same(runs: Path) -> None:
    (recorded_run(runs / "bare", block_size=41).path / "text.txt").unlink()
    assert words(opened(run="bare")) == []


def test_an_own_run_named_as_the_shipped_one_is_seen(runs: Path) -> None:
    recorded_run(runs / SHIPPED.name)
    assert run_path(SHIPPED.name) == runs / SHIPPED.name


def test_a_sentence_longer_than_the_block_says_what_is_shown(app: AppTest) -> None:
    app.text_input(key="text").set_value("the lazy dog " * 5).run()
    assert captions(app).startswith(
        "The sentence has 65 tokens, the model reads 41 at a time: showing tokens 0 to 40."
    )
    app.slider(key="from").set_value(24).run()
    assert "showing tokens 24 to 64." in captions(app)
    app.text_input(key="text").set_value("the lazy dog " * 4).run()  # 52 tokens: the place moves
    assert app.slider(key="from").value == 11
    assert "showing tokens 11 to 51." in captions(app)
    app.text_input(key="text").set_value("the lazy dog").run()
    assert "showing tokens" not in captions(app) and not app.slider


def test_an_unknown_run_in_the_address_is_said_and_the_first_is_shown(runs: Path) -> None:
    app = opened(run="../../etc")
    assert words(app) == ["There is no run named '../../etc'; this is quick-brown-fox."]
    assert app.selectbox(key="run").value == "quick-brown-fox"


def test_the_example_goes_with_its_run_and_a_typed_sentence_stays(runs: Path) -> None:
    recorded_run(runs / "letters", block_size=20)
    app = opened()
    app.selectbox(key="run").set_value("letters").run()
    app.text_input(key="text").set_value("over").run()
    app.selectbox(key="run").set_value("quick-brown-fox").run()
    assert app.text_input(key="text").value == "over"


def test_a_run_without_a_whole_step_says_what_to_do(runs: Path) -> None:
    folder = recorded_run(runs / "hurt").path
    for snapshot in folder.glob("snapshots/*"):
        snapshot.write_bytes(b"torn")
    assert words(opened(run="hurt")) == [
        "run hurt has no whole recorded step; resume it on the Train page"
    ]


def test_a_run_deleted_while_open_is_said(runs: Path) -> None:
    import shutil

    recorded_run(runs / "gone")
    app = opened(run="gone")
    shutil.rmtree(runs / "gone")
    app.run()
    assert not app.exception
    assert words(app) == ["There is no run named 'gone'; this is quick-brown-fox."]


def trained(app: AppTest, fill: Callable[[AppTest], object] = lambda _: None) -> AppTest:
    """The Train page after its button was pressed, with some fields filled in before."""
    go_to(app, "train")
    fill(app)
    next(b for b in app.button if b.label == "Train").click().run()
    assert not app.exception
    return app


def field(app: AppTest, label: str) -> Any:
    kinds = [*app.text_input, *app.number_input, *app.text_area, *app.selectbox]
    return next(element for element in kinds if element.label.startswith(label))


BAD = {
    "heads": ("Heads a layer", 2, "n_head=2 does not divide n_embd=5"),
    "rate": ("Learning rate", "1,5", "learning_rate"),
    "no steps": ("Steps", 0, "steps"),
    "path": ("Name of the new run", "../../x", "run name '../../x'"),
    "taken": ("Name of the new run", "quick-brown-fox", "exists already"),
    "one letter": ("or typed here", "a", "at least 2"),
    "short": ("or typed here", "abcdef", "the largest block_size that works is 5"),
}


@pytest.mark.parametrize(("label", "value", "said"), BAD.values(), ids=BAD)
def test_what_cannot_be_trained_is_one_sentence_and_nothing_is_lost(
    app: AppTest, runs: Path, label: str, value: object, said: str
) -> None:
    trained(app, lambda page: field(page, label).set_value(value))
    assert [said in words for words in words(app)] == [True]
    assert field(app, label).value == value
    assert list_runs(runs) == []


def test_training_starts_a_process_and_looks_at_its_run(app: AppTest, runs: Path) -> None:
    trained(app, lambda page: field(page, "Steps").set_value(40))
    assert app.selectbox(key="run").value == "quick-brown-fox-2"
    wait_until(lambda: read_status(runs / "quick-brown-fox-2").state == "finished")
    assert Run.open(runs / "quick-brown-fox-2").steps[-1] == 40


def test_a_learning_rate_of_a_million_diverges_in_words(app: AppTest, runs: Path) -> None:
    trained(app, lambda page: field(page, "Learning rate").set_value("1e6"))
    wait_until(lambda: read_status(runs / "quick-brown-fox-2").state == "diverged")
    app.run()
    (progress,) = app.get("progress")
    assert "diverged" in progress.proto.text
