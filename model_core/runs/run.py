"""Run: a training history on disk, opened for reading."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from model_core import corpora
from model_core.anatomy import Anatomy, anatomy_of
from model_core.config import ModelConfig, Table, TrainingConfig
from model_core.model import BigramLanguageModel
from model_core.runs.files import opened, read_file
from model_core.runs.fit import Judged, judged, misfit
from model_core.runs.format import file_hash, identity, read_description, read_tokenizer
from model_core.runs.metrics import Row, gradient_norms, metrics_table, read_metrics
from model_core.runs.snapshots import GRADIENT, UPDATE, load_snapshot, load_table
from model_core.runs.status import Status, read_status
from model_core.runs.tables import Rows, tables_over_time
from model_core.runs.tensors import Stored, stored_in
from model_core.vocabulary import Tokenizer

if TYPE_CHECKING:
    import pandas as pd


class Run:
    """A training history on disk, as of its opening; read only."""

    def __init__(self, path: Path, description: Mapping[str, Any], tokenizer: Tokenizer) -> None:
        self.path = path
        self.name = path.name
        self.corpus: str = description["corpus"]["name"]
        self.text_hash: str = description["corpus"]["sha256"]  # of the text it is made from
        self._tokenizer_hash = description.get("tokenizer", {}).get("sha256")  # not in older runs
        self.model_config = ModelConfig.recorded(**description["model"])
        self.training_config = TrainingConfig(**description["training"])
        self.tokenizer = tokenizer
        self.anatomy: Anatomy = anatomy_of(self.model_config)

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """ValueError saying what is missing, damaged or too new."""
        path = Path(path)
        description = read_description(path)
        try:
            run = cls(path, description, read_tokenizer(path))
        except (KeyError, TypeError, AttributeError):
            raise ValueError(f"run {path.name} is damaged: run.json lacks a part") from None
        tokens, size = len(run.tokenizer.tokens), run.model_config.vocab_size
        if tokens != size:
            raise ValueError(
                f"run {path.name} is damaged: tokenizer.json has {tokens:,} tokens, run.json "
                f"says {size:,}"
            )
        return run

    @property
    def identity(self) -> str:
        """A key of this run that no later run of the same name has."""
        return identity(self.path)

    @property
    def status(self) -> Status:
        return read_status(self.path)

    @cached_property
    def text(self) -> str:
        """The whole corpus."""
        try:
            return read_file(self.path / "text.txt").decode()
        except (OSError, ValueError):
            raise ValueError(f"text.txt of run {self.name} is missing or damaged") from None

    @property
    def changed(self) -> list[str]:
        """Files that are there, but no longer those that the run is made from."""
        made_from = {"text.txt": self.text_hash, "tokenizer.json": self._tokenizer_hash}
        return [
            name
            for name, digest in made_from.items()
            if digest is not None and file_hash(self.path / name) not in ("", digest)
        ]

    def opening(self, size: int = 4096) -> str:
        """The first `size` bytes of the corpus as text, "" when it is missing."""
        try:
            with opened(self.path / "text.txt") as file:
                return file.read(size).decode(errors="ignore")
        except (OSError, ValueError):
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
        """Recorded steps (S,) int64, ascending: those whose snapshot was right when first read."""
        return np.array([one.step for one in self._judged if one.wrong == ""], dtype=np.int64)

    @cached_property
    def damaged(self) -> list[int]:
        """Steps whose snapshot is there but not whole."""
        return [one.step for one in self._judged if one.wrong is None]

    @cached_property
    def unfit(self) -> dict[int, str]:
        """Steps whose snapshot is whole but of another model than run.json says, and how."""
        return {one.step: one.wrong for one in self._judged if one.wrong}

    @cached_property
    def lost(self) -> dict[int, int]:
        """How many weights are NaN, infinite or too large to square, at the steps with any."""
        return {one.step: one.lost for one in self._judged if one.wrong == "" and one.lost}

    @cached_property
    def _judged(self) -> list[Judged]:
        return judged(self.path, self.model_config)

    def token_embeddings(self, rows: Rows = None) -> np.ndarray:
        """The token table at every recorded step: (S, V, C) float32.

        Here and below, `rows` selects those ids, in that order; other rows are not read. ValueError
        for an id outside the table, and without a recorded step.
        """
        return self._over_time("tokens", rows)

    def position_embeddings(self, rows: Rows = None) -> np.ndarray:
        """The position table at every recorded step: (S, T, C) float32."""
        return self._over_time("positions", rows)

    def token_gradients(self, rows: Rows = None) -> np.ndarray:
        """The gradient of each step's batch loss for the token table: (S, V, C) float32.

        Not clipped; nats per token per unit of a weight. NaN where none was recorded (format 1).
        """
        return self._over_time("tokens", rows, GRADIENT)

    def position_gradients(self, rows: Rows = None) -> np.ndarray:
        """The same for the position table: (S, T, C) float32."""
        return self._over_time("positions", rows, GRADIENT)

    def token_updates(self, rows: Rows = None) -> np.ndarray:
        """What the optimizer then adds to the token table: (S, V, C) float32.

        At the last recorded step that is the update which would come next. NaN where none was
        recorded: in format 1, and where training diverged.
        """
        return self._over_time("tokens", rows, UPDATE)

    def position_updates(self, rows: Rows = None) -> np.ndarray:
        """The same for the position table: (S, T, C) float32."""
        return self._over_time("positions", rows, UPDATE)

    def table_at(self, step: int, table: Table) -> np.ndarray:
        """One whole table at one recorded step, without reading the rest: (V or T, C) float32.

        ValueError when that step was not recorded, or is damaged meanwhile.
        """
        values = load_table(self.path, step, self.anatomy.table(table), self._shape(table))
        if values is None:
            raise ValueError(f"step {step} of run {self.name} holds no table of {table}")
        return values

    def _over_time(self, table: Table, rows: Rows, kind: str = "") -> np.ndarray:
        if not len(self.steps):
            raise ValueError(f"run {self.name} has no recorded step yet")
        name = kind + self.anatomy.table(table)
        return tables_over_time(self.path, self.steps, name, shape=self._shape(table), rows=rows)

    def _shape(self, table: Table) -> tuple[int, int]:
        config = self.model_config
        return (config.vocab_size if table == "tokens" else config.block_size), config.n_embd

    def metrics(self) -> "pd.DataFrame":
        """One row a recorded step, NaN where a number is not known, "" where no text is.

        Losses in nats per token.
        """
        return metrics_table(self._rows, self.steps)

    def gradient_norms(self) -> np.ndarray:
        """The Euclidean norm of each part's gradient, not clipped: (S, P) float32.

        Of the loss of the step's batch, in the order of `Anatomy.parts`; NaN where none is known.
        """
        return gradient_norms(self._rows, self.steps, self.anatomy.parts)

    @cached_property
    def _rows(self) -> dict[int, Row]:
        """The lines of metrics.jsonl by step, read once like `steps`."""
        try:
            return {row["step"]: row for row in read_metrics(self.path)}
        except OSError:
            return {}

    def weights(self, step: int) -> dict[str, Tensor]:
        """Every parameter and buffer of `model_at(step)` by name.

        ValueError when that step was not recorded, or is damaged meanwhile.
        """
        extra = (GRADIENT, UPDATE)
        return {k: one for k, one in self._tensors(step).items() if not k.startswith(extra)}

    def model_at(self, step: int) -> BigramLanguageModel:
        """The model as it was after `step` optimizer steps, in evaluation mode.

        ValueError when that step was not recorded.
        """
        return next(self.models([step]))

    def models(self, steps: Iterable[int]) -> Iterator[BigramLanguageModel]:
        """The model at each of `steps`, in evaluation mode: one object, reloaded for each."""
        with torch.random.fork_rng():  # the weights drawn here are thrown away
            model = BigramLanguageModel(self.model_config).eval()
        for step in steps:
            model.load_state_dict(self.weights(int(step)), assign=True)
            yield model

    def contents(self, step: int) -> list[Stored]:
        """What the file of a recorded step holds: the model's parts, then gradients and updates.

        ValueError when that step was not recorded, or is damaged meanwhile.
        """
        tables = (kind + table for kind in (GRADIENT, UPDATE) for table in self.anatomy.tables)
        order = [*(f"{part}." for part in self.anatomy.parts), *tables, ""]

        def where(stored: Stored) -> tuple[int, str]:
            name = stored.name
            return next(at for at, start in enumerate(order) if name.startswith(start)), name

        return sorted(stored_in(self._tensors(step)), key=where)

    def _tensors(self, step: int) -> dict[str, Tensor]:
        if step not in self.steps:
            raise ValueError(f"step {step} of run {self.name} was not recorded")
        tensors = load_snapshot(self.path, step)
        if wrong := misfit(stored_in(tensors), self.model_config):
            raise ValueError(f"the snapshot of step {step} has changed: {wrong}")
        return tensors
