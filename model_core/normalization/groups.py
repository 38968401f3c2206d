"""The numbers of a batch that share one mean and variance."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.norm_modules import learned_of, normalize, statistics
from model_core.normalization.modes import check_more_than_one
from model_core.norms import LEARNED, NORMS, NormKind
from model_core.taps import tapped

AXES = ("batch", "time", "channel")
CellIndex: TypeAlias = tuple[int, int, int]  # (sentence of the batch, position, channel)


class Normalized(NamedTuple):
    """One number on its way through a norm, (...) float64 each.

    `mean` and `variance` are over the `numbers` numbers that share them, their count the divisor.
    Where the norm does not centre, `variance` is their mean square and the mean is not used; where
    it does not pool, neither is. `normalized` is before gain and shift, `result` after them.
    """

    numbers: int
    mean: np.ndarray
    variance: np.ndarray
    normalized: np.ndarray
    result: np.ndarray


def shares(norm: NormKind, shape: tuple[int, int, int], cell: CellIndex) -> np.ndarray:
    """Which numbers of a batch (B, T, C) are normalized together with the one in `cell`: bool.

    Those along the axes over which the norm pools, for batch norm in training mode. Wu and He 2018,
    figure 2. ValueError for a cell outside the batch.
    """
    if not all(0 <= at < size for at, size in zip(cell, shape, strict=True)):
        raise ValueError(f"no cell {cell} in a block of {shape}; count from 0")
    sentence, position, channel = cell
    shared = np.zeros(shape, bool)
    over = NORMS[norm].pools
    shared[
        tuple(slice(None) if axis in over else at for axis, at in zip(AXES, cell, strict=True))
    ] = True
    return shared


def normalized_cell(
    norm: NormKind, x: np.ndarray, cell: CellIndex, learned: Mapping[str, np.ndarray | float] = {}
) -> Normalized:
    """The number in `cell` of x (..., B, T, C), normalized as in training mode, by the formula.

    `learned` (...) are its channel's parameters by name; missing ones have their initial value,
    those that the norm does not learn are not used. ValueError for batch norm over one value a
    channel, and for a cell outside the batch.
    """
    shape: tuple[int, int, int] = x.shape[-3:]
    number = x[(..., *cell)].astype(np.float64)
    shared = x[..., shares(norm, shape, cell)].astype(np.float64)  # (..., count)
    count = shared.shape[-1]
    if NORMS[norm].over_batch:
        check_more_than_one(count)
    with np.errstate(over="ignore", invalid="ignore"):  # of a diverged model
        mean = shared.mean(-1)
        taken = {name: one[..., 0] for name, one in statistics(norm, shared, -1).items()}
        steps = normalize(norm, number, taken, learned)
    if NORMS[norm].pools:
        spread = taken["variance" if NORMS[norm].centres else "mean square"]
    else:
        spread = np.zeros_like(mean)
    return Normalized(count, mean, spread, steps["normalized"], steps["result"])


def normalized_members(
    norm: NormKind,
    x: np.ndarray,
    members: np.ndarray,
    learned: Mapping[str, np.ndarray] = {},
) -> dict[str, np.ndarray]:
    """All N numbers of x (..., B, T, C) that `members` (B, T, C) marks, as `normalized_cell`.

    "before", "normalized" and "result", (..., N) float64 each. Where the norm pools they are those
    that share, in the order of `x[..., members]`; `learned` (..., C) are of all channels.
    """
    channels = np.nonzero(members)[2]
    numbers = x[..., members].astype(np.float64)
    own = {name: values[..., channels] for name, values in learned.items()}
    with np.errstate(over="ignore", invalid="ignore"):  # of a diverged model
        steps = normalize(norm, numbers, statistics(norm, numbers, -1), own)
    return {"before": numbers, "normalized": steps["normalized"], "result": steps["result"]}


@torch.no_grad()
def read_entering(model: BigramLanguageModel, idx: Tensor, norm: str) -> Mapping[str, Tensor]:
    """ "entering" (B, T, C): the input of the norm of this name in a forward pass of idx (B, T).

    Also its learned parameters (C,), by their names in LEARNED: the initial value of one that it
    does not have. The model stays in its present mode. Works under `vmap`.
    """
    with tapped(model, f"{norm}:in", stop=True) as seen:
        model(idx)
    entering, module = seen[f"{norm}:in"], model.get_submodule(norm)
    channels = entering[0, 0]
    read = {"entering": entering}
    for name, part in LEARNED.items():
        own = learned_of(module, part)
        read[name] = (
            torch.full_like(channels, part.start) if own is None else own.expand_as(channels)
        )
    return read
