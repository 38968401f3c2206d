"""The status that a trainer writes, and the requests of readers, in the run directory."""

import json
import os
import re
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from model_core.config import MAX_STEPS
from model_core.runs.files import open_file, read_file
from model_core.runs.storage import is_locked, read_json, write_whole

State = Literal["queued", "running", "paused", "finished", "stopped", "diverged", "failed"]
Request = Literal["run", "pause", "stop"]
Steps = Annotated[int, Field(ge=0, le=MAX_STEPS)]
Number = Annotated[float, Field(allow_inf_nan=False)]
ACTIVE: tuple[State, ...] = ("queued", "running", "paused")
SILENCE = 4.0  # seconds without a heartbeat before a living trainer counts as not responding
SILENT = "not responding"
START_TIME = 20.0  # seconds a trainer may take from its start until it holds its lock


def one_line(words: str) -> str:
    """Words fit for the screen, whatever a file holds: printable, 200 characters at most."""
    return "".join(one if one.isprintable() else " " for one in words[:200])


Words = Annotated[str, AfterValidator(one_line)]


@dataclass(frozen=True)
class Status:
    """The state of a training.

    `step` of `steps` optimizer steps are done; `train_loss` in nats per token; `seconds_left` is
    an estimate; `heartbeat` and `queued_at` are seconds since 1970; `words` describe what happened.
    """

    state: State = "queued"
    step: Steps = 0
    steps: Steps = 0
    train_loss: Number | None = None
    tokens_per_second: Number | None = None
    seconds_left: Number | None = None
    words: Words = ""
    heartbeat: Number = 0.0
    queued_at: Number = 0.0

    @property
    def active(self) -> bool:
        """Whether a trainer is queued, running or paused."""
        return self.state in ACTIVE

    @property
    def standing(self) -> str:
        """The state as displayed: one that does not respond is not said to run."""
        return SILENT if self.active and self.words.startswith(SILENT) else self.state


def write_status(folder: Path, status: Status) -> None:
    """Called by the trainer, the only owner of a run's status.

    A running trainer does not wait for the disk: it writes the next status half a second later, and
    no recorded step depends on one.
    """
    stamped = replace(status, heartbeat=time.time())
    data = json.dumps(asdict(stamped), allow_nan=False).encode()
    try:
        write_whole(folder / "status.json", data, lasting=status.state != "running")
    except OSError:
        if status.active:
            raise
        _write_over(folder / "status.json", data)  # why it ended must be said all the same


def _write_over(path: Path, data: bytes) -> None:
    """Over the old content, filled up with spaces: that needs no space on a full disk."""
    descriptor = open_file(path, os.O_WRONLY)
    try:
        os.write(descriptor, data.ljust(os.fstat(descriptor).st_size))
    finally:
        os.close(descriptor)


def read_status(folder: Path) -> Status:
    """The present status: "stopped" when the trainer died, whatever it last wrote."""
    try:
        status = Status(**read_json(folder / "status.json"))
    except (ValueError, TypeError):
        return Status(
            "failed", words="status.json is missing or damaged; recorded steps still open"
        )
    silent = abs(time.time() - status.heartbeat)  # the clock may have been set back
    if not status.active:
        return status
    if is_locked(folder / "trainer.lock"):
        silent = min(silent, abs(time.time() - _beaten(folder)))
        if silent > SILENCE:
            since = time.strftime("%H:%M:%S", time.localtime(time.time() - silent))
            return replace(status, words=f"{SILENT} since {since}")
        return status
    if status.state == "queued" and silent < START_TIME:
        return status
    return replace(
        status,
        state="stopped",
        words=f"stopped unexpectedly at step {status.step:,}; resume continues from "
        "the step saved last",
    )


def beat(folder: Path) -> None:
    """Tell readers that the trainer, which holds its lock, is alive: also within a long step."""
    os.utime(folder / "trainer.lock")


def _beaten(folder: Path) -> float:
    try:
        return (folder / "trainer.lock").stat().st_mtime
    except OSError:
        return 0.0


def write_request(folder: Path, request: Request, *, after: int | None = None) -> None:
    """Request the trainer of a run to pause, continue or stop; to pause `after` a step is done.

    It reads requests between steps, at most every half second."""
    words = request if after is None else f"{request} {after}"
    write_whole(folder / "request", words.encode())


def read_request(folder: Path) -> Request:
    return _asked(folder)[0]


def pause_after(folder: Path) -> int:
    """The step that is still to be done before a pause; -1 for none."""
    return _asked(folder)[1]


def _asked(folder: Path) -> tuple[Request, int]:
    try:
        text = read_file(folder / "request")
    except (OSError, ValueError):
        return "run", -1
    if pause := re.fullmatch(rb"pause(?: (\d{1,9}))?", text):
        return "pause", int(pause[1] or -1)
    return ("stop" if text == b"stop" else "run"), -1
