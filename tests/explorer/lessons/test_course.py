"""The course on the page: each slide opens what it promises, and the run answers its question."""

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from streamlit.testing.v1 import AppTest

from explorer import drawn
from explorer.data.presets import planned
from explorer.lessons.files import read_lesson
from explorer.lessons.lesson import Slide
from explorer.views.lessons import file, making, trained
from explorer.views.lessons.offline import offline_slide, words_of
from explorer.views.lessons.shelf import lesson_of
from explorer.views.lessons.telling import facts_of, outlined
from explorer.views.lessons.trained import BUTTON
from explorer.visit.address import Chosen
from explorer.visit.page import plain
from explorer.visit.training import started
from model_core.runs import Run, list_runs, read_metrics
from model_core.runs.status import read_status, write_status
from model_core.training import jobs, presets
from tests.support.course import COURSE, written
from tests.support.pages import (
    DASHBOARD,
    FOX,
    captions,
    component_data,
    go_to,
    panels,
    press,
    succeeded,
    words,
)
from tests.support.runs import TINY, recorded_run
from tests.support.waiting import wait_until

SLIDES = [(name, at) for name, lesson in COURSE.items() for at in range(len(lesson.slides))]


def at_slide(name: str, number: int, slide: Slide) -> AppTest:
    """The page that a new visitor's address of a slide, from 1, leads to."""
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    app.query_params["lesson"] = f"{name}.{number}"
    return go_to(succeeded(app.run()), slide.page)


@pytest.mark.parametrize(("name", "at"), SLIDES, ids=lambda one: str(one))
def test_a_slide_shows_its_view_and_its_question_is_answered(name: str, at: int) -> None:
    """But for what its reader is to train; see `teaching`, and the walk in a browser."""
    slide = COURSE[name].slides[at]
    app = at_slide(name, at + 1, slide)
    assert not app.error and app.query_params["lesson"] == f"{name}.{at + 1}"
    assert f"{at + 1} of {len(COURSE[name].slides)}" in " ".join(one.value for one in app.caption)
    if trains := COURSE[name].training(at, slide.run):
        way = BUTTON if trains[0] == at else f"To slide {trains[0] + 1}"
        assert way in [button.label for button in app.button]
        return
    if slide.run:
        assert app.query_params["run"] == slide.run
    for parameter, text in slide.show.items():
        assert "{" in text or app.query_params.get(parameter, text) == text
    if slide.step is not None:
        assert component_data(app)["step"] == slide.step
    if slide.predict and slide.predict.options:
        press(app, plain(written(slide, slide.predict.answer)))
        assert any(":material/check:" in one.value for one in app.markdown)


CLICKED = {
    "token": (Chosen(), Chosen(token=26), "z"),
    "head": (Chosen(), Chosen(head=(0, 2)), "Layer 0, head 2"),
    "position": (Chosen(), Chosen(query=4), "4"),
    "step": (Chosen(step=0), Chosen(step=500), "500"),
}


@pytest.mark.parametrize("kind", CLICKED)
def test_what_is_clicked_in_the_picture_is_the_answer(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run with the letter z at its end, a head 2 or a step 500."""
    before, after, said = CLICKED[kind]
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    run = "induction" if kind == "head" else "quick-brown-fox"
    ask = {"ask": "Which?", "click": kind, "answer": said, "reveal": "So."}
    slide = {"title": "One", "text": "Two.", "page": "attention", "run": run, "predict": ask}
    (tmp_path / ".lessons").mkdir()
    lesson = {"title": "A", "says": "B", "slides": [slide | {"step": 0}]}
    (tmp_path / ".lessons" / "own.yaml").write_text(json.dumps(lesson))
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    app.query_params["lesson"] = "own.1"
    app = go_to(succeeded(app.run()), "attention")
    for chosen, icon in ((before, "close"), (after, "check")):
        app.session_state["visit"].predicted.clear()
        app.session_state["visit"].chosen = chosen
        succeeded(app.run())
        button = app.button(key="lesson-click")
        if button.disabled:
            assert button.label == f"Click a {kind} in the picture"
            continue
        succeeded(button.click().run())
        assert any(f":material/{icon}: You said **" in one.value for one in app.markdown)


def test_an_answer_that_is_no_number_is_said_before_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    ask = {"ask": "What next?", "answer": "{likeliest(Quic)}", "reveal": "So."}
    slide = {"title": "One", "text": "Two.", "run": "quick-brown-fox", "predict": ask}
    (tmp_path / ".lessons").mkdir()
    lesson = {"title": "A", "says": "B", "slides": [slide]}
    (tmp_path / ".lessons" / "own.yaml").write_text(json.dumps(lesson))
    app = taught(1, "overview")
    assert words(app) == ["the answer 'k' is no number; give answers to choose from"]
    assert not labelled(app, "Check")


@pytest.fixture
def teaching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runs folder with a lesson of three slides: the second trains what the third is about."""
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "2")
    ask = {"ask": "The same?", "options": ["the same", "another"], "reveal": "It has {n_embd}."}
    slides = [
        {"title": "Before", "text": "One.", "run": "quick-brown-fox"},
        {
            "title": "Train",
            "text": "It ends at {row(k)}, not at {loss@quick-brown-fox:.2f}.",
            "page": "tables",
            "run": "mine",
            "train": {"preset": "quick-brown-fox", "changes": TINY},
            "show": {"token": "{id(k)}"},
            "predict": ask | {"answer": "{same(n_embd, quick-brown-fox)}"},
        },
        {"title": "After", "text": "Its loss is {loss:.4f}.", "run": "mine"},
    ]
    (tmp_path / ".lessons").mkdir()
    lesson = {"title": "A", "says": "B", "slides": slides}
    (tmp_path / ".lessons" / "own.yaml").write_text(json.dumps(lesson))
    yield tmp_path
    for name in jobs.active(tmp_path):
        jobs.stop(tmp_path / name)
    wait_until(lambda: not jobs.active(tmp_path))


def taught(number: int, page: str) -> AppTest:
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    app.query_params["lesson"] = f"own.{number}"
    return go_to(succeeded(app.run()), page)


def says(app: AppTest) -> str:
    """What a slide says, without Markdown's backslashes and the glossary."""
    text = "\n".join(one.value for one in app.markdown).replace("\\", "")
    return re.sub(r"<span class=.term-says.*?</span>|<[^>]*>", "", text)


def test_a_slide_trains_its_run_once_and_is_answered_by_it(teaching: Path) -> None:
    app = taught(2, "tables")
    assert app.query_params["run"] == "quick-brown-fox"  # of the slide before
    assert "It ends at …, not at 0." in says(app)
    assert re.search(r"about \d+ s · starts at once", captions(app))
    press(app, "another")
    assert "You said **another**. The run that is trained here will tell." in says(app)
    press(app, BUTTON)
    assert list_runs(teaching) == ["mine"] and app.query_params["run"] == "mine"
    assert not labelled(app, BUTTON)
    wait_until(lambda: read_status(teaching / "mine").state == "finished")
    succeeded(app.run())
    run = Run.open(teaching / "mine")
    row = load_file(max(run.path.glob("snapshots/*")))["token_embedding_table.weight"]
    k = sorted(set(FOX)).index("k")
    numbers = ", ".join(f"{number:.2f}" for number in row[k].tolist()).replace("-", "−")
    assert f"It ends at [{numbers}], not at " in says(app)
    assert ":material/check: You said **another**. It has 6." in says(app)
    assert app.query_params["token"] == str(k) and "Trained: mine" in captions(app)
    app = go_to(press(app, "Next :material/arrow_forward:"), "overview")
    assert f"Its loss is {read_metrics(run.path)[-1]['train_loss']:.4f}." in says(app)
    for again in (go_to(press(app, ":material/arrow_back:"), "tables"), taught(2, "tables")):
        assert not labelled(again, BUTTON) and again.query_params["run"] == "mine"
    assert list_runs(teaching) == ["mine"]


def test_a_slide_of_a_run_that_is_not_trained_yet_shows_the_way(teaching: Path) -> None:
    app = taught(3, "overview")
    assert words(app) == [
        "This slide is about the run that slide 2 trains: go there and press Train this run."
    ]
    assert app.query_params["run"] == "quick-brown-fox" and "Its loss" not in says(app)
    app = go_to(press(app, "To slide 2"), "tables")
    assert app.query_params["lesson"] == "own.2" and labelled(app, BUTTON)


def test_runs_are_compared_by_the_names_that_the_lesson_has_for_them(teaching: Path) -> None:
    """The shelf has another run of the name that the lesson gives to what it trains."""
    recorded_run(teaching / "mine", seed=7, n_embd=4)
    asked = [
        ("same", ("n_embd", "mine"), ""),
        ("lower", ("n_embd", "quick-brown-fox", "mine"), ""),
        ("higher", ("n_embd", "quick-brown-fox", "mine"), ""),
    ]
    unknown = facts_of(lesson_of("own"), 2, unknown="…")
    assert [unknown(*one) for one in asked] == ["…", "…", "…"]
    assert recorded_run(teaching / "theirs").model_config.n_embd == 6
    facts = facts_of(lesson_of("own"), 2)
    assert [facts(*one) for one in asked] == ["the same", "quick-brown-fox", "mine"]
    assert facts("same", ("n_embd", "mine"), "quick-brown-fox") == "another"


def test_a_run_is_found_by_its_recipe_and_goes_on_where_it_was_interrupted(
    teaching: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded_run(teaching / "mine", seed=7)  # under its name, but of another seed
    assert labelled(taught(2, "tables"), BUTTON)
    run = recorded_run(teaching / "theirs")
    app = taught(2, "tables")
    assert "Trained: theirs" in captions(app) and not labelled(app, BUTTON)
    write_status(run.path, replace(run.status, state="stopped", step=20))
    app = taught(2, "tables")
    assert app.query_params["run"] == "theirs" and "It ends at …" in says(app)
    begun: list[Path] = []
    monkeypatch.setattr(jobs, "start", begun.append)
    press(app, BUTTON)
    assert begun == [run.path] and list_runs(teaching) == ["mine", "theirs"]


def test_two_visitors_at_once_train_one_run(
    teaching: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Path] = []
    monkeypatch.setattr(jobs, "start", begun.append)
    slide = read_lesson(teaching / ".lessons" / "own.yaml").slides[1]
    assert slide.train
    make = partial(trained._make, slide.train, "mine")
    with ThreadPoolExecutor(8) as many:
        assert [*many.map(started, [make] * 8)] == [""] * 8
    assert begun == [teaching / "mine"]
    write_status(begun[0], replace(read_status(begun[0]), state="stopped"))


def test_the_file_of_a_lesson_says_what_it_lacks(
    teaching: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence: of a run that is not trained, one that is, one that is not there."""
    run = "quick-brown-fox"
    lesson = lesson_of("own")
    train, after = (words_of(lesson, at) for at in (1, 2))
    assert "It ends at …, not at 0." in train and "<li>another</li>" in train
    assert "A button in the app trains a run here, which these numbers wait for." in train
    assert "<details>" not in train
    assert "This slide is about a run that slide 2 trains in the app." in after
    assert offline_slide(lesson, 2, "english").names == [run, "overview"]  # as on screen
    marked = lesson.slides[1].model_copy(update={"highlight": "map"})
    first = lesson.model_copy(update={"slides": (marked, *lesson.slides[2:])})
    slide = offline_slide(first, 0, run)
    assert slide.names == [run, "tables"]
    assert slide.style == outlined("map") and '[data-panel="map"] { outline: 3px' in slide.style
    recorded_run(teaching / "mine")
    assert "In the app a button trains this run." in words_of(lesson, 1)
    assert "<summary>Answer</summary><p><b>another</b>. It has 6." in words_of(lesson, 1)
    loss = read_metrics(teaching / "mine")[-1]["train_loss"]
    assert f" is {loss:.4f}.</p>" in words_of(lesson, 2)
    with monkeypatch.context() as patch:
        patch.setattr(drawn, "DRAW_SECONDS", 0)
        slow = offline_slide(lesson, 0, run)
    assert "<h1>Before</h1>" in slow.words and "is not drawn on run" in slow.words
    gone = lesson.slides[0].model_copy(update={"run": "gone", "title": "A <b>"})
    slide = offline_slide(lesson.model_copy(update={"slides": (gone,)}), 0, run)
    assert "<h1>A &lt;b&gt;</h1>" in slide.words and slide.payload == b""
    assert "there is no run named &#x27;gone&#x27; any more; choose another" in slide.words


def test_a_file_that_cannot_be_made_says_so_and_is_asked_for_again(
    teaching: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """To who asked for it; one that is made is there for all, until a run of it is another."""
    making.maker.cache_clear()
    monkeypatch.setattr(making.sys, "executable", "/bin/false")
    app, other = taught(1, "overview"), taught(1, "overview")
    for label in (file.LABEL, "Try again"):
        press(app, label)
        wait_until(lambda: making.maker().files[-1].is_done)
        assert words(succeeded(app.run())) == [file.FAILED]
        assert labelled(succeeded(other.run()), file.LABEL)
    logged = [one.getMessage() for one in caplog.records if one.name == "driftscope"]
    assert logged == ["file of lesson own not made: its process ended with 1"] * 2
    (made,) = making.maker().files
    made.data = b"<html>"
    for one in (app, other):
        assert not labelled(succeeded(one.run()), "Try again") and not labelled(one, file.LABEL)
    recorded_run(teaching / "mine")
    assert labelled(succeeded(app.run()), file.LABEL)
    shutil.rmtree(teaching / "mine")
    assert not labelled(succeeded(app.run()), file.LABEL)
    (teaching / ".lessons" / "own.yaml").write_text(
        "title: A\nsays: B\nslides: [{title: a, text: b}]"
    )
    assert labelled(succeeded(app.run()), file.LABEL)


def labelled(app: AppTest, label: str) -> list[str]:
    return [button.label for button in app.button if button.label == label]


def test_slides_are_turned_and_a_question_keeps_its_answer() -> None:
    name = "01-token-table"
    slides = COURSE[name].slides
    app = at_slide(name, 3, slides[2])
    press(app, "5")
    assert any(":material/close:" in one.value for one in app.markdown)
    app = go_to(press(app, "Next :material/arrow_forward:"), slides[3].page)
    assert app.query_params["lesson"] == f"{name}.4" and component_data(app)["plays"] == 1
    app = go_to(press(app, ":material/arrow_back:"), slides[2].page)
    assert any("You said **5**" in one.value for one in app.markdown)
    press(app, ":material/close:")
    assert "lesson" not in app.query_params


def test_an_address_beside_the_lesson_wins_over_its_view() -> None:
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    app.query_params |= {"lesson": "01-token-table.2", "run": "english"}
    app = succeeded(app.run())
    assert app.query_params["run"] == "english" and component_data(app)["plays"] == 0


@pytest.mark.parametrize("address", ["nothing.1", "../x.1", "01-token-table.99", "x", ".1", "a.0"])
def test_an_address_of_no_slide_says_so(address: str) -> None:
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    app.query_params["lesson"] = address
    succeeded(app.run())
    if address.endswith(".99"):
        assert any("4 of 4" in one.value for one in app.caption)
    else:
        assert "There is no lesson" in app.error[0].value


def test_the_name_of_a_lesson_alone_leads_to_its_first_slide() -> None:
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    app.query_params["lesson"] = "01-token-table"
    assert any("1 of 4" in one.value for one in succeeded(app.run()).caption)


def test_a_teachers_own_lesson_stands_beside_the_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    folder = tmp_path / ".lessons"
    folder.mkdir()
    (folder / "own.yaml").write_text(
        "title: My own\nsays: It is mine.\nslides:\n- title: One\n  text: It has {n_embd} columns."
    )
    (folder / "broken.yaml").write_text("title: [")
    app = go_to(succeeded(AppTest.from_file(str(DASHBOARD), default_timeout=60).run()), "lessons")
    assert "The lesson broken cannot be read: line 1" in words(app)[0]
    press(press(app, "Delete"), "Really delete")
    assert not words(app) and not (folder / "broken.yaml").exists()
    app = go_to(press(app, "My own"), "overview")
    assert any("It has 32 columns." in one.value for one in app.markdown)


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Somebody who has begun a lesson of their own."""
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    app = go_to(succeeded(AppTest.from_file(str(DASHBOARD), default_timeout=60).run()), "lessons")
    field(app, "Title of a new lesson").set_value("Vowels & co.")
    return go_to(press(app, "Begin"), "overview")


def test_a_teacher_makes_a_lesson_of_views(writer: AppTest, tmp_path: Path) -> None:
    assert not writer.session_state["visit"].stories  # nothing lies over the form
    app = add(writer, "First", "It has {n_embd} columns.")
    app = add(go_to(app, "tables"), "Second", "Rows.")
    app = add(go_to(app, "attention"), "Third", "Heads.")
    path = tmp_path / ".lessons" / "vowels-co.yaml"
    lesson = read_lesson(path)
    assert lesson.title == "Vowels & co."
    assert [slide.page for slide in lesson.slides] == ["overview", "tables", "attention"]
    assert {slide.run for slide in lesson.slides} == {"english"}
    app.button(key="slide-2-up").click()
    succeeded(app.run())
    app.button(key="slide-0-off").click()
    succeeded(app.run())
    assert [slide.title for slide in read_lesson(path).slides] == ["Third", "Second"]
    app = go_to(press(app, "2 · Second"), "tables")
    app.text_area[0].set_value("It has {n_layer} layers.")
    press(app, "Save the words")
    app = press(app, "Read it")
    assert any("It has 2 layers." in one.value for one in app.markdown)
    assert app.query_params["lesson"] == "vowels-co.2"


def test_a_slide_of_a_long_sentence_has_it_whole(writer: AppTest, tmp_path: Path) -> None:
    """A short name in its place would mean nothing on another server."""
    long = "the fox and the dog " * 230
    writer.text_input(key="text").set_value(long)
    assert succeeded(writer.run()).query_params["text"] != long
    app = add(writer, "First", "It is long.")
    (slide,) = read_lesson(tmp_path / ".lessons" / "vowels-co.yaml").slides
    assert slide.show["text"] == long.strip()
    app = press(press(app, "1 · First"), "Read it")
    assert app.text_input(key="text").value == long.strip()


def test_what_is_written_is_kept_whatever_is_pressed(writer: AppTest, tmp_path: Path) -> None:
    path = tmp_path / ".lessons" / "vowels-co.yaml"

    def texts() -> list[str]:
        return [slide.text for slide in read_lesson(path).slides]

    app = add(add(writer, "First", "One."), "Second", "Two.")
    before = path.stat().st_mtime_ns
    app.text_area[0].set_value("Three")  # of a new slide, without a title
    app = go_to(press(app, "1 · First"), "overview")
    app = press(app, "2 · Second")
    assert path.stat().st_mtime_ns == before  # nothing was changed
    app.text_area[0].set_value("Two and a half.")
    app = press(app, "1 · First")
    assert texts() == ["One.", "Two and a half."]
    app.text_area[0].set_value("{loss(7777)}")
    app = press(app, "2 · Second")
    assert ["step 7777 of run english was not recorded" in one for one in words(app)] == [True]
    assert app.query_params["lesson"] == "vowels-co.1" and app.text_area[0].value == "{loss(7777)}"
    app.text_area[0].set_value("One and a half.")
    app.button(key="slide-1-up").click()  # of the other one
    succeeded(app.run())
    assert texts() == ["Two and a half.", "One and a half."]
    assert app.query_params["lesson"] == "vowels-co.2" and app.text_area[0].value[:3] == "One"
    app = press(app, "New slide")
    assert app.text_area[0].value == "Three"
    app = add(app, "Third", app.text_area[0].value)
    assert texts()[2] == "Three" and app.text_area[0].value == ""
    app = press(app, "3 · Third")
    app.text_area[0].set_value("The end.")
    app = press(app, "Read it")
    assert "The end." in says(app)
    app = press(app, "Edit")
    app.text_area[0].set_value("The very end.")
    press(app, "Close")
    assert texts()[2] == "The very end." and "lesson" not in app.query_params


def test_a_slide_that_is_moved_stays_chosen(writer: AppTest) -> None:
    app = writer
    for title in ("First", "Second", "Third"):
        app = add(app, title, "Letters.")
    app = go_to(press(app, "3 · Third"), "overview")
    app.button(key="slide-2-up").click()
    succeeded(app.run())
    assert app.query_params["lesson"] == "vowels-co.2"
    assert field(app, "Title of the slide").value == "Third"
    app.button(key="slide-0-off").click()
    succeeded(app.run())
    assert app.query_params["lesson"] == "vowels-co.1"
    assert field(app, "Title of the slide").value == "Third"
    app.button(key="slide-0-off").click()  # the chosen one: a new slide is begun
    succeeded(app.run())
    assert field(app, "Title of the slide").value == "" and labelled(app, "1 · Second")


@pytest.mark.parametrize(
    ("text", "right", "said"),
    [
        ("{nearer(a)}", "32", "it is written {nearer(token, one, other, step=last)}"),
        ("{loss(7777)}", "32", "step 7777 of run english was not recorded"),
        ("Columns.", "33", "The right answer, 33, is none of the answers to choose from: 32, 64"),
    ],
)
def test_what_a_slide_could_not_say_is_refused_before_it_is_kept(
    writer: AppTest, tmp_path: Path, text: str, right: str, said: str
) -> None:
    field(writer, "Question").set_value("How many columns?")
    areas = {one.label: one for one in writer.text_area}
    areas["Answers to choose from, one a line"].set_value("{n_embd}\n64")
    areas["What you say then"].set_value("So.")
    field(writer, "The right answer").set_value(right)
    app = add(writer, "First", text)
    assert [said in one for one in words(app)] == [True]
    assert not list((tmp_path / ".lessons").glob("*"))
    field(app, "The right answer").set_value("32")
    app = add(app, "First", "Columns.")
    assert labelled(app, "1 · First (asks)") and not words(app)
    app = go_to(app, "lessons")
    app.button(key="begin-vowels-co").click()  # read, although it was being written
    app = go_to(succeeded(app.run()), "overview")
    press(app, "64")
    assert "You said **64**. The answer is **32**. So." in says(app)
    press(press(app, "Answer again"), "32")
    assert "You said **32**. So." in says(app) and not labelled(app, "Answer again")


def test_a_new_slide_begins_empty_and_an_old_one_takes_the_present_view(
    writer: AppTest, tmp_path: Path
) -> None:
    app = go_to(add(writer, "First", "Letters."), "tables")
    assert field(app, "Title of the slide").value == "" and not labelled(app, "Save the words")
    app = go_to(press(app, "1 · First"), "overview")
    assert field(app, "Title of the slide").value == "First"
    app = go_to(app, "attention")
    press(app, "Save with the view shown now")
    (slide,) = read_lesson(path := tmp_path / ".lessons" / "vowels-co.yaml").slides
    assert (slide.title, slide.text, slide.page) == ("First", "Letters.", "attention")
    press(app, "New slide")
    assert field(app, "Title of the slide").value == ""
    add(app, "Second", "Heads.")
    assert [one.title for one in read_lesson(path).slides] == ["First", "Second"]


def test_a_teacher_asks_a_question_that_the_run_answers(writer: AppTest, tmp_path: Path) -> None:
    field(writer, "Question").set_value("How many columns?")
    (options,) = [one for one in writer.text_area if one.label.startswith("Answers to choose")]
    options.set_value("32\n\n 64 ")
    app = add(writer, "First", "Columns.")
    assert "answer" in words(app)[0]  # it has none, and what was written is still there
    field(app, "The right answer").set_value("{n_embd}")
    (then,) = [one for one in app.text_area if one.label == "What you say then"]
    then.set_value("There are {n_embd}.")
    app.checkbox[-1].check()
    app = add(app, "First", "Columns.")
    (slide,) = read_lesson(tmp_path / ".lessons" / "vowels-co.yaml").slides
    assert slide.play and slide.predict
    assert slide.predict.options == ("32", "64") and slide.predict.answer == "{n_embd}"
    press(press(app, "Read it"), "32")
    assert any("There are 32." in one.value for one in app.markdown)
    press(press(app, "Edit"), "Save the words")
    assert read_lesson(tmp_path / ".lessons" / "vowels-co.yaml").slides == (slide,)
    field(app, "Or a click in the picture, on a").set_value("head")
    press(app, "Save the words")
    assert "a question has options or a click, not both" in words(app)[0]
    (options,) = [one for one in app.text_area if one.label.startswith("Answers to choose")]
    options.set_value("")
    field(app, "The right answer").set_value("Layer 0, head 0")
    press(app, "Save the words")
    (slide,) = read_lesson(tmp_path / ".lessons" / "vowels-co.yaml").slides
    assert slide.predict and slide.predict.click == "head" and not slide.predict.options
    assert field(app, "Or a click in the picture, on a").value == "head"
    field(app, "Question").set_value("")
    press(app, "Save the words")
    assert read_lesson(tmp_path / ".lessons" / "vowels-co.yaml").slides[0].predict is None


def test_a_picture_is_outlined_as_long_as_its_view_is_shown(
    writer: AppTest, tmp_path: Path
) -> None:
    path, label = tmp_path / ".lessons" / "vowels-co.yaml", "Outline a picture"
    app = go_to(writer, "attention")
    shown = panels(app)
    assert field(app, label).options[1:] == [panel["title"] for panel in shown.values()]
    field(app, label).set_value("heads")
    app = add(app, "First", "Heads.")
    assert "heads" in shown and read_lesson(path).slides[0].highlight == "heads"
    app = go_to(press(app, "1 · First"), "drift")
    assert field(app, label).value == "heads"
    press(app, "Save the words")
    assert read_lesson(path).slides[0].highlight == "heads"
    press(app, "Save with the view shown now")
    assert read_lesson(path).slides[0].highlight == ""
    app = go_to(app, "tables")
    succeeded(app.segmented_control[0].set_value("What if").run())
    field(app, label).set_value("next")
    press(app, "Save with the view shown now")
    assert read_lesson(path).slides[0].highlight == "next"
    succeeded(app.segmented_control[0].set_value("How many dimensions?").run())
    press(app, "Save with the view shown now")
    assert read_lesson(path).slides[0].highlight == ""
    app = go_to(app, "drift")
    field(app, label).set_value("map")
    press(app, "Save with the view shown now")
    app = press(app, "Read it")
    assert any('[data-panel="map"]' in one.proto.body for one in app.get("html"))


def test_a_typed_sentence_with_braces_is_no_number(writer: AppTest, tmp_path: Path) -> None:
    typed = r"{loss} and \{n_embd} of {a: 1}"
    app = succeeded(
        field(go_to(writer, "attention"), "Sentence for the model to read").set_value(typed).run()
    )
    press(add(app, "First", "Braces."), "Read it")
    assert not words(app) and app.query_params["text"] == typed
    assert field(app, "Sentence for the model to read").value == typed


def test_what_a_slide_must_not_say_is_said_and_nothing_is_lost(
    writer: AppTest, tmp_path: Path
) -> None:
    app = add(writer, "First", "It has {n_embd} columns.")
    add(app, "Second", "It has {channels}.")
    assert "{channels} is no number of a run" in words(app)[0]
    assert app.text_area[0].value == "It has {channels}."
    assert len(read_lesson(tmp_path / ".lessons" / "vowels-co.yaml").slides) == 1


def test_two_teachers_with_one_title_have_two_lessons(writer: AppTest, tmp_path: Path) -> None:
    """Each has begun before the other has saved."""
    other = go_to(succeeded(AppTest.from_file(str(DASHBOARD), default_timeout=60).run()), "lessons")
    field(other, "Title of a new lesson").set_value("Vowels & co.")
    other = go_to(press(other, "Begin"), "overview")
    add(add(writer, "One", "It is mine."), "Two", "It is mine.")
    other = add(other, "Other", "It is not.")
    assert other.query_params["lesson"] == "vowels-co-2.2"
    titles = {
        name: [slide.title for slide in read_lesson(tmp_path / ".lessons" / f"{name}.yaml").slides]
        for name in ("vowels-co", "vowels-co-2")
    }
    assert titles == {"vowels-co": ["One", "Two"], "vowels-co-2": ["Other"]}


def test_a_lesson_from_a_file_stands_on_the_shelf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    app = go_to(succeeded(AppTest.from_file(str(DASHBOARD), default_timeout=60).run()), "lessons")
    text = "# By a colleague.\ntitle: Theirs\nsays: So.\nslides:\n- title: One\n  text: Two.\n"
    broken = text.replace("text", "txt").encode()
    for count, name in enumerate(("own.yaml", "../../own.yaml")):
        drop(app, count, "broken.yaml", broken)
        assert words(app) == ["This file was not added: line 5, slides.0.text: Field required"]
        drop(app, count, name, text.encode())
        assert not app.error
    files = {path.name: path.read_text() for path in (tmp_path / ".lessons").iterdir()}
    assert files == {"theirs.yaml": text, "theirs-2.yaml": text}
    assert not list(tmp_path.parent.glob("*.yaml"))
    app.button(key="begin-theirs-2").click()
    succeeded(app.run())
    assert any("Two." in one.value for one in go_to(app, "overview").markdown)


def drop(app: AppTest, count: int, name: str, data: bytes) -> None:
    field = app.file_uploader(key=f"lesson upload {count}")
    succeeded(field.set_value((name, data, "application/yaml")).run())


def test_a_teacher_makes_a_slide_that_trains_and_renames_the_lesson(
    writer: AppTest, tmp_path: Path
) -> None:
    chooser = field(writer, "A button on it trains")
    assert chooser.options[:2] == ["nothing", "quick-brown-fox"]
    assert "the same as english" in chooser.options
    app = succeeded(chooser.set_value("quick-brown-fox").run())
    plan = planned("quick-brown-fox")
    assert field(app, "Seed").value == str(plan.training_config.seed + 1)
    said = f"{plan.model_config.weights:,} weights, for {plan.training_config.steps:,} steps: about"
    assert f"Its button will train my-quick-brown-fox, {said}" in captions(app).replace("\\", "")
    succeeded(field(app, "Seed").set_value("many").run())
    assert words(app) == [
        "seed must be a valid integer, unable to parse string as an integer, got 'many'"
    ]
    succeeded(field(app, "Seed").set_value(str(plan.training_config.seed)).run())
    assert "There is such a run here, quick-brown-fox: the slide shows it" in captions(app).replace(
        "\\", ""
    )
    for steps, refused in ((10**6, "a slide trains for 60 s at most"), (20, "")):
        succeeded(field(app, "Steps").set_value(steps).run())
        assert [refused in one for one in words(app)] == [True] * bool(refused)
    app = add(app, "Train", "It ends at {row(k)}.")
    path = tmp_path / ".lessons" / "vowels-co.yaml"
    (slide,) = read_lesson(path).slides
    assert slide.train and slide.run == "my-quick-brown-fox"
    assert slide.train.changes == {"steps": 20}  # the seed is the preset's
    app = go_to(press(app, "1 · Train"), "overview")
    assert field(app, "A button on it trains").value == "what it trains now"
    succeeded(field(app, "You write the lesson").set_value("Vowels alone").run())
    press(app, "Save the words")
    lesson = read_lesson(path)
    assert lesson.title == "Vowels alone" and lesson.slides == (slide,)
    succeeded(field(app, "A button on it trains").set_value("nothing").run())
    press(app, "Save the words")
    (slide,) = read_lesson(path).slides
    assert slide.train is None and slide.run == "english"


def test_a_slide_whose_run_is_trained_no_more_is_named(teaching: Path) -> None:
    app = press(taught(2, "tables"), "Edit")
    assert not words(app)
    succeeded(app.button(key="slide-1-off").click().run())
    assert words(app)[0] == (
        "Slide 2 is about the run mine, which is not here and which no slide up to it trains: "
        "save it with another view, or move it."
    )
    recorded_run(teaching / "mine")
    assert not words(succeeded(app.run()))


def test_a_page_without_a_view_is_no_slide(writer: AppTest) -> None:
    app = go_to(writer, "lessons")
    (button,) = [one for one in app.button if one.label == "Add this view as a slide"]
    assert button.disabled and "Go to a page with pictures" in captions(app)
    assert "Go to a page" not in captions(go_to(app, "drift"))


def test_a_training_with_as_many_changes_as_there_may_be_is_kept(teaching: Path) -> None:
    """One of them is a seed that is larger than a number of a browser."""
    changes = {name: value for name, value in TINY.items() if name != "steps"} | {"seed": 2**60}
    assert len(changes) == 8
    path = teaching / ".lessons" / "own.yaml"
    lesson = json.loads(path.read_text())
    lesson["slides"][1]["train"]["changes"] = changes
    path.write_text(json.dumps(lesson))
    before = read_lesson(path)
    app = press(press(taught(2, "tables"), "Edit"), "Save the words")
    assert not words(app) and read_lesson(path) == before
    succeeded(field(app, "Seed").set_value("8").run())
    press(app, "Save the words")
    after = read_lesson(path).slides[1].train
    assert after and after.changes == changes | {"seed": 8}


def test_a_rerun_of_the_editor_trains_no_tokenizer(
    writer: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    real = presets.train_tokenizer

    def counted(text: str, *rest: Any) -> Any:
        trained.append(text)
        return real(text, *rest)

    monkeypatch.setattr(presets, "train_tokenizer", counted)
    succeeded(writer.run())
    assert labelled(writer, "Add this view as a slide") and not trained


def field(app: AppTest, label: str) -> Any:
    fields = [*app.selectbox, *app.number_input, *app.text_input]
    (found,) = [one for one in fields if one.label == label]
    return found


def add(app: AppTest, title: str, text: str) -> AppTest:
    (heading,) = [one for one in app.text_input if one.label == "Title of the slide"]
    heading.set_value(title)
    app.text_area[0].set_value(text)
    return press(app, "Add this view as a slide")


def test_an_own_lesson_is_deleted_in_two_presses_and_comes_back(teaching: Path) -> None:
    path = teaching / ".lessons" / "own.yaml"
    before = path.read_bytes()
    app = go_to(taught(1, "overview"), "lessons")
    press(press(app, "Delete"), "Keep it")
    assert path.exists()
    for _ in range(2):
        press(press(app, "Delete"), "Really delete")
        assert not path.exists() and not labelled(app, "Delete")
        assert "lesson" not in app.query_params  # it was on
        assert any("own was deleted about" in one.value for one in app.markdown)
        press(app, "Undo")
        assert path.read_bytes() == before and labelled(app, "A") and not words(app)
    press(press(app, "Delete"), "Really delete")
    path.write_bytes(b"title: B")
    press(app, "Undo")
    assert "own.yaml exists again; delete that one first" in words(app)
    (moved,) = (teaching / ".lessons" / ".deleted").iterdir()
    moved.rename(moved.with_name("own.yaml@1"))
    succeeded(app.run())
    assert not labelled(app, "Undo") and not [*moved.parent.iterdir()]  # a day ago


def test_the_last_slide_leads_to_the_next_lesson_and_the_last_lesson_nowhere() -> None:
    names = [*COURSE]
    last = COURSE[names[1]].slides
    app = at_slide(names[1], len(last), last[-1])
    assert not labelled(app, "Next :material/arrow_forward:")
    app = go_to(press(app, "Next lesson"), COURSE[names[2]].slides[0].page)
    assert app.query_params["lesson"] == f"{names[2]}.1"
    end = COURSE[names[-1]].slides
    app = at_slide(names[-1], len(end), end[-1])
    assert not labelled(app, "Next lesson")
