"""A sweep on all cores against the same trainings one after the other on one core."""

import os
import tempfile
import time
from pathlib import Path

from joblib import parallel_config

from model_core.training.presets import plan
from model_core.training.sweep import create_sweep, points, train_all

SIZES = (4, 8, 16, 32, 64)  # what four heads can share


def sweep_seconds(*, steps: int = 300, seeds: int = 3) -> dict[str, float]:
    """Seconds of "one after the other", in this process, and of "all cores", with their start.

    Of the `python-docs` preset in SIZES.
    """
    like = plan("python-docs", {"steps": steps})
    seconds = {}
    jobs = {"one after the other": 1, "all cores": os.cpu_count() or 1}
    for name, count in jobs.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = create_sweep(Path(folder), "docs", like, points(like, SIZES, seeds))
            start = time.perf_counter()
            with parallel_config(backend="loky" if count > 1 else "sequential", n_jobs=count):
                ended = train_all(paths.values())
            seconds[name] = time.perf_counter() - start
            assert all(status.state == "finished" for status in ended)
    return seconds
