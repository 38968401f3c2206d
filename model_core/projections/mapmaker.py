"""Makes a map of a run in a process of its own, and lets it grow while the run is trained."""

import os
import time
from pathlib import Path

import numpy as np
import torch

from model_core.config import MapConfig
from model_core.projections import (
    aligned_umap_over_time,
    trust,
    tsne_over_time,
    umap_over_time,
)
from model_core.projections.joint import Progress
from model_core.projections.maps import PATIENCE, MapFile, OverTime, table_of
from model_core.projections.trust import Trust
from model_core.runs import Run, runs_folder
from model_core.runs.status import read_status
from model_core.runs.storage import FileLock

POLL = 0.2  # seconds between two looks at what others do
SAID = 0.2  # seconds between two words of progress


def make_map(folder: Path, config: MapConfig, lock: int | None = None) -> None:
    """Lay out what is missing of a map, and what the run adds while somebody looks at it.

    One map is made at a time. Nothing when another process is at this one already; `lock` is the
    descriptor of the map's lock when this process has inherited it, and gives up its place in the
    queue once nobody looks any more. What cannot be laid out is said in its status; ValueError and
    OSError as well.
    """
    torch.set_num_threads(1)  # more of them wait for each other, and for a training beside them
    file = MapFile(folder, config)
    file.folder.mkdir(exist_ok=True)
    mine = FileLock(file.lock)
    mine.descriptor = lock
    if lock is None and not mine.acquire(PATIENCE):
        return
    try:
        file.made_by(os.getpid())
        file.tidy()
        _follow(file, patient=lock is None)
    except (ValueError, OSError) as error:
        words = (error.strerror or "") if isinstance(error, OSError) else str(error)
        file.say("failed", words=words)
        raise
    except KeyboardInterrupt:
        file.say_stopped()
        raise
    finally:
        assert mine.descriptor is not None, "the lock is taken"
        os.ftruncate(mine.descriptor, 0)  # nobody is to be stopped any more
        mine.release()


def _follow(file: MapFile, *, patient: bool) -> None:
    """Lay out what is there now, and what comes while the run is trained and somebody looks.

    If not `patient`, only while somebody looks.
    """
    seen: list[int] | None = None
    while True:
        active = read_status(file.run).active  # asked first: what comes later is in the next round
        if active and file.config.method == "aligned":
            raise ValueError(
                "AlignedUMAP cannot grow with its run; choose UMAP, or wait for the end"
            )
        run = Run.open(file.run)
        if run.steps.tolist() != seen:  # to read a large table takes its time
            if not _complete(file, run, patient):
                file.pardon()
                return
            seen = run.steps.tolist()
        if not (active and file.looked_at()):
            return
        time.sleep(POLL)


def _complete(file: MapFile, run: Run, patient: bool) -> bool:
    """Lay out those of the recorded steps that are not; False when nobody waited for it."""
    vectors = table_of(run, file.config)
    known = file.read(run.steps, vectors)
    if known is None or len(known.steps) < len(run.steps):
        turn = _turn(file, patient)
        if turn is None:
            return False
        try:
            file.say("working")
            file.write(vectors, _grown(run.steps, vectors, known, file))
        finally:
            turn.release()
    file.say("done", 1.0)
    return True


def _turn(file: MapFile, patient: bool) -> FileLock | None:
    """Wait until no other map is made; None once nobody looks any more."""
    places = runs_folder() / ".slots"
    places.mkdir(parents=True, exist_ok=True)
    turn = FileLock(places / "map.lock")
    while not turn.acquire():
        if not (patient or file.looked_at()):
            return None
        file.say("waiting")
        time.sleep(POLL)
    return turn


def _grown(
    steps: np.ndarray, vectors: np.ndarray, known: OverTime | None, file: MapFile
) -> OverTime:
    """The map of all steps (S,); what is known of it stays, with its judgement."""
    places = np.full((*vectors.shape[:2], file.config.dimensions), np.nan, np.float32)
    there = np.zeros(len(steps), bool)
    if known:
        there = np.isin(steps, known.steps)
        places[there] = known.places
    said = time.monotonic()

    def progress(share: float) -> None:
        nonlocal said
        if time.monotonic() - said > SAID:
            file.say("working", share)
            said = time.monotonic()

    places = _lay_out(file.config, steps, vectors, places if known else None, progress)
    if not known or file.config.method == "aligned":  # which lays out all steps anew
        return OverTime(steps, places, trust(vectors, places, file.config.n_neighbors), 1)
    first = int(np.argmin(there))  # the first new step; judgement looks one step back
    begin = max(first - 1, 0)
    judged = trust(vectors[begin:], places[begin:], file.config.n_neighbors)
    parts = [known.trust.only(np.arange(first)), judged.only(np.arange(first, len(steps)) - begin)]
    return OverTime(steps, places, Trust.joined(parts), known.pieces + 1)


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
