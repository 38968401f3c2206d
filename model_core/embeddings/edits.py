"""What becomes of a model when numbers of its tables are others; what is recorded stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, assert_never

import numpy as np
import torch
from torch import Tensor

from model_core.attention.heads import attend
from model_core.config import Table
from model_core.model import BigramLanguageModel
from model_core.prediction.lens import next_probabilities


@dataclass(frozen=True)
class Zeroed:
    """All numbers of the position table are 0."""


@dataclass(frozen=True)
class Shuffled:
    """The rows of the position table in another order, drawn from a seed."""

    seed: int = 0


@dataclass(frozen=True)
class Swapped:
    """Two tokens have each other's rows."""

    one: int
    other: int


@dataclass(frozen=True)
class Replaced:
    """One number of a table is another."""

    table: Table
    row: int
    channel: int
    value: float


Edit: TypeAlias = Zeroed | Shuffled | Swapped | Replaced


class Reading(NamedTuple):
    """What a model makes of T ids: the probabilities of what comes after each, (T, V), and the
    weights of its heads, (L, H, T, T), L = 0 without attention."""

    probabilities: np.ndarray
    weights: np.ndarray


@contextmanager
def edited(model: BigramLanguageModel, edit: Edit | None) -> Iterator[None]:
    """The model with the edit inside the block; its own tensors are not written to.

    ValueError for a row or channel that its tables lack.
    """
    if edit is None:
        yield
        return
    parameter = model.get_parameter(model.anatomy.table(_table(edit)))
    before = parameter.data
    parameter.data = _changed(before, edit)
    try:
        yield
    finally:
        parameter.data = before


@torch.inference_mode()
def reading(model: BigramLanguageModel, ids: Tensor) -> Reading:
    """What the model makes of ids (T,)."""
    nothing = np.zeros((0, 0, len(ids), len(ids)), np.float32)
    weights = attend(model, ids).weights if model.config.n_layer else nothing
    return Reading(next_probabilities(model(ids[None])[0][0]), weights)


@torch.inference_mode()
def loss(model: BigramLanguageModel, idx: Tensor, targets: Tensor) -> float:
    """On idx and targets (B, T), nats per token."""
    return float(model(idx, targets)[1])


def moved(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How much of its attention a query gives to other keys, in the mean of queries: (L, H).

    Half the sum of absolute differences of weights (L, H, T, T), 0 to 1.
    """
    return np.abs(after.astype(np.float64) - before).sum(-1).mean(-1) / 2


def _table(edit: Edit) -> Table:
    match edit:
        case Swapped():
            return "tokens"
        case Replaced(table=table):
            return table
        case Zeroed() | Shuffled():
            return "positions"
        case _:
            assert_never(edit)


def _changed(table: Tensor, edit: Edit) -> Tensor:
    """A copy of a table (N, C) with the edit."""
    rows, channels = table.shape
    match edit:
        case Zeroed():
            return torch.zeros_like(table)
        case Shuffled(seed):
            order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
            return table[order]
        case Swapped(one, other):
            _check("token", one, rows)
            _check("token", other, rows)
            copy = table.clone()
            copy[[one, other]] = table[[other, one]]
            return copy
        case Replaced(_, row, channel, value):
            _check("row", row, rows)
            _check("channel", channel, channels)
            copy = table.clone()
            copy[row, channel] = value
            return copy
        case _:
            assert_never(edit)


def _check(name: str, at: int, count: int) -> None:
    if not 0 <= at < count:
        raise ValueError(f"{name} must be in [0, {count:,}), got {at}")
