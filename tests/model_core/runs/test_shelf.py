"""Runs on the shelf: renamed, noted, deleted and put back; never one that is being trained."""

import os
import shutil
from pathlib import Path

import pytest

from model_core.runs import Run, archive, list_runs, shelf
from model_core.runs import format as format_
from model_core.runs.storage import FileLock
from model_core.training.families import plan_of
from tests.support.refusals import refusal
from tests.support.runs import tree


@pytest.fixture
def path(recorded: Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded.path, tmp_path / "fox"))


def test_a_run_gets_another_name_and_keeps_everything(path: Path) -> None:
    before = {name.removeprefix(str(path)): data for name, (_, data) in tree(path).items()}
    to = shelf.rename(path, "my-fox")
    assert list_runs(path.parent) == ["my-fox"] and Run.open(to).name == "my-fox"
    assert {name.removeprefix(str(to)): data for name, (_, data) in tree(to).items()} == before


def test_names_that_are_taken_or_lead_elsewhere_are_refused(path: Path) -> None:
    shutil.copytree(path, path.with_name("other"))
    assert refusal(shelf.rename, path, "other").startswith("a run named other exists already")
    for name in ("..", "a b", "../x", "", ".deleted", "x" * 65):
        with pytest.raises(ValueError, match="must be 1 to 64 letters"):
            shelf.rename(path, name)
    assert sorted(list_runs(path.parent)) == ["fox", "other"]


def test_a_note_is_kept_and_replaced(path: Path) -> None:
    assert shelf.read_note(path) == ""
    for note in ("the good one: ε = 0", "no, the bad one"):
        shelf.write_note(path, note)
        assert shelf.read_note(path) == note
    assert refusal(shelf.write_note, path, "x" * 2001) == (
        "a note has at most 2,000 characters, got 2,001"
    )
    assert "half a character" in refusal(shelf.write_note, path, "\ud800")
    (path / "note.txt").write_bytes(b"\xff")
    assert shelf.read_note(path) == ""


def test_a_deleted_run_lies_aside_and_comes_back(path: Path) -> None:
    before = tree(path)
    moved = shelf.delete(path)
    assert list_runs(path.parent) == [] and moved.exists()
    assert shelf.restore(moved) == path
    assert tree(path) == before
    moved = shelf.delete(path)
    path.mkdir()
    assert refusal(shelf.restore, moved) == ("fox exists again; rename or delete that one first")


def test_a_file_is_put_back_and_never_in_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("first")
    moved = shelf.move_out(path)
    path.symlink_to(tmp_path / "nowhere")  # there is nothing that could be looked at, as in a race
    with pytest.raises(FileExistsError):
        shelf.restore(moved)
    path.unlink()
    path.write_text("second")
    assert refusal(shelf.restore, moved) == "own.yaml exists again; delete that one first"
    path.unlink()
    assert shelf.restore(moved).read_text() == "first"
    assert refusal(shelf.restore, moved) == "own.yaml is back already"


def test_what_somebody_else_has_deleted_is_said_to_be_gone(path: Path) -> None:
    shelf.delete(path)
    gone = "there is no fox any more; it was deleted or renamed"
    assert refusal(shelf.delete, path) == refusal(shelf.move_out, path) == gone
    assert refusal(shelf.rename, path, "other") == refusal(shelf.write_note, path, "") == gone


def test_what_cannot_be_erased_stays_and_disturbs_nobody(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path.parent / "own.yaml").write_text("")
    moved = shelf.move_out(path.parent / "own.yaml")
    now = shelf.time.time()
    monkeypatch.setattr(shelf.time, "time", lambda: now + shelf.KEPT + 1)
    monkeypatch.setattr(Path, "unlink", read_only)
    shelf.clear(path.parent)
    assert moved.exists()


def read_only(path: Path, missing_ok: bool = False) -> None:
    raise PermissionError(path)


@pytest.mark.parametrize("how", ["the next deletion", "a look at the shelf"])
def test_what_was_deleted_a_day_ago_is_erased(
    path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    shutil.copytree(path, path.with_name("other"))
    foreign = path.parent / shelf.DELETED / "not ours"
    foreign.mkdir(parents=True)
    moved = shelf.delete(path)
    assert list(shelf.deleted(path.parent)) == [moved]
    now = shelf.time.time()
    monkeypatch.setattr(shelf.time, "time", lambda: now + shelf.KEPT - 1)
    shelf.clear(path.parent)
    assert shelf.deleted(path.parent)[moved] == pytest.approx(shelf.KEPT - 1, abs=5)
    monkeypatch.setattr(shelf.time, "time", lambda: now + shelf.KEPT + 1)
    assert shelf.deleted(path.parent) == {} and moved.exists()
    if how == "the next deletion":
        shelf.delete(path.with_name("other"))
    else:
        shelf.clear(path.parent)
    assert not moved.exists() and foreign.exists()
    assert refusal(shelf.restore, moved) == "fox was deleted more than a day ago, and is erased"


def test_what_a_killed_server_left_half_made_is_erased_an_hour_later(
    recorded: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    folder = tmp_path / "runs"
    for module in (archive, format_):  # each about to give its folder its name, and to tidy up
        monkeypatch.setattr(module.os, "rename", kill)
        monkeypatch.setattr(module.shutil, "rmtree", lambda *_, **__: None)
    folder.mkdir()
    with pytest.raises(Killed):
        archive.unpack_run(archive.packed(recorded.path), folder, "fox")
    with pytest.raises(Killed):
        format_.create_run(folder / "my-fox.2", plan_of(recorded))
    monkeypatch.undo()
    left = {one.name.split(".")[1] for one in folder.iterdir()}
    assert left == {"upload", "my-fox"}
    foreign = [folder / one for one in (".venv-3.11.7", ".cache.1", ".tool.1.2", ".kept.12.34")]
    for one in foreign[:3]:
        one.mkdir()
    foreign[3].symlink_to(tmp_path)
    shelf.clear(folder)
    assert len(list(folder.iterdir())) == 6
    for one in folder.iterdir():
        os.utime(one, (0, 0), follow_symlinks=False)
    shelf.clear(folder)
    assert sorted(folder.iterdir()) == sorted(foreign)


@pytest.mark.parametrize("change", [shelf.delete, lambda path: shelf.rename(path, "new")])
def test_a_run_that_is_being_trained_stays(path: Path, change) -> None:  # type: ignore[no-untyped-def]
    lock = FileLock(path / "trainer.lock")
    assert lock.acquire()
    try:
        assert refusal(change, path) == "run fox is being trained; stop it first"
    finally:
        lock.release()
    assert os.listdir(path.parent) == ["fox"]
    change(path)
