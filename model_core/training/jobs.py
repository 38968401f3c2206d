"""Start, list and stop trainings: each in a process of its own, identified by its run directory."""

import math
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import time
from typing import NamedTuple

from model_core.runs import list_runs
from model_core.runs.files import appending
from model_core.runs.status import Status, read_status, write_request, write_status
from model_core.runs.storage import is_locked
from model_core.training.turns import slots


def start(folder: Path) -> None:
    """Train the run in `folder`, new or interrupted, in a new process, which queues for its turn.

    The process has its own session and outlives its parent. ValueError when the run is being
    trained already.
    """
    _start(folder, "resume")


def again(folder: Path, first: int, last: int) -> None:
    """Record the steps from `first` to `last` of a run once more, every one, in a new process.

    ValueError when the run is being trained.
    """
    _start(folder, "again", str(first), str(last))


def _start(folder: Path, command: str, *arguments: str) -> None:
    if is_locked(folder / "trainer.lock"):
        raise ValueError(f"run {folder.name} is already being trained")
    write_request(folder, "run")
    write_status(folder, replace(read_status(folder), state="queued", words="", queued_at=time()))
    with appending(folder / "trainer.log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_core", command, str(folder.resolve()), *arguments]
            + ["--queue"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie


def active(folder: Path) -> dict[str, Status]:
    """The trainings at work, queued or paused in a runs folder, by name, oldest first."""
    statuses = {name: read_status(folder / name) for name in list_runs(folder)}
    return {name: status for name, status in statuses.items() if status.active}


class Line(NamedTuple):
    """The trainings of a runs folder that are at work, and those that wait for a turn."""

    training: Mapping[str, Status]
    waiting: Sequence[str]

    @property
    def is_free(self) -> bool:
        """Whether the next one has its turn at once."""
        return len(self.training) + len(self.waiting) < slots()


def line(folder: Path, queued_at: float = math.inf) -> Line:
    """Who trains in a runs folder now, and who waits that was queued before `queued_at`."""
    statuses = active(folder)
    return Line(
        {name: status for name, status in statuses.items() if status.state == "running"},
        [
            name
            for name, status in statuses.items()
            if status.state == "queued" and status.queued_at < queued_at
        ],
    )


def pause(folder: Path) -> None:
    """Pause a training after its present step; nothing is lost."""
    write_request(folder, "pause")


def resume(folder: Path) -> None:
    """Resume a paused training."""
    write_request(folder, "run")


def step(folder: Path) -> None:
    """Take one optimizer step of a paused training, record it, and stay paused.

    Asked for again before it is taken, as by a double click, it is the same step.
    """
    write_request(folder, "pause", after=read_status(folder).step + 1)


def stop(folder: Path) -> None:
    """End a training at its present step, which is recorded; it can be resumed later."""
    write_request(folder, "stop")
