"""Steps recorded again, densely: the bits of the first time, and nothing recorded is changed."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model_core.__main__ import app
from model_core.runs import Run, read_metrics
from model_core.runs.snapshots import load_snapshot, snapshot_path
from model_core.runs.status import Status, read_status, write_request
from model_core.runs.tensors import pack
from model_core.training import again, jobs
from model_core.training.again import record_again
from model_core.training.loop import train
from model_core.training.turns import only_trainer
from tests.support.refusals import refusal, sentence
from tests.support.runs import history, new_run, recorded_run, tree
from tests.support.waiting import wait_until

EVERY: dict[str, Any] = {"snapshots": 31}
VARIETY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "dropout, batch norm": {"dropout": 0.2, "norm": "batch", "grad_clip": 0.1},
}
# A process that is killed while it writes its third snapshot.
KILLED = """
import os, sys
from pathlib import Path
from model_core.training import again, recording
from model_core.training.turns import only_trainer
save, count = recording.save_snapshot, iter(range(99))
recording.save_snapshot = lambda *one: os._exit(9) if next(count) == 2 else save(*one)
with only_trainer(Path(sys.argv[1])):
    again.record_again(Path(sys.argv[1]), 4, 20)
"""


def recorded_again(folder: Path, first: int, last: int, **more: Any) -> Status:
    with only_trainer(folder):
        return record_again(folder, first, last, **more)


def names(*steps: int) -> set[str]:
    return {f"{step:08d}.safetensors" for step in steps}


def evidence(folder: Path) -> dict[str, Any]:
    """What is recorded, with the time of each snapshot."""
    return {"metrics": (folder / "metrics.jsonl").read_bytes(), **tree(folder / "snapshots")}


@pytest.mark.parametrize("changes", VARIETY.values(), ids=VARIETY)
def test_they_have_the_bits_of_a_run_that_recorded_every_step_from_the_start(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    every = history(recorded_run(tmp_path / "every", **changes, **EVERY).path)
    path = recorded_run(tmp_path / "run", **changes).path
    before, old = history(path), tree(path / "snapshots")
    heard: list[Status] = []
    status = recorded_again(path, 4, 20, watch=heard.append)
    assert (status.state, status.step, status.words) == ("finished", 30, "")
    assert heard[0].words == "Recording steps 4 to 20 again: at step 0" and heard[0].step == 30
    after, span = history(path), range(4, 21)
    assert set(after["snapshots"]) == set(before["snapshots"]) | names(*span)
    assert Run.open(path).steps.tolist() == sorted({*before["metrics"], *span})
    for name in after["snapshots"]:
        assert after["snapshots"][name] == every["snapshots"][name]
    for step in after["metrics"]:
        assert after["metrics"][step] == every["metrics"][step]
    assert tree(path / "snapshots").items() >= old.items(), "nothing recorded was written again"
    lines = read_metrics(path)
    assert [line["step"] for line in lines] == sorted(after["metrics"])
    assert recorded_again(path, 4, 20).state == "finished"  # a second time there is nothing to add
    assert history(path) == after


def test_it_goes_on_after_a_kill_in_between_in_a_process_of_its_own(
    tmp_path: Path, recorded: Run
) -> None:
    path = shutil.copytree(recorded.path, tmp_path / "run")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    left = Run.open(path)
    assert done.returncode == 9 and read_status(path).state == "stopped"
    assert 0 < len(set(left.steps) - set(recorded.steps)) < 3
    assert left.metrics()["train_loss"].notna().all()
    jobs.again(path, 4, 20)
    wait_until(lambda: read_status(path).state == "finished")
    whole = shutil.copytree(recorded.path, tmp_path / "whole")
    recorded_again(whole, 4, 20)
    assert history(path) == history(whole)


def test_where_the_bits_differ_nothing_is_added_and_one_sentence_says_so(tmp_path: Path) -> None:
    path = recorded_run(tmp_path / "run").path
    later = int(min(step for step in Run.open(path).steps if step > 20))
    tensors = load_snapshot(path, later)
    tensors["lm_head.weight"][0, 0] += 1e-6
    snapshot_path(path, later).write_bytes(pack(tensors))
    before = evidence(path)
    said = refusal(recorded_again, path, 4, later - 1)
    assert said.startswith("nothing was added: trained again here, lm_head.weight differs from")
    assert f"at step {later}" in said and evidence(path) == before
    assert read_status(path).words == said and read_status(path).state == "finished"
    assert recorded_again(path, 4, 5).words == "", "what comes after the span is not compared"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (5, 31, "steps must ascend within 0 and 30, got 5 to 31"),
        (9, 8, "steps must ascend within 0 and 30, got 9 to 8"),
        (-1, 8, "steps must ascend within 0 and 30, got -1 to 8"),
    ],
)
def test_a_span_that_cannot_be_is_refused(recorded: Run, first: int, last: int, said: str) -> None:
    assert refusal(again.check_span, recorded, first, last) == said


def test_more_than_the_budget_holds_is_refused_with_what_would_fit(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "HELD", 100_000)
    said = refusal(again.check_span, recorded, 0, 30)
    assert "new snapshots of" in said and said.endswith("steps")
    most = int(said.split("at most ")[1].split()[0])
    again.check_span(recorded, 5, 4 + most)


def test_it_can_be_paused_and_stopped_and_then_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded_run(tmp_path / "run").path
    monkeypatch.setattr(again, "HEARTBEAT", 0)
    before, states = evidence(path), list[str]()

    def watch(status: Status) -> None:
        states.append(status.state)
        paused = states.count("paused")
        if status.state in ("running", "paused"):
            write_request(path, "stop" if paused >= 2 else "pause")

    said = refusal(recorded_again, path, 4, 20, watch=watch)
    assert said == "recording again was stopped; nothing was added"
    assert states == ["running", "paused", "paused", "finished"]
    assert evidence(path) == before


def test_a_run_that_diverged_is_recorded_up_to_where_it_did(tmp_path: Path) -> None:
    path = recorded_run(tmp_path / "run", optimizer="sgd", learning_rate=1e30, snapshots=2).path
    last = int(Run.open(path).steps[-1])
    status = recorded_again(path, 0, last)
    assert status.state == "diverged" and sentence(status.words).startswith("loss became NaN")
    assert Run.open(path).steps.tolist() == list(range(last + 1))


def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    path = recorded_run(tmp_path / "run", steps=30, snapshots=4).path
    whole = history(path)
    stopped = new_stopped(tmp_path / "stopped")
    at = int(Run.open(stopped).steps[-1])
    write_request(stopped, "run")
    assert recorded_again(stopped, 3, at).state == "stopped"
    with only_trainer(stopped):
        assert train(stopped).state == "finished"
    ended = history(stopped)
    assert ended["snapshots"].items() >= whole["snapshots"].items()
    assert set(ended["metrics"]) >= set(range(3, at + 1))


def new_stopped(path: Path) -> Path:
    """A run that was asked to stop at about its tenth step."""
    new_run(path, steps=30, snapshots=4)
    with pytest.MonkeyPatch.context() as patch, only_trainer(path):
        patch.setattr("model_core.training.loop.HEARTBEAT", 0)
        train(path, watch=lambda one: write_request(path, "stop") if one.step > 9 else None)
    return path


def test_the_command_line_records_again_or_says_why_not(tmp_path: Path) -> None:
    path = recorded_run(tmp_path / "run").path
    app(["again", str(path), "4", "8"], standalone_mode=False)
    assert set(range(4, 9)) <= set(Run.open(path).steps.tolist())
    assert "got 4 to 99" in refusal(app, ["again", str(path), "4", "99"], standalone_mode=False)
