"""Maps that take time: requested by readers, made by a process of their own, stored in the run."""

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic.dataclasses import dataclass as checked

from model_core.config import MapConfig
from model_core.projections.over_time import OverTime, as_bytes, from_bytes
from model_core.runs import Run
from model_core.runs.files import open_file, read_file
from model_core.runs.storage import (
    WINDOWS,
    FileLock,
    half_written,
    is_locked,
    read_json,
    write_whole,
)

State = Literal["none", "waiting", "working", "done", "failed", "stopped"]
PATIENCE = 1.0  # seconds to wait for a lock that a reader may only be testing
END_TIME = 5.0  # seconds a map maker may take to end
INTEREST = 30.0  # seconds after the last request in which a map grows with its run
MAX_MAPS = 32  # of a run; beyond, the least recently written are deleted


@checked(frozen=True)
class MapStatus:
    """The state of a map's making: the `share` of the work done, `words` for what went wrong.

    `at` is when it was written, in seconds since 1970.
    """

    state: State = "none"
    share: float = 0.0
    words: str = ""
    at: float = 0.0

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "working")


class MapFile:
    """The files of one configuration's map of a run: its data, status and lock.

    They are written into `folder`, by default the run's own `projections`, where a map that came
    with the run is read as well.
    Whoever writes the map or its status holds `lock`, so an active status without a holder was
    left by a process that died. The lock's content is the map maker's process id, its modification
    time that of the last request.
    """

    def __init__(self, run: Path, config: MapConfig, folder: Path | None = None) -> None:
        self.run, self.config = run, config
        self.key = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]
        self.folder = folder or run / "projections"
        self.lock = self.folder / f"{self.key}.lock"
        self._data = self.folder / f"{self.key}.safetensors"
        self._came = run / "projections" / self._data.name
        self._status = self.folder / f"{self.key}.json"

    def read(self, steps: np.ndarray, vectors: np.ndarray) -> OverTime | None:
        """The stored map of vectors (S, N, C), see `from_bytes`; None without any."""
        try:
            data = read_file(self._data if self._data.exists() else self._came)
        except (OSError, ValueError):
            return None
        return from_bytes(data, steps, vectors, self.config.dimensions)

    def write(self, vectors: np.ndarray, made: OverTime) -> None:
        """Store a map of vectors (S, N, C), one table a step, and delete the oldest maps."""
        write_whole(self._data, as_bytes(vectors, made))
        others = set(self.folder.glob("*.safetensors")) - {self._data}
        for old in sorted(others, key=_age)[MAX_MAPS - 1 :]:
            for suffix in (".safetensors", ".json"):
                old.with_suffix(suffix).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Delete the temporary files of a killed map maker; the caller holds the lock."""
        for left in half_written(self.folder, rf"{self.key}\.\w+"):
            left.unlink(missing_ok=True)

    def write_status(self, state: State, share: float = 0.0, words: str = "") -> None:
        """Replace the status; the caller holds the lock."""
        status = {"state": state, "share": share, "words": words, "at": time.time()}
        write_whole(self._status, json.dumps(status).encode(), lasting=False)

    def write_stopped(self) -> None:
        """Replace an active status by "stopped"; the caller holds the lock."""
        written = self._written_status()
        if written.active:
            self.write_status("stopped", written.share, "stopped")

    @property
    def stored(self) -> int:
        """A number that changes when the map is stored."""
        with suppress(OSError):
            return self._data.stat().st_mtime_ns
        return 0

    @property
    def status(self) -> MapStatus:
        """The present status: "failed" when the map maker died, whatever it last wrote."""
        written = self._written_status()
        while written.active and not is_locked(self.lock):
            last, written = written, self._written_status()  # it may just have ended or begun
            if written == last:
                words = f"its process ended unexpectedly at {written.share:.0%}"
                return MapStatus("failed", written.share, words)
        return written

    def _written_status(self) -> MapStatus:
        try:
            return MapStatus(**read_json(self._status))
        except (OSError, ValueError, TypeError):
            return MapStatus()

    def ask(self) -> None:
        """Request the map: start a process that makes or extends it, unless there is one.

        The process inherits the lock, which is held from now on: of many requests at once only one
        starts a process. OSError when the run's folder cannot be written, ValueError when its lock
        is no file.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.lock)
        if is_locked(self.lock) or not lock.acquire(PATIENCE):
            os.utime(self.lock)  # the time of the last request: the map goes on growing
            return
        try:
            self.set_process(None)
            self.write_status("waiting")
            self._start(lock)
        finally:
            lock.release()

    def _start(self, lock: FileLock) -> None:
        assert lock.descriptor is not None, "the lock is taken"
        passed, inherits = [lock.descriptor], ["--lock", str(lock.descriptor)]
        if WINDOWS:  # where no child inherits one
            passed, inherits = [], []
            lock.release()
        process = subprocess.Popen(
            [sys.executable, "-m", "model_core", "map", str(self.run.resolve()), "--config",
             self.config.model_dump_json(), "--into", str(self.folder.resolve()), *inherits],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=passed,
            start_new_session=True,
        )  # fmt: skip
        self.set_process(process.pid)
        threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie

    def set_process(self, process: int | None) -> None:
        """Record the process to stop, which counts as a request; the caller holds the lock."""
        with os.fdopen(open_file(self.lock, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(b"" if process is None else str(process).encode())

    def stop(self) -> None:
        """End the making, if it is under way; what was stored before stays."""
        if not is_locked(self.lock):
            return
        with suppress(ProcessLookupError, ValueError):  # it is ending already
            os.kill(int(read_file(self.lock)), signal.SIGTERM)
        lock = FileLock(self.lock)
        if lock.acquire(END_TIME):
            self.set_process(None)
            self.write_stopped()
            lock.release()

    def clear_status(self) -> None:
        """Delete the status "stopped" or "failed", so that the map may be requested again."""
        self._status.unlink(missing_ok=True)

    def forget(self) -> None:
        """Delete the map, so that it is laid out again."""
        self.stop()
        self._data.unlink(missing_ok=True)
        self._status.unlink(missing_ok=True)

    def requested_recently(self) -> bool:
        """Whether a reader has requested it within INTEREST seconds."""
        return abs(time.time() - self.lock.stat().st_mtime) < INTEREST


def table_of(run: Run, config: MapConfig) -> np.ndarray:
    """The vectors (S, N, C) that a map lays out, at all recorded steps."""
    read = run.token_embeddings if config.table == "tokens" else run.position_embeddings
    return read(config.rows or None)


def _age(path: Path) -> float:
    """Seconds since it was written; infinite when it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
