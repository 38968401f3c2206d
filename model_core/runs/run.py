"""The run directory: its format, making one, and Run to read it."""

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from model_core import corpora
from model_core.anatomy import Anatomy, anatomy_of
from model_core.config import ModelConfig, Table, TrainingConfig
from model_core.model import BigramLanguageModel
from model_core.runs.snapshots import (
    GRADIENT,
    UPDATE,
    Stored,
    is_snapshot,
    is_whole,
    list_snapshot,
    load_snapshot,
    read_tensor,
    snapshot_path,
)
from model_core.runs.status import Status, read_status, write_status
from model_core.runs.storage import check_name, read_json, sync_folder, write_json, write_whole
from model_core.tokenizers import Tokenizer, tokenizer_from_json

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 2  # since 2 a snapshot also holds what GRADIENT and UPDATE name
METRICS = ["step", "epoch", "train_loss", "val_loss", "grad_norm", "tokens_per_second", "sample"]

Rows = Sequence[int] | np.ndarray | None  # ids of rows (N,), None for every row


def runs_folder() -> Path:
    """Where runs are kept: DRIFTSCOPE_RUNS, or `runs` in the working directory."""
    return Path(os.environ.get("DRIFTSCOPE_RUNS", "runs"))


def create_run(
    path: Path,
    *,
    corpus: str,
    text: str,
    tokenizer: Tokenizer,
    model_config: ModelConfig,
    training_config: TrainingConfig,
) -> None:
    """Write a new run directory, queued; it appears whole or not at all.

    ValueError when the name is not allowed or taken.
    """
    check_name(path.name)
    if path.exists():
        raise _taken(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    (making / "snapshots").mkdir(parents=True)
    try:
        write_whole(making / "text.txt", text.encode())
        write_json(making / "tokenizer.json", tokenizer.to_json())
        write_json(
            making / "run.json",
            {
                "format": FORMAT,
                "corpus": {"name": corpus, "sha256": hashlib.sha256(text.encode()).hexdigest()},
                "model": model_config.model_dump(),
                "training": training_config.model_dump(),
                "libraries": {
                    "python": platform.python_version(),
                    **{name: version(name) for name in ("torch", "numpy", "safetensors")},
                },
            },
        )
        write_status(making, Status(steps=training_config.steps, queued_at=time.time()))
        os.rename(making, path)
    except OSError:
        if path.exists():
            raise _taken(path) from None
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    sync_folder(path.parent)


def list_runs(folder: Path) -> list[str]:
    """Names of the run directories in `folder`, oldest first; anything else there is ignored."""
    if not folder.is_dir():
        return []
    made = []
    for entry in folder.iterdir():
        with suppress(OSError):  # it may be deleted meanwhile, or not be ours to read
            stat = (entry / "run.json").stat()
            if S_ISREG(stat.st_mode) and not entry.name.startswith("."):
                made.append((stat.st_mtime, entry.name))
    return [name for _, name in sorted(made)]


class Run:
    """A training history on disk, as it stands when opened; nothing here ever writes to it."""

    def __init__(self, path: Path, description: Mapping[str, Any], tokenizer: Tokenizer) -> None:
        self.path = path
        self.name = path.name
        self.corpus: str = description["corpus"]["name"]
        self.model_config = ModelConfig(**description["model"])
        self.training_config = TrainingConfig(**description["training"])
        self.tokenizer = tokenizer

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """ValueError saying what is missing, damaged or too new."""
        path = Path(path)
        description = read_json(path / "run.json")
        if description.get("format") not in range(1, FORMAT + 1):
            raise ValueError(
                f"run {path.name} has format {repr(description.get('format'))[:20]}, this version "
                f"reads 1 to {FORMAT}; update Driftscope"
            )
        try:
            return cls(path, description, tokenizer_from_json(read_json(path / "tokenizer.json")))
        except (KeyError, TypeError):
            raise ValueError(f"run {path.name} is damaged: run.json lacks a part") from None

    @property
    def identity(self) -> str:
        """Names this run, and no other that takes its place under the same name."""
        return f"{self.path.resolve()}:{(self.path / 'run.json').stat().st_mtime_ns}"

    @property
    def status(self) -> Status:
        return read_status(self.path)

    @cached_property
    def anatomy(self) -> Anatomy:
        """What the models of this run have, and where."""
        return anatomy_of(self.model_config)

    @cached_property
    def text(self) -> str:
        """The whole corpus."""
        try:
            return (self.path / "text.txt").read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"text.txt of run {self.name} is missing or damaged") from None

    def opening(self, size: int = 4096) -> str:
        """The first `size` bytes of the corpus as text, "" when it is missing."""
        try:
            with (self.path / "text.txt").open("rb") as file:
                return file.read(size).decode(errors="ignore")
        except OSError:
            return ""

    def split(self) -> corpora.Split:
        """The ids of the corpus as a Trainer splits them; ValueError when the text is missing."""
        ids = torch.tensor(self.tokenizer.encode(self.text))
        return corpora.split(ids, self.model_config.block_size)

    def validation_windows(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets (B, T) whose loss is `val_loss`; ValueError without the text."""
        return corpora.validation_windows(self.split().validation, self.model_config.block_size)

    @cached_property
    def steps(self) -> np.ndarray:
        """Recorded steps (S,) int64, ascending: whose snapshot was whole at the first look."""
        return np.array([step for step, whole in self._snapshots if whole], dtype=np.int64)

    @cached_property
    def damaged(self) -> list[int]:
        """Steps whose snapshot is there but not whole."""
        return [step for step, whole in self._snapshots if not whole]

    @cached_property
    def _snapshots(self) -> list[tuple[int, bool]]:
        paths = [path for path in self.path.glob("snapshots/*") if is_snapshot(path)]
        return sorted((int(path.stem), is_whole(path)) for path in paths)

    def token_embeddings(self, rows: Rows = None) -> np.ndarray:
        """The token table at every recorded step: (S, V, C) float32.

        Here and in what follows, `rows` asks for those ids only, in that order, and neither reads
        nor keeps the others. ValueError for an id outside the table, and without a recorded step.
        """
        return self._over_time("tokens", rows)

    def position_embeddings(self, rows: Rows = None) -> np.ndarray:
        """The position table at every recorded step: (S, T, C) float32."""
        return self._over_time("positions", rows)

    def token_gradients(self, rows: Rows = None) -> np.ndarray:
        """What the loss of the batch looked at gives the token table: (S, V, C) float32.

        Not clipped; nats per token per unit of a weight. NaN where none was recorded (format 1).
        """
        return self._over_time("tokens", rows, GRADIENT)

    def position_gradients(self, rows: Rows = None) -> np.ndarray:
        """The same for the position table: (S, T, C) float32."""
        return self._over_time("positions", rows, GRADIENT)

    def token_updates(self, rows: Rows = None) -> np.ndarray:
        """What the optimizer then adds to the token table: (S, V, C) float32.

        At the last recorded step that is the move which would come next. NaN where none was
        recorded: in format 1, and where training diverged.
        """
        return self._over_time("tokens", rows, UPDATE)

    def position_updates(self, rows: Rows = None) -> np.ndarray:
        """The same for the position table: (S, T, C) float32."""
        return self._over_time("positions", rows, UPDATE)

    def _over_time(self, table: Table, rows: Rows, recorded: str = "") -> np.ndarray:
        if not len(self.steps):
            raise ValueError(f"run {self.name} has no recorded step yet")
        config = self.model_config
        size = config.vocab_size if table == "tokens" else config.block_size
        name = recorded + self.anatomy.table(table)
        ids = None if rows is None else _row_ids(rows, size)
        count = size if ids is None else len(ids)
        values = np.full((len(self.steps), count, config.n_embd), np.nan, np.float32)
        for at, step in enumerate(self.steps):
            tensor = read_tensor(snapshot_path(self.path, step), name, ids)
            if tensor is not None:
                values[at] = tensor
        return values

    def metrics(self) -> "pd.DataFrame":
        """One row a recorded step, NaN where a number is not known, "" where no text is.

        Losses in nats per token.
        """
        import pandas as pd  # here: a trainer has no use for it and starts sooner without

        rows = [self._rows.get(int(step), {}) for step in self.steps]
        numbers = {
            name: np.array([_number(row.get(name)) for row in rows], float)
            for name in METRICS
            if name not in ("step", "sample")
        }
        texts = [row.get("sample") for row in rows]
        samples = [text if isinstance(text, str) else "" for text in texts]
        table = {"step": self.steps, **numbers, "sample": pd.Series(samples, dtype=object)}
        return pd.DataFrame(table, columns=METRICS)

    def gradient_norms(self) -> np.ndarray:
        """The Euclidean norm of each part's gradient, not clipped: (S, P) float32.

        Of the loss of the step's batch, in the order of `Anatomy.parts`; NaN where none is known.
        """
        parts = self.anatomy.parts
        norms = np.full((len(self.steps), len(parts)), np.nan, np.float32)
        for at, step in enumerate(self.steps):
            if isinstance(row := self._rows.get(int(step), {}).get("grad_norms"), dict):
                norms[at] = [_number(row.get(part)) for part in parts]
        return norms

    @cached_property
    def _rows(self) -> dict[int, dict[str, Any]]:
        """The lines of metrics.jsonl by step, read once like `steps`."""
        return {row["step"]: row for row in read_metrics(self.path)}

    def weights(self, step: int) -> dict[str, Tensor]:
        """Every parameter and buffer of `model_at(step)` by name.

        ValueError when that step was not recorded, or is damaged meanwhile.
        """
        self._check_recorded(step)
        return load_snapshot(self.path, step)

    def model_at(self, step: int) -> BigramLanguageModel:
        """The model as it was after `step` optimizer steps, in evaluation mode.

        ValueError when that step was not recorded.
        """
        return next(self.models([step]))

    def models(self, steps: Iterable[int]) -> Iterator[BigramLanguageModel]:
        """The model at each of `steps`, in evaluation mode: one object, loaded anew each time."""
        with torch.random.fork_rng():  # the weights drawn here are thrown away
            model = BigramLanguageModel(self.model_config).eval()
        for step in steps:
            model.load_state_dict(self.weights(int(step)), assign=True)
            yield model

    def contents(self, step: int) -> list[Stored]:
        """What the file of a recorded step holds, and nothing else: tables first, then by depth.

        ValueError when that step was not recorded, or is damaged meanwhile.
        """
        self._check_recorded(step)
        return list_snapshot(self.path, step, self.anatomy)

    def _check_recorded(self, step: int) -> None:
        if step not in self.steps:
            raise ValueError(f"step {step} of run {self.name} was not recorded")


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl; a torn one (being written, left by a crash) is skipped."""
    try:
        lines = (folder / "metrics.jsonl").read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    rows = [_parsed(line) for line in lines]
    return [row for row in rows if type(row.get("step")) is int]


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _row_ids(rows: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    ids = np.asarray(rows, np.int64)
    outside = ids[(ids < 0) | (ids >= size)]
    if len(outside):
        raise ValueError(f"row ids must be in [0, {size:,}), got {outside[0]}")
    return ids


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _taken(path: Path) -> ValueError:
    return ValueError(f"a run named {path.name} exists already; choose another name")
