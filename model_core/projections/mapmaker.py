"""Makes a map of a run in a process of its own, and extends it while the run is trained."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from model_core.config import MapConfig
from model_core.projections import (
    Chance,
    aligned_umap_over_time,
    chance,
    trust,
    tsne_over_time,
    umap_over_time,
)
from model_core.projections.joint import Progress
from model_core.projections.maps import PATIENCE, MapFile, table_of
from model_core.projections.over_time import OverTime
from model_core.projections.trust import Trust
from model_core.runs import Run, runs_folder
from model_core.runs.status import read_status
from model_core.runs.storage import FileLock

POLL = 0.2  # seconds between two reads of the run, its status and the locks
REPORT_EVERY = 0.2  # seconds between two writes of the share done
SHUFFLES = 3  # of two steps: laid out in a few seconds
SENTENCE, SAID = 200, 120  # characters of an error, and of a library's words in one


def make_map(
    folder: Path, config: MapConfig, lock: int | None = None, into: Path | None = None
) -> None:
    """Lay out the missing steps of a map, and those the run adds while readers request it.

    The files go `into` a folder, by default the run's own. One map of a runs folder is made at a
    time. Does nothing when another process makes this one. `lock` is the descriptor of the map's
    lock when this process has inherited it; such a process leaves the queue once readers no longer
    request the map. Any error is recorded in the map's status, in one sentence, and raised:
    ValueError for what cannot be laid out, or OSError.
    """
    torch.set_num_threads(1)  # more threads wait for each other, and for a training beside them
    file = MapFile(folder, config, into)
    file.folder.mkdir(parents=True, exist_ok=True)
    mine = FileLock(file.lock)
    mine.descriptor = lock
    if lock is None and not mine.acquire(PATIENCE):
        return
    try:
        file.set_process(os.getpid())
        file.tidy()
        _follow(file, patient=lock is None)
    except Exception as error:  # of any type: a library's must end the map as well
        words = _sentence(error, config)
        file.write_status("failed", words=words)
        if isinstance(error, (ValueError, OSError)):
            raise
        raise ValueError(words) from error
    except KeyboardInterrupt:
        file.write_stopped()
        raise
    finally:
        assert mine.descriptor is not None, "the lock is taken"
        os.ftruncate(mine.descriptor, 0)  # no process to stop any more
        mine.release()


def _sentence(error: Exception, config: MapConfig) -> str:
    """What went wrong, on one line; what is neither ours nor the disk's, a library raised."""
    if isinstance(error, OSError):
        return error.strerror or ""
    said = " ".join(str(error).split())
    if isinstance(error, ValueError):
        return said[:SENTENCE]
    kind = type(error).__name__
    return f"{config.method} failed with {kind}: {said[:SAID]}; choose another map"


def _follow(file: MapFile, *, patient: bool) -> None:
    """Lay out the recorded steps, and new ones while the run trains and readers request the map.

    If not `patient`, waits for its turn only as long as readers request the map.
    """
    done: list[int] | None = None
    while True:
        active = read_status(file.run).active  # read before the steps: none is missed
        if active and file.config.method == "aligned":
            raise ValueError(
                "AlignedUMAP cannot grow with its run; choose UMAP, or wait for the end"
            )
        run = Run.open(file.run)
        if run.steps.tolist() != done:  # reading a large table takes long
            if not _complete(file, run, patient):
                file.clear_status()
                return
            done = run.steps.tolist()
        if not (active and file.requested_recently()):
            return
        time.sleep(POLL)


def _complete(file: MapFile, run: Run, patient: bool) -> bool:
    """Lay out the recorded steps that are missing; False without a turn, see `_turn`."""
    vectors = table_of(run, file.config)
    known = file.read(run.steps, vectors)
    if known is None or not known.is_whole(run.steps):
        turn = _turn(file, patient)
        if turn is None:
            return False
        try:
            file.write_status("working")
            made = known
            if made is None or len(made.steps) < len(run.steps):
                made = _grown(run.steps, vectors, known, file)
                file.write(vectors, made)
            if not made.is_whole(run.steps):
                measured = _by_chance(file.config, run.steps, vectors)
                file.write(vectors, replace(made, chance=measured))
        finally:
            turn.release()
    file.write_status("done", 1.0)
    return True


def _turn(file: MapFile, patient: bool) -> FileLock | None:
    """Wait until no other map is made; None once readers no longer request this one."""
    slots = runs_folder() / ".slots"
    slots.mkdir(parents=True, exist_ok=True)
    turn = FileLock(slots / "map.lock")
    while not turn.acquire():
        if not (patient or file.requested_recently()):
            return None
        file.write_status("waiting")
        time.sleep(POLL)
    return turn


def _grown(
    steps: np.ndarray, vectors: np.ndarray, known: OverTime | None, file: MapFile
) -> OverTime:
    """The map of all steps (S,); `known` steps are not laid out again, except by AlignedUMAP."""
    layout = np.full((*vectors.shape[:2], file.config.dimensions), np.nan, np.float32)
    is_known = np.zeros(len(steps), bool)
    if known:
        is_known = np.isin(steps, known.steps)
        layout[is_known] = known.layout
    reported = time.monotonic()

    def progress(share: float) -> None:
        nonlocal reported
        if time.monotonic() - reported > REPORT_EVERY:
            file.write_status("working", share)
            reported = time.monotonic()

    layout = _lay_out(file.config, steps, vectors, layout if known else None, progress)
    if not known or file.config.method == "aligned":  # which lays out all steps again
        return OverTime(steps, layout, trust(vectors, layout, file.config.n_neighbors), 1)
    first = int(np.argmin(is_known))  # the first new step; movement needs the step before
    begin = max(first - 1, 0)
    new = trust(vectors[begin:], layout[begin:], file.config.n_neighbors)
    parts = [known.trust.only(np.arange(first)), new.only(np.arange(first, len(steps)) - begin)]
    return OverTime(steps, layout, Trust.joined(parts), known.pieces + 1, known.chance)


def _by_chance(config: MapConfig, steps: np.ndarray, vectors: np.ndarray) -> Chance:
    """What the method makes of shuffled rows of the first and the last step, none held by another.

    UMAP lays out all of them at once, which takes as long as one. AlignedUMAP lays out the two
    steps of a table together: it compiles at each call.
    """

    def lay_out(tables: Iterator[np.ndarray], at: np.ndarray) -> np.ndarray:
        ends = np.stack([table[at] for table in tables])  # (K, A, N, C)
        shape = (*ends.shape[:3], config.dimensions)
        loose = config.replaced(smoothness=0.0)
        parts = ends if config.method == "aligned" else ends.reshape(-1, 1, *ends.shape[2:])
        if config.method == "umap":
            parts = ends.reshape(1, -1, *ends.shape[2:])
        steps = np.arange(parts.shape[1])
        made = [_lay_out(loose, steps, part, None, lambda share: None) for part in parts]
        return np.concatenate(made).reshape(shape)

    return chance(vectors, steps, lay_out, anchors=2, shuffles=SHUFFLES)


def _lay_out(
    config: MapConfig,
    steps: np.ndarray,
    vectors: np.ndarray,
    known: np.ndarray | None,
    progress: Progress,
) -> np.ndarray:
    common = {
        "n_neighbors": config.n_neighbors,
        "dimensions": config.dimensions,
        "seed": config.seed,
    }
    match config.method:
        case "umap":
            return umap_over_time(
                vectors,
                **common,
                min_dist=config.min_dist,
                smoothness=config.smoothness,
                steps=steps,
                known=known,
                progress=progress,
            )
        case "tsne":
            return tsne_over_time(
                vectors,
                **common,
                known=known,
                progress=progress,
            )
        case "aligned":
            return aligned_umap_over_time(
                vectors,
                **common,
                min_dist=config.min_dist,
            )
