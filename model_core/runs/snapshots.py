"""One recorded step on disk: a file of tensors, written atomically."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_core.config import MAX_STEPS
from model_core.runs.files import opened
from model_core.runs.storage import write_whole
from model_core.runs.tensors import Stored, each_tensor, pack, stored_as, table_in, whole_in

GRADIENT, UPDATE = "gradient.", "update."  # before the name of a table
LARGE = 1e18  # the square of a larger number is beyond float32


class Content(NamedTuple):
    """What a whole snapshot stores, and how many of its weights are `lost` for pictures.

    Those are NaN, infinite, or so large that their squares are beyond float32.
    """

    stored: tuple[Stored, ...]
    lost: int


def snapshot_path(folder: Path, step: int) -> Path:
    return folder / "snapshots" / f"{step:08d}.safetensors"


def save_snapshot(folder: Path, step: int, tensors: Mapping[str, Tensor]) -> None:
    """Write weights by their names, and gradients and updates with GRADIENT and UPDATE before."""
    write_whole(snapshot_path(folder, step), pack(tensors))


def load_snapshot(folder: Path, step: int) -> dict[str, Tensor]:
    """All that a snapshot stores; ValueError when it is damaged."""
    try:
        with opened(snapshot_path(folder, step), linked=True) as file:
            return whole_in(file, os.fstat(file.fileno()).st_size)
    except (OSError, ValueError):
        raise _damaged(step) from None


def load_table(
    folder: Path, step: int, name: str, shape: tuple[int, int], rows: np.ndarray | None = None
) -> np.ndarray | None:
    """One float32 tensor of a snapshot, or some rows of it, without reading the rest.

    None when the snapshot holds no tensor of that name; ValueError when it is damaged.
    """
    try:
        with opened(snapshot_path(folder, step), linked=True) as file:
            return table_in(file, name, shape, rows)
    except (OSError, ValueError, LookupError, TypeError):  # it was right when it was listed
        raise _damaged(step) from None


def _damaged(step: int) -> ValueError:
    return ValueError(f"the snapshot of step {step} is missing or damaged")


def is_snapshot(path: Path) -> bool:
    """Whether a file has the name of a snapshot."""
    stem = path.stem
    if not stem.isdecimal() or int(stem) > MAX_STEPS:
        return False
    return path.name == snapshot_path(path, int(stem)).name


def is_whole(path: Path) -> bool:
    """Whether a snapshot is a file with correct checksums."""
    return content(path) is not None


def content(path: Path) -> Content | None:
    """What a snapshot holds; None unless it is a file with correct checksums. Read once a file.

    It may be a link to one: nothing is shown of a file without its checksums.
    """
    try:
        stat = path.stat()
        return _content(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return None


@lru_cache(maxsize=2**17)  # more than a run has: each page asks for all of them, in order
def _content(path: Path, _modified: int, size: int) -> Content | None:
    try:
        with opened(path, linked=True) as file:
            held = each_tensor(
                file, size, lambda name, one: (stored_as(name, one), _lost(name, one))
            )
    except ValueError:
        return None
    stored, lost = zip(*(held[name] for name in sorted(held)), strict=True)
    return Content(_one_of_equals(stored), sum(lost))


def _lost(name: str, tensor: Tensor) -> int:
    if tensor.dtype != torch.float32 or not tensor.numel() or name.startswith((GRADIENT, UPDATE)):
        return 0
    weights = tensor.numpy()  # torch takes twice as long for so few numbers
    # The extremes need no copy of a table, and are NaN where any number is.
    if -LARGE < weights.min() <= weights.max() < LARGE:
        return 0
    return int((~(np.abs(weights) < LARGE)).sum())


@lru_cache(maxsize=256)
def _one_of_equals(stored: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """The same object for each snapshot of a run."""
    return stored
