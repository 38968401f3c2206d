"""Maps that take time: asked for by readers, made by a process of their own, kept in the run."""

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic.dataclasses import dataclass as checked

from model_core.config import MapConfig
from model_core.projections.trust import Trust
from model_core.runs import Run
from model_core.runs.snapshots import pack, unpack
from model_core.runs.storage import FileLock, is_locked, read_json, write_whole

State = Literal["none", "waiting", "working", "done", "failed", "stopped"]
PATIENCE = 1.0  # seconds for a lock that somebody may only be asking about
END_TIME = 5.0  # seconds a map maker may take to end
INTEREST = 30.0  # seconds after the last question in which a map grows with its run
KEPT = 32  # maps of a run; those not made or grown for longest go


@dataclass(frozen=True)
class OverTime:
    """A map of N rows at the K recorded `steps` (K,) that are laid out: places (K, N, D).

    `trust` says how far each step can be trusted. `pieces`: how many times it was laid out; more
    than one when it grew with its run.
    """

    steps: np.ndarray
    places: np.ndarray
    trust: Trust
    pieces: int


@checked(frozen=True)
class MapStatus:
    """How the making of a map stands; `share` of the work is done, `words` say what went wrong."""

    state: State = "none"
    share: float = 0.0
    words: str = ""
    at: float = 0.0

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "working")


class MapFile:
    """Where the map of one configuration lies in a run, and how its making stands.

    Whoever writes the map or its status holds `lock` meanwhile, so an active status without a
    holder is that of a process that died. The lock's content is the map maker's process, its time
    the last one when somebody asked for the map.
    """

    def __init__(self, run: Path, config: MapConfig) -> None:
        self.run, self.config = run, config
        self.key = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]
        self.folder = run / "projections"
        self.lock = self.folder / f"{self.key}.lock"
        self._data = self.folder / f"{self.key}.safetensors"
        self._status = self.folder / f"{self.key}.json"

    def read(self, steps: np.ndarray, vectors: np.ndarray) -> OverTime | None:
        """What is laid out of vectors (S, N, C) at steps (S,); None when nothing is.

        A step counts only if its rows are those that were laid out: each has a checksum.
        """
        try:
            arrays = {key: value.numpy() for key, value in unpack(_plain(self._data)).items()}
            known, sums, places = (arrays[name] for name in ("steps", "sums", "places"))
            judged = Trust(*(arrays[name] for name in Trust.__dataclass_fields__))
            pieces = int(arrays["pieces"].item())
        except (OSError, ValueError, TypeError, KeyError, OverflowError):
            return None
        count, table = (known.size,), (known.size, vectors.shape[1])
        fitting = [count, count, (*table, self.config.dimensions), count, count, table, table]
        parts = (known, sums, places, *vars(judged).values())
        if [part.shape for part in parts] != fitting or (np.diff(known) <= 0).any():
            return None
        now = dict(zip(steps.tolist(), checksums(vectors), strict=True))
        same = [now.get(step) == mark for step, mark in zip(known.tolist(), sums, strict=True)]
        if not any(same):
            return None
        return OverTime(known[same], places[same], judged.only(np.flatnonzero(same)), pieces)

    def write(self, vectors: np.ndarray, made: OverTime) -> None:
        """Keep a map of vectors (S, N, C), one for each of its steps; old maps make room."""
        arrays = {
            "steps": made.steps,
            "sums": np.array(checksums(vectors)),
            "places": made.places,
            "pieces": np.array([made.pieces]),
            **vars(made.trust),
        }
        tensors = {name: torch.as_tensor(np.ascontiguousarray(a)) for name, a in arrays.items()}
        write_whole(self._data, pack(tensors))
        others = set(self.folder.glob("*.safetensors")) - {self._data}
        for old in sorted(others, key=_age)[KEPT - 1 :]:
            for suffix in (".safetensors", ".json"):
                old.with_suffix(suffix).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Called by who holds the lock: throws away what a killed map maker left half written."""
        for left in self.folder.glob(f".{self.key}.*"):
            left.unlink(missing_ok=True)

    def say(self, state: State, share: float = 0.0, words: str = "") -> None:
        """Called by who holds the lock."""
        status = {"state": state, "share": share, "words": words, "at": time.time()}
        write_whole(self._status, json.dumps(status).encode(), lasting=False)

    def say_stopped(self) -> None:
        """Called by who holds the lock; nothing when the map was done."""
        said = self._said()
        if said.active:
            self.say("stopped", said.share, "stopped")

    @property
    def status(self) -> MapStatus:
        """As it is true now: a map maker that died is not working, whatever it last wrote."""
        said = self._said()
        while said.active and not is_locked(self.lock):
            last, said = said, self._said()  # it may have ended, or begun, between two looks
            if said == last:
                words = f"its process ended unexpectedly at {said.share:.0%}"
                return MapStatus("failed", said.share, words)
        return said

    def _said(self) -> MapStatus:
        try:
            return MapStatus(**read_json(self._status))
        except (OSError, ValueError, TypeError):
            return MapStatus()

    def ask(self) -> None:
        """Have the map made or grown, in a process of its own unless one is at it.

        The process inherits the lock: from now on it is held, and of many who ask one starts it.
        OSError when the run's folder cannot be written.
        """
        self.folder.mkdir(exist_ok=True)
        lock = FileLock(self.lock)
        if is_locked(self.lock) or not lock.acquire(PATIENCE):
            os.utime(self.lock)  # somebody looks: go on growing
            return
        try:
            self.made_by(None)
            self.say("waiting")
            self._start(lock)
        finally:
            lock.release()

    def _start(self, lock: FileLock) -> None:
        assert lock.descriptor is not None, "the lock is taken"
        process = subprocess.Popen(
            [sys.executable, "-m", "model_core", "map", str(self.run.resolve()), "--config",
             self.config.model_dump_json(), "--lock", str(lock.descriptor)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock.descriptor],
            start_new_session=True,
        )  # fmt: skip
        self.made_by(process.pid)
        threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie behind

    def made_by(self, process: int | None) -> None:
        """Called by who holds the lock: says whom to stop, and that somebody looks."""
        self.lock.write_text("" if process is None else str(process))

    def stop(self) -> None:
        """End the making; what is laid out stays. Nothing when nobody is at it."""
        if not is_locked(self.lock):
            return
        with suppress(ProcessLookupError, ValueError):  # it is ending already
            os.kill(int(self.lock.read_text()), signal.SIGTERM)
        lock = FileLock(self.lock)
        if lock.acquire(END_TIME):
            self.made_by(None)
            self.say_stopped()
            lock.release()

    def pardon(self) -> None:
        """Forget that it was stopped or has failed: it may be asked for again."""
        self._status.unlink(missing_ok=True)

    def forget(self) -> None:
        """Throw the map away, to be laid out anew."""
        self.stop()
        self._data.unlink(missing_ok=True)
        self._status.unlink(missing_ok=True)

    def looked_at(self) -> bool:
        """Whether somebody asked for it not long ago."""
        return abs(time.time() - self.lock.stat().st_mtime) < INTEREST


def table_of(run: Run, config: MapConfig) -> np.ndarray:
    """The vectors (S, N, C) that a map shows, at all recorded steps."""
    read = run.token_embeddings if config.table == "tokens" else run.position_embeddings
    return read(config.rows or None)


def checksums(vectors: np.ndarray) -> list[int]:
    """One number a step of vectors (S, N, C), different when any of its numbers is."""
    return [zlib.crc32(np.ascontiguousarray(step).data) for step in vectors]


def _plain(path: Path) -> bytes:
    """A regular file's content; OSError when it is none."""
    if not path.is_file():
        raise FileNotFoundError(path.name)
    return path.read_bytes()


def _age(path: Path) -> float:
    """Seconds since it was written; endless when it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
