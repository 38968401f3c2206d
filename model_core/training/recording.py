"""What a training writes to its run directory, and at which steps."""

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from torch import Tensor

from model_core.anatomy import anatomy_of
from model_core.config import ModelConfig, TrainingConfig
from model_core.norms import NORMS
from model_core.runs import read_metrics
from model_core.runs.files import appending
from model_core.runs.snapshots import save_snapshot
from model_core.runs.storage import half_written, write_whole

SAMPLE_TOKENS = 64  # written at each recorded step, as far as the model reads
LEFT_FOR = 5.0  # seconds after which a request half written is one of a server that was killed


def snapshot_steps(config: TrainingConfig, snapshot_bytes: int) -> np.ndarray:
    """The steps to record, int64 ascending: 0, 1, 2, 3, 5, 8 … growing by a factor, then even.

    At most as many as `snapshots` and the byte budget allow, including the first and the last step.
    Half are spaced geometrically and half evenly: weights change most at the start. ValueError when
    fewer than two fit.
    """
    count = most_snapshots(config, snapshot_bytes)
    if count < 2:
        raise ValueError(
            f"snapshot_budget={config.snapshot_budget:,} bytes is too small for two snapshots of "
            f"{snapshot_bytes:,}; give at least {2 * snapshot_bytes:,}"
        )
    if count == 2:
        return np.array([0, config.steps])
    low, high = 2, count
    while low < high:  # the most points a half that still give at most `count` different steps
        middle = (low + high + 1) // 2
        fits = len(_spread(config.steps, middle)) <= count
        low, high = (middle, high) if fits else (low, middle - 1)
    return _spread(config.steps, low)


def most_snapshots(config: TrainingConfig, snapshot_bytes: int) -> int:
    """As many steps as are recorded at most; nearly as many are."""
    return min(config.snapshots, config.steps + 1, config.snapshot_budget // snapshot_bytes)


def apart(steps: list[int], interval: int) -> list[int]:
    """Those of ascending steps that are at least `interval` after the last one chosen."""
    chosen: list[int] = []
    for step in steps:
        if not chosen or step - chosen[-1] >= interval:
            chosen.append(step)
    return chosen


def _spread(steps: int, points: int) -> np.ndarray:
    geometric = np.geomspace(1, steps, points)
    even = np.linspace(0, steps, points)
    return np.unique(np.round(np.concatenate([geometric, even])).astype(np.int64))


def snapshot_bytes(config: ModelConfig) -> int:
    """The approximate size in bytes of one snapshot of such a model, without making the model."""
    V, T, C, L = config.vocab_size, config.block_size, config.n_embd, config.n_layer
    norm, norms = NORMS[config.norm], 2 * L + 1
    numbers = config.weights + norms * sum(norm.sizes(C)[len(norm.learns) :])  # running averages
    numbers += 2 * (V + T) * C  # gradients and updates of both tables
    tensors = 7 + 4 * L + len(norm.sizes(C)) * norms + (4 * L + 1 if config.bias else 0)
    return 4 * numbers + 130 * tensors  # a name, a shape and a checksum beside each tensor


def line_bytes(config: ModelConfig, text: str) -> int:
    """The approximate size in bytes of a line of metrics of a training of a model on a text."""
    names = ("epoch", "train_loss", "grad_norm", "val_loss", "tokens_per_second")
    long = 1000 / 7  # has as many digits as most numbers
    sample = text[: min(SAMPLE_TOKENS, config.block_size) + 1]
    norms = dict.fromkeys(anatomy_of(config).parts, long)
    numbers = dict.fromkeys(names, long)
    return len(_line({"step": 1000, **numbers, "grad_norms": norms, "sample": sample}))


class Recorder:
    """Appends to a run directory: one snapshot, then one line of metrics, for each recorded step.

    What was recorded never changes: a step recorded before is not written again.
    """

    def __init__(self, folder: Path, after: int = -1) -> None:
        """Continue after step `after`; lines of later steps, left by a crash, are dropped."""
        self._folder = folder
        (folder / "snapshots").mkdir(exist_ok=True)
        snapshots = half_written(folder / "snapshots", r"\d+\.safetensors")
        own = half_written(folder, r"(?:resume\.safetensors|metrics\.jsonl|status\.json)")
        asked = half_written(folder, "request")  # of a server, which may be writing one now
        old = (path for path in asked if time.time() - path.stat().st_mtime > LEFT_FOR)
        for left in (*snapshots, *own, *old):
            left.unlink(missing_ok=True)
        rows = [row for row in read_metrics(folder) if row["step"] <= after]
        self._recorded = {row["step"] for row in rows}
        write_whole(folder / "metrics.jsonl", b"".join(_line(row) for row in rows))
        self._file: BinaryIO = appending(folder / "metrics.jsonl")

    def record(self, step: int, tensors: Mapping[str, Tensor], metrics: Mapping[str, Any]) -> None:
        """Write one step; when this returns, it survives a crash."""
        if step in self._recorded:
            return
        save_snapshot(self._folder, step, tensors)
        self._file.write(_line({"step": step, **metrics}))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._recorded.add(step)

    def close(self) -> None:
        self._file.close()


def add_between(
    folder: Path, tensors: Mapping[int, Mapping[str, Tensor]], metrics: Mapping[int, Any]
) -> None:
    """Add steps between those recorded, whose lines and snapshots stay as they are.

    First the lines: a kill leaves some without a snapshot, which nobody reads until that follows.
    """
    rows = {row["step"]: row for row in read_metrics(folder)}
    rows |= {step: {"step": step, **row} for step, row in metrics.items() if step not in rows}
    write_whole(folder / "metrics.jsonl", b"".join(_line(rows[step]) for step in sorted(rows)))
    for step, one in tensors.items():
        save_snapshot(folder, step, one)


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(_plain(row), ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    """JSON has no NaN: a number that is not finite is written as null."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
