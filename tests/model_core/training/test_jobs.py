"""Trainings in processes of their own: started, queued, paused, stopped, killed, found out."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from model_core.runs import Run, read_metrics, status
from model_core.runs.status import (
    ACTIVE,
    Status,
    pause_after,
    read_request,
    read_status,
    write_request,
    write_status,
)
from model_core.runs.storage import FileLock, is_locked
from model_core.training import jobs
from model_core.training.turns import Turn, only_trainer, queued_before, slots
from tests.support.refusals import refusal, sentence
from tests.support.runs import new_run, tree
from tests.support.waiting import wait_until

LONG: dict[str, Any] = {"steps": 1_000_000, "snapshots": 50}


def reached(path: Path, *states: str) -> Status:
    """The status once it is one of `states`."""
    wait_until(lambda: read_status(path).state in states)
    return read_status(path)


def is_free(path: Path) -> bool:
    return not is_locked(path / "trainer.lock")


def beats_since(path: Path, before: Status) -> bool:
    return read_status(path).heartbeat > before.heartbeat


def moves_since(path: Path, before: Status) -> bool:
    return read_status(path).step > before.step


@pytest.fixture
def ended() -> Iterator[list[Path]]:
    """Runs whose trainers are stopped behind a test, whatever happened in it."""
    paths: list[Path] = []
    yield paths
    for path in paths:
        jobs.stop(path)
    for path in paths:
        wait_until(partial(is_free, path))


def trainer_of(path: Path) -> int:
    """The process that holds a run's lock, as the system tells."""
    inode = (path / "trainer.lock").stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        parts = line.split()
        if parts[1] == "FLOCK" and parts[5].endswith(f":{inode}"):
            return int(parts[4])
    raise AssertionError(f"nobody trains {path.name}")


# --- one process ---------------------------------------------------------------------------------


def test_a_started_training_runs_in_its_own_session_and_finishes(tmp_path: Path) -> None:
    path = new_run(tmp_path / "fox", steps=300)
    jobs.start(path)
    assert read_status(path).state == "queued"
    assert jobs.active(tmp_path).keys() == {"fox"}
    wait_until(lambda: is_locked(path / "trainer.lock"))
    assert os.getsid(trainer_of(path)) == trainer_of(path) != os.getsid(0)
    last = reached(path, "finished")
    assert (last.step, last.steps, last.words) == (300, 300, "")
    assert read_metrics(path)[-1]["step"] == 300
    wait_until(partial(is_free, path))
    assert jobs.active(tmp_path) == {}
    assert (path / "trainer.log").read_text() == ""


def test_a_training_is_paused_woken_and_stopped(tmp_path: Path, ended: list[Path]) -> None:
    path = new_run(tmp_path / "fox", **LONG)
    ended.append(path)
    jobs.start(path)
    running = reached(path, "running")
    assert "already being trained" in refusal(jobs.start, path)
    for _ in range(2):  # a first time can work by accident
        jobs.pause(path)
        paused = reached(path, "paused")
        assert paused.step >= running.step
        wait_until(partial(beats_since, path, paused))
        assert read_status(path).step == paused.step
        jobs.step(path)
        jobs.step(path)  # a double click: the same step
        wait_until(partial(moves_since, path, paused))
        stepped = read_status(path)
        wait_until(partial(beats_since, path, stepped))
        assert (read_status(path).state, read_status(path).step) == ("paused", paused.step + 1)
        assert paused.step + 1 in Run.open(path).steps
        jobs.resume(path)
        running = reached(path, "running")
        wait_until(partial(moves_since, path, paused))
    jobs.stop(path)
    jobs.stop(path)
    stopped = reached(path, "stopped")
    assert stopped.words == f"stopped at step {stopped.step:,}; resume continues from there"
    assert Run.open(path).steps[-1] == stopped.step


def test_a_double_click_starts_one_trainer(tmp_path: Path, ended: list[Path]) -> None:
    path = new_run(tmp_path / "fox", **LONG)
    ended.append(path)
    log = path / "trainer.log"
    jobs.start(path)
    jobs.start(path)
    reached(path, "running")
    refused = "run fox is already being trained by another process\n"
    wait_until(lambda: log.read_text() == refused)
    assert read_status(path).state == "running"


def test_a_trainer_that_hangs_is_said_not_to_respond_and_a_killed_one_to_have_stopped(
    tmp_path: Path,
) -> None:
    path = new_run(tmp_path / "fox", **LONG)
    jobs.start(path)
    reached(path, "running")
    process = trainer_of(path)
    os.kill(process, signal.SIGSTOP)
    stopped_at = time.time()
    words = wait_until(lambda: read_status(path).words, 6)
    hung = read_status(path)
    assert sentence(words) == hung.words
    assert (hung.state, hung.standing) == ("running", "not responding")
    assert list(jobs.line(tmp_path).training) == ["fox"]  # it keeps its turn
    since = time.strptime(words.removeprefix("not responding since "), "%H:%M:%S")
    local = time.localtime(stopped_at)
    seconds = 3600 * (local.tm_hour - since.tm_hour) + 60 * (local.tm_min - since.tm_min)
    assert 0 <= (seconds + local.tm_sec - since.tm_sec) % 86_400 <= 2
    os.kill(process, signal.SIGCONT)
    wait_until(lambda: read_status(path).words == "")
    os.kill(process, signal.SIGKILL)
    stopped = reached(path, "stopped")
    assert sentence(stopped.words) == (
        f"stopped unexpectedly at step {stopped.step:,}; resume continues from the step saved last"
    )
    assert jobs.active(tmp_path) == {}


# --- turns ---------------------------------------------------------------------------------------


def test_the_second_run_waits_and_its_place_is_known(
    tmp_path: Path, ended: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "1")
    first, second, third = (new_run(tmp_path / name, **LONG) for name in "abc")
    ended += [first, second, third]
    jobs.start(first)
    reached(first, "running")
    jobs.start(second)
    jobs.start(third)
    for path in (second, third):
        wait_until(partial(is_locked, path / "trainer.lock"))
    assert [queued_before(path) for path in (first, second, third)] == [0, 0, 1]
    line = jobs.line(tmp_path)
    assert (list(line.training), line.waiting, line.is_free) == (["a"], ["b", "c"], False)
    assert jobs.line(tmp_path, read_status(third).queued_at).waiting == ["b"]
    assert list(jobs.active(tmp_path)) == ["a", "b", "c"]
    jobs.pause(first)  # who pauses lets the next one train
    reached(second, "running")
    assert reached(first, "paused").state == "paused"
    assert read_status(third).state == "queued"
    os.kill(trainer_of(third), signal.SIGKILL)  # killed while queued
    wait_until(partial(is_free, third))
    monkeypatch.setattr(status, "START_TIME", 0.0)
    assert read_status(third).words.startswith("stopped unexpectedly at step 0")
    jobs.resume(first)
    reached(first, "queued")
    assert read_status(second).state == "running"
    jobs.stop(second)
    reached(first, "running")


def test_a_queued_training_can_be_stopped_before_it_starts(
    tmp_path: Path, ended: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "1")
    with seat(tmp_path):
        path = new_run(tmp_path / "fox", **LONG)
        ended.append(path)
        jobs.start(path)
        wait_until(lambda: is_locked(path / "trainer.lock"))
        jobs.stop(path)
        assert reached(path, "stopped").words == "stopped before it started"
        assert read_metrics(path) == []


@contextmanager
def seat(folder: Path) -> Iterator[None]:
    """Be the one who trains in a runs folder with one slot."""
    (folder / ".slots").mkdir()
    lock = FileLock(folder / ".slots" / "0.lock")
    assert lock.acquire()
    yield
    lock.release()


def waiting(folder: Path, name: str, queued_at: float) -> Path:
    path = folder / name
    path.mkdir()
    write_status(path, Status("queued", queued_at=queued_at))
    return path


def test_turns_are_taken_in_the_order_of_arrival(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "1")
    monkeypatch.setattr("model_core.training.turns.POLL", 0.001)
    order: list[str] = []

    def train(path: Path) -> None:
        with only_trainer(path):
            turn = Turn(path)
            assert turn.take()
            order.append(path.name)
            write_status(path, Status("running"))
            turn.leave()

    with seat(tmp_path):
        threads = []
        for place in (5, 2, 7, 1, 6, 3, 0, 4):
            path = waiting(tmp_path, f"run{place}", 1.0 + place)
            threads.append(threading.Thread(target=train, args=(path,)))
            threads[-1].start()
            wait_until(partial(is_locked, path / "trainer.lock"))
    for thread in threads:
        thread.join()
    assert order == [f"run{place}" for place in range(8)]


def test_a_dead_run_in_the_queue_holds_nobody_up(tmp_path: Path) -> None:
    waiting(tmp_path, "dead", 1.0)
    (tmp_path / "dead" / "trainer.lock").touch()
    assert queued_before(waiting(tmp_path, "mine", 2.0)) == 0


def test_at_most_so_many_trainings_have_a_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "2")
    turns = [Turn(waiting(tmp_path, name, 1.0)) for name in "abc"]
    assert [turn._take_slot() for turn in turns] == [True, True, False]
    turns[0].leave()
    assert turns[2].take()
    for turn in turns:
        turn.leave()


def test_who_is_asked_to_stop_waits_no_longer(tmp_path: Path) -> None:
    path = waiting(tmp_path, "a", 1.0)
    write_request(path, "stop")
    assert not Turn(path).take()


def test_half_the_cores_train_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DRIFTSCOPE_TRAINERS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert slots() == 4
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert slots() == 1
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "3")
    assert slots() == 3


def test_one_process_trains_a_run(tmp_path: Path) -> None:
    with only_trainer(tmp_path):
        assert "is already being trained by another process" in refusal(
            only_trainer(tmp_path, patience=0.05).__enter__
        )
    with only_trainer(tmp_path):
        pass


def test_a_reader_asking_for_an_instant_does_not_keep_a_trainer_out(tmp_path: Path) -> None:
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            is_locked(tmp_path / "trainer.lock")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(50):
            with only_trainer(tmp_path):
                pass
    finally:
        stop.set()
        thread.join()


# --- status --------------------------------------------------------------------------------------


def locked_status(folder: Path, content: Status, heartbeat: float) -> Status:
    """What is read of a status written `heartbeat` seconds ago by a trainer that lives."""
    write_status(folder, content)
    text = (folder / "status.json").read_text()
    written = read_status(folder).heartbeat
    (folder / "status.json").write_text(text.replace(repr(written), repr(written - heartbeat)))
    lock = FileLock(folder / "trainer.lock")
    assert lock.acquire()
    os.utime(folder / "trainer.lock", (written - heartbeat, written - heartbeat))
    seen = read_status(folder)
    lock.release()
    return seen


@pytest.mark.parametrize("state", ACTIVE)
def test_a_living_trainer_with_a_fresh_heartbeat_is_well(tmp_path: Path, state: Any) -> None:
    seen = locked_status(tmp_path, Status(state, step=3), heartbeat=1)
    assert (seen.state, seen.words) == (state, "")


@pytest.mark.parametrize("state", ACTIVE)
@pytest.mark.parametrize("age", [20, -3600], ids=["silent", "clock set back an hour"])
def test_a_silent_trainer_is_not_responding(tmp_path: Path, state: Any, age: float) -> None:
    seen = locked_status(tmp_path, Status(state), heartbeat=age)
    assert (seen.state, seen.standing) == (state, "not responding")
    assert seen.words.startswith("not responding since ")


def test_a_trainer_beats_while_a_step_takes_long(tmp_path: Path) -> None:
    write_status(tmp_path, Status("running"))
    text = (tmp_path / "status.json").read_text()
    written = read_status(tmp_path).heartbeat
    (tmp_path / "status.json").write_text(text.replace(repr(written), repr(written - 60)))
    with only_trainer(tmp_path):
        wait_until(lambda: read_status(tmp_path).words == "", 2)
        os.utime(tmp_path / "trainer.lock", (written - 60, written - 60))
        assert read_status(tmp_path).standing == "not responding"
        wait_until(lambda: read_status(tmp_path).standing == "running", 3)


@pytest.mark.parametrize("state", ["running", "paused"])
def test_an_active_run_without_its_trainer_stopped_unexpectedly(tmp_path: Path, state: Any) -> None:
    write_status(tmp_path, Status(state, step=1036))
    seen = read_status(tmp_path)
    assert seen.state == "stopped"
    assert sentence(seen.words).startswith("stopped unexpectedly at step 1,036; resume continues")


def test_a_run_about_to_start_is_queued_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_status(tmp_path, Status("queued"))
    assert read_status(tmp_path).state == "queued"
    later = time.time() + 25
    monkeypatch.setattr(time, "time", lambda: later)
    assert read_status(tmp_path).state == "stopped"


@pytest.mark.parametrize("state", ["finished", "stopped", "diverged", "failed"])
def test_an_ended_run_stays_as_it_ended(tmp_path: Path, state: Any) -> None:
    write_status(tmp_path, Status(state, step=5, words="so it was"))
    assert replace(read_status(tmp_path), heartbeat=0) == Status(state, step=5, words="so it was")


@pytest.mark.parametrize(("state", "waits"), [("running", 0), ("paused", 2), ("finished", 2)])
def test_only_a_status_that_is_soon_replaced_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: Any, waits: int
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    write_status(tmp_path, Status(state))
    assert len(calls) == waits


def test_reading_a_status_writes_nothing(tmp_path: Path) -> None:
    write_status(tmp_path, Status("running"))
    before = tree(tmp_path)
    read_status(tmp_path)
    assert tree(tmp_path) == before


def test_a_request_nobody_made_is_to_run(tmp_path: Path) -> None:
    assert read_request(tmp_path) == "run"
    (tmp_path / "request").write_text("nonsense")
    assert read_request(tmp_path) == "run"
    write_request(tmp_path, "pause")
    assert (read_request(tmp_path), pause_after(tmp_path)) == ("pause", -1)
    write_request(tmp_path, "pause", after=137)
    assert (read_request(tmp_path), pause_after(tmp_path)) == ("pause", 137)
    (tmp_path / "request").write_text("pause -1")
    assert (read_request(tmp_path), pause_after(tmp_path)) == ("run", -1)


def test_waiting_for_a_turn_needs_no_torch() -> None:
    code = "import sys; import model_core.__main__; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
