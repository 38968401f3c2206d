"""Who may train: one process a run, and so many runs of a folder at a time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from model_core.runs.status import read_request, read_status, write_status
from model_core.runs.storage import FileLock, is_locked

POLL = 0.2  # seconds between two tries for a free slot
BEAT = 2.0  # seconds between two signs of life while waiting


def slots() -> int:
    """How many runs of one folder train at a time: DRIFTSCOPE_TRAINERS, else half the cores."""
    asked = os.environ.get("DRIFTSCOPE_TRAINERS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return max(1, (os.cpu_count() or 1) // 2)


class Turn:
    """A place among the trainers of a runs folder; left while paused, freed by any death."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slot: FileLock | None = None

    def take(self) -> bool:
        """Wait for a place, queued behind those who came before; False when asked to stop."""
        beaten = 0.0
        while read_request(self._folder) != "stop":
            if place_in_queue(self._folder) == 0 and self._sit():
                return True
            if time.monotonic() - beaten > BEAT:
                status = replace(read_status(self._folder), state="queued", words="")
                write_status(self._folder, status)
                beaten = time.monotonic()
            time.sleep(POLL)
        return False

    def leave(self) -> None:
        if self._slot:
            self._slot.release()
            self._slot = None

    def _sit(self) -> bool:
        places = self._folder.parent / ".slots"
        places.mkdir(exist_ok=True)
        for number in range(slots()):
            slot = FileLock(places / f"{number}.lock")
            if slot.acquire():
                self._slot = slot
                return True
        return False


def place_in_queue(folder: Path) -> int:
    """How many living trainers of the same runs folder wait longer than this one."""
    mine = read_status(folder).queued_at
    others = (path.parent for path in folder.parent.glob("*/trainer.lock") if path.parent != folder)
    waiting = [read_status(other) for other in others if is_locked(other / "trainer.lock")]
    return sum(status.state == "queued" and status.queued_at < mine for status in waiting)


@contextmanager
def only_trainer(folder: Path, patience: float = 1.0) -> Iterator[None]:
    """Be the one process that trains the run in `folder`; ValueError when another is."""
    lock = FileLock(folder / "trainer.lock")
    if not lock.acquire(patience):
        raise ValueError(f"run {folder.name} is already being trained by another process")
    try:
        yield
    finally:
        lock.release()
