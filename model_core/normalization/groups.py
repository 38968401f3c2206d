"""Over which numbers: what one number of a batch shares its mean and variance with."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from model_core.config import Norm
from model_core.model import BigramLanguageModel
from model_core.normalization.modes import check_more_than_one
from model_core.taps import tapped

EPS = 1e-5  # below the root in every norm of the model
Cell: TypeAlias = tuple[int, int, int]  # (sentence of the batch, position, channel)


class Normalized(NamedTuple):
    """One number on its way through a norm, (...) float64 each.

    `mean` and `variance` are of all `numbers` that share them, with their count as divisor; under
    rms `variance` is the mean of their squares and the mean is not subtracted, under none neither
    is used. `normalized` is before gain and shift, `result` behind them.
    """

    numbers: int
    mean: np.ndarray
    variance: np.ndarray
    normalized: np.ndarray
    result: np.ndarray


def shares(norm: Norm, shape: tuple[int, int, int], cell: Cell) -> np.ndarray:
    """Which numbers of a batch (B, T, C) are normalized together with the one in `cell`: bool.

    layer and rms: the channels of its token. batch, in training mode: its channel at all B·T
    positions. none: itself alone. Wu and He 2018, figure 2. ValueError for a cell outside.
    """
    if not all(0 <= at < size for at, size in zip(cell, shape, strict=True)):
        raise ValueError(f"no cell {cell} in a block of {shape}; count from 0")
    sentence, position, channel = cell
    shared = np.zeros(shape, bool)
    match norm:
        case "layer" | "rms":
            shared[sentence, position] = True
        case "batch":
            shared[:, :, channel] = True
        case "none":
            shared[cell] = True
    return shared


def normalized_cell(
    norm: Norm,
    x: np.ndarray,
    cell: Cell,
    gamma: np.ndarray | float = 1.0,
    beta: np.ndarray | float = 0.0,
) -> Normalized:
    """The number in `cell` of x (..., B, T, C), normalized as in training mode, by the formula.

    `gamma` and `beta` (...) are its channel's gain and shift; rms has no shift, none neither.
    ValueError for batch norm of one value a channel.
    """
    shape: tuple[int, int, int] = x.shape[-3:]
    number = x[(..., *cell)].astype(np.float64)
    shared = x[..., shares(norm, shape, cell)].astype(np.float64)  # (..., count)
    count = shared.shape[-1]
    if norm == "batch":
        check_more_than_one(count)
    with np.errstate(over="ignore", invalid="ignore"):  # of a diverged model
        mean = shared.mean(-1)
        if norm == "none":
            return Normalized(count, mean, np.zeros_like(mean), number, number)
        centre = np.zeros_like(mean) if norm == "rms" else mean
        variance = np.square(shared - centre[..., None]).mean(-1)
        normalized = (number - centre) / np.sqrt(variance + EPS)
        result = normalized * gamma + (0.0 if norm == "rms" else beta)
    return Normalized(count, mean, variance, normalized, result)


@torch.no_grad()
def read_entering(model: BigramLanguageModel, idx: Tensor, norm: str) -> Mapping[str, Tensor]:
    """ "entering" (B, T, C): what enters the norm of this name while `model` reads idx (B, T).

    And its "gamma" and "beta" (C,), ones and zeros where it has none. Upstream the model stands as
    it is, in its mode. Under `vmap` too.
    """
    with tapped(model, f"{norm}:in") as seen:
        model(idx)
    entering, module = seen[f"{norm}:in"], model.get_submodule(norm)
    gain, shift = (getattr(module, name, None) for name in ("weight", "bias"))
    return {
        "entering": entering,
        "gamma": torch.ones_like(entering[0, 0]) if gain is None else gain,
        "beta": torch.zeros_like(entering[0, 0]) if shift is None else shift,
    }
