"""Locks for training: one process a run, and a limited number of runs of a folder at a time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

from model_core.runs.status import beat, read_request, read_status, write_status
from model_core.runs.storage import FileLock, is_locked

POLL = 0.2  # seconds between two tries for a free slot
BEAT = 2.0  # seconds between two heartbeats while waiting


def slots() -> int:
    """How many runs of one folder train at a time: DRIFTSCOPE_TRAINERS, else half the cores."""
    setting = os.environ.get("DRIFTSCOPE_TRAINERS", "")
    if setting.isdecimal() and int(setting):
        return int(setting)
    return max(1, (os.cpu_count() or 1) // 2)


class Turn:
    """A slot among the trainers of a runs folder; left while paused, freed with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slot: FileLock | None = None

    def take(self) -> bool:
        """Wait for a slot, after those queued before; False when requested to stop."""
        last_beat = 0.0
        while read_request(self._folder) != "stop":
            if queued_before(self._folder) == 0 and self._take_slot():
                if queued_before(self._folder) == 0:
                    return True
                self.leave()  # an earlier one arrived between the look and the slot
            if time.monotonic() - last_beat > BEAT:
                status = replace(read_status(self._folder), state="queued", words="")
                write_status(self._folder, status)
                last_beat = time.monotonic()
            time.sleep(POLL)
        return False

    def leave(self) -> None:
        if self._slot:
            self._slot.release()
            self._slot = None

    def _take_slot(self) -> bool:
        slot_folder = self._folder.parent / ".slots"
        slot_folder.mkdir(exist_ok=True)
        for number in range(slots()):
            slot = FileLock(slot_folder / f"{number}.lock")
            if slot.acquire():
                self._slot = slot
                return True
        return False


def queued_before(folder: Path) -> int:
    """How many live trainers of the same runs folder were queued before this one."""
    own = read_status(folder).queued_at
    others = (path.parent for path in folder.parent.glob("*/trainer.lock") if path.parent != folder)
    waiting = [read_status(other) for other in others if is_locked(other / "trainer.lock")]
    return sum(status.state == "queued" and status.queued_at < own for status in waiting)


@contextmanager
def only_trainer(folder: Path, patience: float = 1.0) -> Iterator[None]:
    """Hold the lock to train the run in `folder`; ValueError when another process has it."""
    lock = FileLock(folder / "trainer.lock")
    if not lock.acquire(patience):
        raise ValueError(f"run {folder.name} is already being trained by another process")
    ended = Event()
    heart = Thread(target=_beat, args=(folder, ended), daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
        lock.release()


def _beat(folder: Path, ended: Event) -> None:
    """Beat once a second, whatever the trainer computes; a folder that is gone hears none."""
    with suppress(OSError):
        beat(folder)
        while not ended.wait(1.0):
            beat(folder)
