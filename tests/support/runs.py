"""Run directories for tests: made, trained, shared, and read back byte for byte."""

import os
from pathlib import Path
from typing import Any

import pytest

from model_core.runs import Run, read_metrics
from model_core.runs.status import read_status
from model_core.runs.storage import FileLock
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer

TINY: dict[str, Any] = {
    "block_size": 8,
    "n_embd": 6,
    "n_head": 2,
    "n_layer": 2,
    "batch_size": 4,
    "steps": 30,
    "snapshots": 10,
    "threads": 1,
}


def new_run(path: Path, text: Any = None, **changes: Any) -> Path:
    """A run directory of a tiny model, not trained yet; of its own text, if one is given."""
    create_from_preset(path, "quick-brown-fox", TINY | changes, text)
    return path


def recorded_run(path: Path, text: Any = None, **changes: Any) -> Run:
    """A tiny run, trained in this process to its end."""
    new_run(path, text, **changes)
    with only_trainer(path):
        train(path)
    return Run.open(path)


def trained_once(factory: pytest.TempPathFactory, preset: str, **changes: Any) -> Run:
    """A finished run of a preset, for reading only: one for all processes of a test session."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # each process has a folder of its own in it
    path = folder / "shared" / preset
    path.parent.mkdir(exist_ok=True)
    lock = FileLock(path.parent / f"{preset}.lock")
    assert lock.acquire(300)
    try:
        if not path.exists():
            create_from_preset(path, preset, changes)
        if read_status(path).state != "finished":
            with only_trainer(path):
                train(path)
    finally:
        lock.release()
    return Run.open(path)


def history(folder: Path) -> dict[str, Any]:
    """Everything recorded that must repeat bit for bit: files by name, metrics by step."""
    snapshots = {path.name: path.read_bytes() for path in folder.glob("snapshots/*")}
    rows = {row.pop("step"): row for row in read_metrics(folder)}
    for row in rows.values():
        row.pop("tokens_per_second", None)
    return {"snapshots": snapshots, "metrics": rows}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its time and content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
