"""Measurements at the recorded steps of a training, read from metrics.jsonl."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from model_core.runs.files import read_file

if TYPE_CHECKING:
    import pandas as pd

METRICS = ["step", "epoch", "train_loss", "val_loss", "grad_norm", "tokens_per_second", "sample"]
Row = dict[str, Any]  # one line
LARGEST = float(np.finfo(np.float32).max)
LONGEST = 16_384  # characters of a sample: a trainer writes 64 tokens


def read_metrics(folder: Path) -> list[Row]:
    """The lines of metrics.jsonl, none without one; a torn one is skipped: it is being written."""
    try:
        lines = read_file(folder / "metrics.jsonl").split(b"\n")
    except (FileNotFoundError, ValueError):
        return []
    rows = [_parsed(line) for line in lines]
    return [row for row in rows if type(row.get("step")) is int]


def metrics_table(rows: Mapping[int, Row], steps: np.ndarray) -> "pd.DataFrame":
    """METRICS of `steps` (S,) from the rows by step; missing numbers are NaN, missing texts ""."""
    import pandas as pd  # imported here: a trainer does not need it and starts faster without

    of_steps = [rows.get(int(step), {}) for step in steps]
    numbers = {
        name: np.array([_number(row.get(name)) for row in of_steps], float)
        for name in METRICS
        if name not in ("step", "sample")
    }
    samples = [_text(row.get("sample")) for row in of_steps]
    table = {"step": steps, **numbers, "sample": pd.Series(samples, dtype=object)}
    return pd.DataFrame(table, columns=METRICS)


def gradient_norms(rows: Mapping[int, Row], steps: np.ndarray, parts: Sequence[str]) -> np.ndarray:
    """The recorded norm of each part's gradient: (S, P) float32, NaN where none is recorded."""
    norms = np.full((len(steps), len(parts)), np.nan, np.float32)
    for at, step in enumerate(steps):
        if isinstance(row := rows.get(int(step), {}).get("grad_norms"), dict):
            norms[at] = [_number(row.get(part)) for part in parts]
    return norms


def _parsed(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _number(value: Any) -> float:
    """A number as written, NaN for anything else and beyond float32, as figures are drawn in."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
    return number if abs(number) <= LARGEST else float("nan")


def _text(value: Any) -> str:
    """A text as written; "" for anything else, for one too long, and for what is no Unicode."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return ""
    return value
