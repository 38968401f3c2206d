"""Start, list and stop trainings: each in a process of its own, identified by its run directory."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from time import time

from model_core.runs import list_runs
from model_core.runs.status import Status, read_status, write_request, write_status
from model_core.runs.storage import is_locked


def start(folder: Path) -> None:
    """Train the run in `folder`, new or interrupted, in a new process, which queues for its turn.

    The process has its own session and outlives its parent. ValueError when the run is being
    trained already.
    """
    if is_locked(folder / "trainer.lock"):
        raise ValueError(f"run {folder.name} is already being trained")
    write_request(folder, "run")
    write_status(folder, replace(read_status(folder), state="queued", words="", queued_at=time()))
    with (folder / "trainer.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_core", "resume", str(folder.resolve()), "--queue"],
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


def pause(folder: Path) -> None:
    """Pause a training after its present step; nothing is lost."""
    write_request(folder, "pause")


def go_on(folder: Path) -> None:
    """Continue a paused training."""
    write_request(folder, "run")


def stop(folder: Path) -> None:
    """End a training at its present step, which is recorded; it can be resumed later."""
    write_request(folder, "stop")
