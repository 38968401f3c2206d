"""The shelf: what its buttons do to the runs, what they refuse, and how a replay is judged."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from explorer.views.train.shelf import FORM, SHELF, TABLE, choose_line
from model_core.runs import Run, list_runs, shelf
from model_core.runs.archive import packed
from model_core.training import jobs
from model_core.training.families import plan_of
from model_core.training.sweep import train_member
from tests.support.pages import counted_reads, opened, press, succeeded, visitor, words
from tests.support.runs import new_run

VIEW = {"train.view": SHELF}


@pytest.fixture
def folder(recorded: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    shutil.copytree(recorded.path, tmp_path / "mine")
    return tmp_path


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_a_run_is_renamed_and_noted(folder: Path) -> None:
    app = opened("train", run="mine", **VIEW)
    for name in ("first", "second"):
        succeeded(app.text_input(key=f"rename {list_runs(folder)[0]}").set_value(name).run())
        assert list_runs(folder) == [name]
        assert app.selectbox(key="run").value == name and words(app) == []
    succeeded(app.text_area(key="note second").set_value("the good one").run())
    assert shelf.read_note(folder / "second") == "the good one"
    succeeded(app.text_input(key="rename second").set_value("english").run())
    assert words(app) == ["english is the name of a run that came with the app; choose another"]
    assert list_runs(folder) == ["second"]


def test_deleting_is_asked_twice_and_undone(folder: Path) -> None:
    app = opened("train", run="mine", **VIEW)
    press(press(app, "Delete"), "Keep it")
    assert list_runs(folder) == ["mine"]
    for _ in range(2):
        press(press(app, "Delete"), "Really delete")
        assert list_runs(folder) == [] and app.selectbox(key="run").value == "english"
        assert words(app) == []
        press(app, "Undo")
        assert list_runs(folder) == ["mine"] and app.selectbox(key="run").value == "mine"
        assert "Undo" not in labels(app)


def test_undo_is_offered_for_a_day_to_whoever_opens_the_shelf(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = shelf.delete(folder / "mine")
    now = shelf.time.time()
    for _ in range(2):
        app = opened("train", **VIEW)
        assert any("mine was deleted about 1 s ago" in one.value for one in app.markdown)
        press(app, "Undo")
        assert list_runs(folder) == ["mine"] and app.selectbox(key="run").value == "mine"
        moved = shelf.delete(folder / "mine")
    monkeypatch.setattr(shelf.time, "time", lambda: now + shelf.KEPT + 60)
    assert "Undo" not in labels(opened("train", **VIEW)) and not moved.exists()


def test_a_line_is_the_run_that_stood_there_when_it_was_drawn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = visitor(monkeypatch)
    drawn = ["english", "mine", "other"]
    for row, chosen in ((1, "mine"), (2, None)):  # there is no run named other
        state["visit"].pending = {}
        state[TABLE] = SimpleNamespace(selection=SimpleNamespace(rows=[row]))
        choose_line(drawn)
        assert state["visit"].pending.get("run") == chosen


def test_the_chosen_run_is_marked_in_the_table(folder: Path) -> None:
    app = opened("train", run="mine", **VIEW)
    for name in ("english", "mine"):
        succeeded(app.selectbox(key="run").set_value(name).run())
        (row,) = app.session_state[TABLE]["selection"]["rows"]
        assert app.dataframe[0].value["run"][row] == name


def test_a_rerun_reads_no_other_run_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(folder / "mine", folder / "same")
    app = opened("train", run="mine", **VIEW)
    assert any("The same to the bit as same" in one.value for one in app.markdown)
    read = counted_reads(monkeypatch)
    succeeded(app.run())
    assert {path.parent for path in read} == {folder / "mine"}
    shelf.write_note(folder / "same", "seen")
    succeeded(app.run())
    table = app.dataframe[0].value
    assert table[table["run"] == "same"]["note"].item() == "seen"


def test_a_run_that_came_with_the_app_stays_and_says_so(folder: Path) -> None:
    app = opened("train", run="english", **VIEW)
    assert {"Duplicate with a change", "Replay"} <= labels(app) and "Delete" not in labels(app)
    assert any("came with the app" in caption.value for caption in app.caption)
    assert "rename english" not in [field.key for field in app.text_input]


def test_a_duplicate_has_every_setting_of_its_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", lambda _: None)
    app = press(opened("train", run="mine", **VIEW), "Duplicate with a change")
    assert app.segmented_control(key="train.view").value == FORM
    press(app, "Train")
    same, first = Run.open(folder / "mine-2"), Run.open(folder / "mine")
    assert (same.model_config, same.training_config) == (first.model_config, first.training_config)
    assert same.tokenizer.tokens == first.tokenizer.tokens
    succeeded(app.slider(key="like-mine-n_layer").set_value(3).run())
    press(app, "Train")
    changed = Run.open(folder / "mine-3")
    assert changed.model_config == first.model_config.replaced(n_layer=3)
    assert changed.training_config == first.training_config
    press(app, "Back to the presets")
    assert "quick-brown-fox" in labels(app)


def test_a_run_that_cannot_be_opened_is_deleted_where_that_is_said(folder: Path) -> None:
    (folder / "mine" / "tokenizer.json").write_text("{")
    app = opened("drift", run="mine")
    assert words(app) == ["tokenizer.json is damaged: it holds no JSON"]
    press(press(app, "Delete"), "Really delete")
    assert not words(app) and "mine" not in list_runs(folder)
    assert "mine was deleted about" in " ".join(
        one.value for one in opened("train", **VIEW).markdown
    )


def test_a_seed_may_be_larger_than_a_number_of_a_browser(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", lambda _: None)
    new_run(folder / "large", seed=2**60 + 1)
    press(press(opened("train", run="large", **VIEW), "Duplicate with a change"), "Train")
    assert Run.open(folder / "large-2").training_config.seed == 2**60 + 1


def test_a_replay_says_whether_it_is_the_same_to_the_bit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(jobs, "start", started.append)
    app = press(opened("train", run="mine", **VIEW), "Replay")
    assert [path.name for path in started] == ["mine-replay"]
    assert any("whether it is the same is told" in one.value for one in app.markdown)
    train_member(started[0])
    app.run()
    count = len(Run.open(folder / "mine").steps)
    said = f"The same to the bit as mine\\-replay, at {count} recorded steps\\."
    assert said in [one.value for one in app.markdown]
    assert plan_of(Run.open(started[0])).text == Run.open(folder / "mine").text


def test_a_file_becomes_a_run_or_a_sentence(folder: Path) -> None:
    app = opened("train", run="mine", **VIEW)
    data = packed(folder / "mine")
    succeeded(app.file_uploader(key="upload 0").set_value(("a.zip", data, "application/zip")).run())
    assert sorted(list_runs(folder)) == ["mine", "mine-2"]
    assert app.selectbox(key="run").value == "mine-2"
    succeeded(app.file_uploader(key="upload 1").set_value(("b.zip", b"x", "application/zip")).run())
    assert words(app)[0].startswith("this is no zip file that can be read whole")
    assert sorted(list_runs(folder)) == ["mine", "mine-2"]
