"""Maps that take time: asked for by readers, made by a process of their own, kept in the run."""

import hashlib
import json
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

from model_core.config import MapConfig
from model_core.projections.trust import Trust
from model_core.runs import Run
from model_core.snapshots import pack, unpack
from model_core.storage import is_locked, read_json, write_whole

State = Literal["none", "waiting", "working", "done", "failed", "stopped"]
START_TIME = 20.0  # seconds a map maker may take from its start to its lock
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


@dataclass(frozen=True)
class MapStatus:
    """How the making of a map stands; `share` of the work is done, `words` say what went wrong."""

    state: State = "none"
    share: float = 0.0
    words: str = ""
    pid: int = 0
    at: float = 0.0

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "working")


class MapFile:
    """Where the map of one configuration lies in a run, and how its making stands."""

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
            arrays = {key: value.numpy() for key, value in unpack(self._data.read_bytes()).items()}
            known, sums, places = (arrays[name] for name in ("steps", "sums", "places"))
            judged = Trust(*(arrays[name] for name in Trust.__dataclass_fields__))
            pieces = int(arrays["pieces"].item())
        except (OSError, ValueError, KeyError):
            return None
        now = dict(zip(steps.tolist(), checksums(vectors), strict=True))
        same = [now.get(step) == mark for step, mark in zip(known.tolist(), sums, strict=True)]
        if not any(same) or places.shape[1] != vectors.shape[1]:
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
        others = sorted(self.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        for old in others[:-KEPT]:
            for suffix in (".safetensors", ".json"):
                old.with_suffix(suffix).unlink(missing_ok=True)

    def say(self, state: State, share: float = 0.0, words: str = "") -> None:
        """Called by the map maker, and by whoever starts or stops it."""
        status = {"state": state, "share": share, "words": words, "pid": os.getpid()}
        data = json.dumps(status | {"at": time.time()}).encode()
        write_whole(self._status, data, lasting=False)

    @property
    def status(self) -> MapStatus:
        """As it is true now: a map maker that died is not working, whatever it last wrote."""
        try:
            status = MapStatus(**read_json(self._status))
        except (ValueError, TypeError):
            return MapStatus()
        starting = status.state == "waiting" and abs(time.time() - status.at) < START_TIME
        if not status.active or starting or is_locked(self.lock):
            return status
        words = f"its process ended unexpectedly at {status.share:.0%}"
        return MapStatus("failed", status.share, words)

    def ask(self) -> None:
        """Have the map made or grown, in a process of its own unless one is at it.

        OSError when the run's folder cannot be written.
        """
        self.folder.mkdir(exist_ok=True)
        if is_locked(self.lock):
            os.utime(self.lock)  # somebody looks: go on growing
            return
        self.say("waiting")
        process = subprocess.Popen(
            [sys.executable, "-m", "model_core", "map", str(self.run.resolve()), "--config",
             self.config.model_dump_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie behind

    def stop(self) -> None:
        """End the making; what is laid out stays. Nothing when nobody is at it."""
        status = self.status
        if status.active and is_locked(self.lock):
            with suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGTERM)
            self.say("stopped", status.share, "stopped")

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
