"""A sweep over n_embd: planned, found again, trained by joblib, killed and continued."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joblib import parallel_config

from model_core.runs import Plan, Run
from model_core.runs.status import read_status, write_status
from model_core.training import loop
from model_core.training.families import family_of, plan_of
from model_core.training.presets import plan
from model_core.training.sweep import (
    FREE,
    MOST_SEEDS,
    SIZES,
    WAITS,
    Point,
    create_sweep,
    fitting,
    found,
    points,
    sweeps,
    train_all,
    train_member,
)
from model_core.training.troubles import INTERRUPTED
from tests.support.refusals import refusal
from tests.support.runs import TINY, history, new_run, tree
from tests.support.waiting import wait_until

LONG: dict[str, Any] = {"steps": 600, "snapshots": 20}
FOUR = [Point(4, 1337), Point(4, 1338), Point(6, 1337), Point(6, 1338)]


@pytest.fixture(scope="module")
def tiny() -> Plan:
    return plan("quick-brown-fox", TINY | {"steps": 6, "snapshots": 3})


def states(folder: Path) -> list[str]:
    return [read_status(path.parent).state for path in folder.glob("*/run.json")]


def test_points_are_every_size_with_every_seed(tiny: Plan) -> None:
    assert points(tiny, (6, 4, 6), 2) == FOUR
    assert fitting(tiny.model_config) == [2, 6, 8, 16, 32, 64]  # its two heads share the channels
    assert fitting(plan("quick-brown-fox", {}).model_config) == list(SIZES)
    assert refusal(points, tiny, (4, 5), 1).startswith("n_head=2 does not divide n_embd=5; choose")
    assert refusal(points, tiny, (), 1).startswith("no n_embd is given")
    for seeds in (0, MOST_SEEDS + 1):
        assert refusal(points, tiny, (4,), seeds) == f"seeds must be 1 to 20, got {seeds}"


def test_a_sweep_is_ordinary_runs_that_differ_in_size_and_seed_alone(
    tmp_path: Path, tiny: Plan
) -> None:
    paths = create_sweep(tmp_path, "fox", tiny, FOUR)
    assert [path.name for path in paths.values()] == [
        f"fox-n_embd-{size}-seed-{seed}" for size, seed in sorted(FOUR, reverse=True)
    ]
    for point, path in paths.items():
        run = Run.open(path)
        assert (run.model_config.n_embd, run.training_config.seed) == point
        assert family_of(plan_of(run), FREE) == family_of(run, FREE) == family_of(tiny, FREE)
        assert (run.status.state, run.status.words) == ("stopped", WAITS)


def test_what_is_there_is_taken_whatever_its_name(tmp_path: Path, tiny: Plan) -> None:
    other = new_run(tmp_path / "mine", steps=6, snapshots=3, n_embd=4, seed=1338)
    new_run(tmp_path / "fox-n_embd-6-seed-1338", steps=7, snapshots=3)  # of another family
    paths = create_sweep(tmp_path, "fox", tiny, FOUR)
    assert paths[Point(4, 1338)] == other
    assert paths[Point(6, 1338)].name == "fox-n_embd-6-seed-1338-2"
    assert create_sweep(tmp_path, "again", tiny, FOUR) == paths
    assert found([tmp_path], tiny) == sweeps([tmp_path])[0] == dict(sorted(paths.items()))
    assert list(found([tmp_path], Run.open(other))) == FOUR
    assert len(sweeps([tmp_path])) == 1  # one size alone is none


def test_one_that_has_ended_is_not_touched_and_one_that_fails_stops_no_other(
    tmp_path: Path, tiny: Plan
) -> None:
    first, damaged, last = create_sweep(tmp_path, "fox", tiny, FOUR[:3]).values()
    assert train_member(first).state == "finished"
    before = tree(first)
    (damaged / "text.txt").write_text("another text than the run was made from")
    ended = train_all([first, damaged, last])  # one after the other, in this process
    assert [status.state for status in ended] == ["finished", "failed", "finished"]
    assert ended[1].words.startswith("text.txt of run fox-n_embd-4-seed-1338 has changed")
    assert tree(first) == before
    write_status(last, replace(read_status(last), state="diverged", words="NaN"))
    assert train_member(last).words == "NaN"


def test_ctrl_c_leaves_a_run_stopped_that_goes_on_to_the_same_end(
    tmp_path: Path, tiny: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = create_sweep(tmp_path / "cut", "fox", tiny, FOUR[:1]).values()
    (whole,) = create_sweep(tmp_path / "whole", "fox", tiny, FOUR[:1]).values()

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Recorder, "record", cut)
        train_all([path])
    assert (read_status(path).state, read_status(path).words) == ("stopped", INTERRUPTED)
    assert [one.state for one in train_all([path, whole])] == ["finished"] * 2
    assert history(path) == history(whole)


def test_a_sweep_killed_once_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    settings = TINY | LONG | {"threads": 1}
    command = [sys.executable, "-m", "model_core", "sweep", "--run-dir", str(tmp_path / "fox")]
    command += [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command += ["--sizes", "4,6", "--seeds", "2", "--jobs", "2"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: any(read_status(path).step for path in tmp_path.glob("fox-*")))
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        assert killed.wait() == -signal.SIGKILL
    wait_until(lambda: "running" not in states(tmp_path))  # its workers have let go
    assert states(tmp_path).count("finished") < 4
    done = {p: tree(p) for p in tmp_path.iterdir() if read_status(p).state == "finished"}

    again = subprocess.run(command, capture_output=True, text=True)
    assert (again.returncode, again.stdout.count(" finished ")) == (0, 4)
    assert [tree(path) for path in done] == list(done.values())
    paths = found([tmp_path], plan("quick-brown-fox", settings))
    assert list(paths) == FOUR

    one = max(set(paths.values()) - set(done), key=os.path.getmtime)  # the kill cut it short
    alone = create_sweep(tmp_path / "alone", "x", plan_of(Run.open(one)), [_point(one)])
    with parallel_config(backend="sequential"):
        train_all(alone.values())
    assert history(one) == history(alone[_point(one)])


def _point(path: Path) -> Point:
    run = Run.open(path)
    return Point(run.model_config.n_embd, run.training_config.seed)
