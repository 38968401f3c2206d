"""Maps over time: how faithful, steady, fast and large, against umap-learn on the same tables."""

import math
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from model_core.projections import aligned_umap_over_time, umap_over_time
from model_core.projections.trust import trustworthiness
from model_core.runs import Run
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer
from tests.benchmarks.rows import Row, at_least, at_most
from tests.support.tables import jump

FRAMES = 44  # of each run
LARGE = (30, 2000, 64)
GROWTH = (500, 1000, 2000, 4000)  # rows, at GROWTH_STEPS steps
GROWTH_STEPS = 6
ROUNDS = 2  # of each, the faster one counts


def map_rows() -> Iterator[Row]:
    """Tiny Shakespeare only where SHAKESPEARE_TXT names the text."""
    yield from large_rows()
    yield from growth_rows()
    yield from frame_rows("scikit-learn's digits", _digits())
    text = os.environ.get("SHAKESPEARE_TXT")
    runs = {"python-docs": None} | ({"Tiny Shakespeare": Path(text).read_text()} if text else {})
    for name, own_text in runs.items():
        vectors = _learned(own_text)
        yield from over_time_rows(name, vectors)
        yield from frame_rows(name, vectors[[0, len(vectors) // 2, -1]])


def over_time_rows(name: str, vectors: np.ndarray) -> Iterator[Row]:
    """All steps of vectors (S, N, C), against AlignedUMAP once it is compiled."""
    steps, rows, _ = vectors.shape
    aligned_umap_over_time(vectors[:3])
    theirs, their_time = _timed(lambda: aligned_umap_over_time(vectors))
    ours, our_time = _timed(lambda: umap_over_time(vectors))
    trusted = [trustworthiness(vectors, layout).mean() for layout in (ours, theirs)]
    jumps = [jump(layout) for layout in (ours, theirs)]
    on = f"map of {name}, {steps} × {rows}, and AlignedUMAP's"
    yield at_least(
        f"{on}: trustworthiness {trusted[0]:.3f} - {trusted[1]:.3f}", trusted[0] - trusted[1],
        0.03, "",
    )  # fmt: skip
    yield at_most(f"{on}: jump {jumps[0]:.3f} / {jumps[1]:.3f}", jumps[0] / jumps[1], 0.2, "×")
    yield at_most(
        f"{on}: time {our_time:.1f} s / {their_time:.1f} s", our_time / their_time, 0.1, "×"
    )


def frame_rows(name: str, vectors: np.ndarray) -> Iterator[Row]:
    """Each step of vectors (S, N, C) alone, against umap-learn's UMAP."""
    from umap import UMAP

    ours = np.concatenate([umap_over_time(step[None]) for step in vectors])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own making: threads
        theirs = np.stack([UMAP(random_state=0).fit_transform(step) for step in vectors])
    trusted = [trustworthiness(vectors, layout).mean() for layout in (ours, theirs)]
    work = f"single maps of {name} and UMAP's: trustworthiness {trusted[0]:.3f} - {trusted[1]:.3f}"
    yield at_least(work, trusted[0] - trusted[1], -0.02, "")


def large_rows() -> Iterator[Row]:
    """A table of many rows, in a process of its own, whose memory is all the map's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        seconds, memory = process.submit(_large).result()
    of = " × ".join(f"{size:,}" for size in LARGE)
    yield at_most(f"map of {of}", seconds, 60, "s")
    yield at_most(f"map of {of}: peak memory", memory, 3, "GB")


def growth_rows() -> Iterator[Row]:
    """Twice the rows against N log N: each ratio of times to 2 log 2N / log N."""
    seconds = []
    for rows in GROWTH:
        vectors = _drifting(GROWTH_STEPS, rows, 64)
        lay_out = partial(umap_over_time, vectors)
        times = [_timed(lay_out)[1] for _ in range(ROUNDS)]
        seconds.append(min(times))
    for (few, short), (many, long) in pairwise(zip(GROWTH, seconds, strict=True)):
        most = round(2 * math.log(many) / math.log(few), 2)
        work = f"map of {many:,} rows / {few:,} rows: time {long:.1f} s / {short:.1f} s"
        yield at_most(work, long / short, most, "×")


def _large() -> tuple[float, float]:
    """Seconds, and the most gigabytes in use."""
    vectors = _drifting(*LARGE)
    _, seconds = _timed(lambda: umap_over_time(vectors))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes, or in KiB on Linux
    return seconds, peak / (1e9 if sys.platform == "darwin" else 1e9 / 1024)


def _timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What was made, and the seconds of one thread of torch, as the map maker has it."""
    torch.set_num_threads(1)  # anew each time: numba sets the threads of both
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def _drifting(steps: int, rows: int, channels: int) -> np.ndarray:
    """Clusters that emerge from noise, (S, N, C)."""
    draw = np.random.default_rng(0)
    centres = 2 * draw.normal(size=(20, channels))[np.arange(rows) % 20]
    noise = draw.normal(size=(rows, channels))
    jitter = 0.05 * draw.normal(size=(steps, rows, channels)).cumsum(0)
    return (noise + jitter + np.linspace(0, 1, steps)[:, None, None] * centres).astype(np.float32)


def _digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return load_digits().data.astype(np.float32)[None]


def _learned(own_text: str | None) -> np.ndarray:
    """The token table of the python-docs preset, on its own text or another: FRAMES steps."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        create_from_preset(path, "python-docs", {}, own_text)
        with only_trainer(path):
            train(path)
        vectors = Run.open(path).token_embeddings()
    some = np.linspace(0, len(vectors) - 1, FRAMES).round().astype(int)
    return vectors[some]


if __name__ == "__main__":
    for row in map_rows():
        print(row, flush=True)
