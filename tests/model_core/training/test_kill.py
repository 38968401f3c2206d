"""A trainer killed at random moments: the run always opens, and ends as if nothing had happened."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from model_core.__main__ import app
from model_core.runs import Run, read_metrics
from model_core.runs.status import read_status
from model_core.runs.storage import is_locked
from model_core.training import loop
from tests.support.runs import history, new_run
from tests.support.waiting import wait_until

# half of the steps are recorded, so that much of the time goes into writing
KILLS = int(os.environ.get("DRIFTSCOPE_KILLS", "20"))
BUSY: dict[str, Any] = {
    **{"steps": 60 * KILLS, "snapshots": 35 * KILLS, "n_layer": 1},
    **{"norm": "batch", "dropout": 0.1},
}
SAVED_EVERY = 0.5  # seconds between saves for resuming: often, so that kills fall into them
# Each trainer is a process of its own, forked where torch is imported: that takes a second or two.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["model_core.training.loop", __name__])


def resume(path: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "model_core", "resume", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def written(path: Path) -> int:
    """Bytes of metrics: they grow while training, and shrink when a new trainer starts."""
    try:
        return (path / "metrics.jsonl").stat().st_size
    except FileNotFoundError:
        return 0


def resumed(path: Path) -> None:
    """What a forked trainer does."""
    loop.MEMORY_EVERY = SAVED_EVERY
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        app(["resume", str(path)])


def kill_at_a_random_moment(path: Path, draw: random.Random) -> bool:
    """One in four falls into the start, the others into training; whether it was in time."""
    before = written(path)
    process = FORKED.Process(target=resumed, args=(path,))
    process.start()
    try:
        if draw.random() < 0.25:
            seconds = draw.uniform(0.0, 0.3)
        else:
            seconds = draw.uniform(0.0, SAVED_EVERY + 0.3)
            wait_until(lambda: not process.is_alive() or written(path) != before)
        process.join(seconds)
    finally:
        process.kill()
        process.join()
    return process.exitcode == -signal.SIGKILL


def check_it_opens(path: Path) -> None:
    """Whole steps only, and every line of metrics that was written has its snapshot."""
    run = Run.open(path)
    assert run.damaged == []
    assert set(row["step"] for row in read_metrics(path)) <= set(run.steps.tolist())
    if len(run.steps):
        assert np.isfinite(run.token_embeddings()).all()
        assert np.isfinite(run.token_updates()).all()
        run.model_at(run.steps[-1])
    assert not is_locked(path / "trainer.lock")
    assert read_status(path).state in ("queued", "stopped", "finished")


def tail(path: Path, ended: Event) -> int:
    """Read a run as a page does that follows it, without an error; how often."""
    times = 0
    while not ended.wait(0.2):
        run = Run.open(path)
        assert run.status.state in ("queued", "running", "stopped", "finished")
        if len(run.steps):
            assert np.isfinite(run.token_embeddings()[-1]).all()
            assert len(run.metrics()) == len(run.steps)
        times += 1
    return times


def tortured(path: Path, seed: int) -> tuple[int, int]:
    """Kill and resume a run's trainer, which is followed, then let it finish.

    How many kills were in time, and how often it was read.
    """
    draw, in_time, ended = random.Random(seed), 0, Event()
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(tail, path, ended)
        try:
            for _ in range(KILLS // 2):
                in_time += kill_at_a_random_moment(path, draw)
                check_it_opens(path)
            process = resume(path)
            _, said = process.communicate()
        finally:
            ended.set()
    assert (process.returncode, said) == (0, b"")
    return in_time, read.result()


@pytest.mark.slow
def test_kills_at_random_moments_change_nothing_and_stop_no_reader(tmp_path: Path) -> None:
    paths = [new_run(tmp_path / name, **BUSY) for name in ("first", "second", "whole")]
    with resume(paths[2]) as whole, ThreadPoolExecutor(2) as pool:
        in_time, read = zip(*pool.map(tortured, paths[:2], (1, 2)), strict=True)
        _, said = whole.communicate()
    assert (whole.returncode, said) == (0, b"")
    print(f"{sum(in_time)} of {KILLS} kills in time, {sum(read)} reads")
    assert sum(in_time) > KILLS / 2
    assert min(read) > KILLS / 2
    expected = history(paths[2])
    assert len(expected["metrics"]) > 25 * KILLS
    for path in paths[:2]:
        assert history(path) == expected
        assert Run.open(path).status.state == "finished"
        assert list(path.glob("snapshots/.*")) == []
