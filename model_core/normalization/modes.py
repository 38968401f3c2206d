"""Batch norm's two modes: with the statistics of the present batch, or with running averages."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import vmap

from model_core.model import BigramLanguageModel
from model_core.norm_modules import BatchNorm
from model_core.normalization.statistics import around_norms
from model_core.norms import NORMS
from model_core.taps import tapped

AT_ONCE = 4096  # tokens in one pass, except for a batch whose statistics are used
SMALL = 128  # tokens of a batch: up to this size several batches are computed in one pass


@contextmanager
def batch_mode(model: nn.Module) -> Iterator[None]:
    """Inside the block every BatchNorm normalizes with the statistics of the present batch.

    As in training mode, but running averages and their count do not change; no other module
    changes its mode, so there is no dropout. The modes are restored at the end, also on an error.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    before = [(norm.training, norm.track_running_stats) for norm in norms]
    try:
        for norm in norms:
            norm.training, norm.track_running_stats = True, False
        yield
    finally:
        for norm, (training, tracks) in zip(norms, before, strict=True):
            norm.training, norm.track_running_stats = training, tracks


def check_more_than_one(values: int) -> None:
    """ValueError for batch norm in training mode over one value per channel: its variance is 0.

    `values` tokens share a mean and a variance.
    """
    if values < 2:
        raise ValueError(
            f"batch norm in training mode needs more than 1 value per channel, got {values}: "
            "a channel's variance would be 0; add a token or a sentence"
        )


@torch.no_grad()
def read_scales(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """The scale of the inputs of each of K norms for ids (T,), with batch statistics.

    `scale` (K,): the standard deviation over the C channels of a token, divisor C, mean over the
    T tokens. Batch norms take their statistics over these tokens, so there must be two of them:
    else torch raises a ValueError. Pure, as `torch.func.vmap` wants it.
    """
    with batch_mode(model):
        entering, _ = around_norms(model, ids[None])  # (K, 1, T, C)
    return {"scale": entering.std(-1, correction=0).mean((1, 2))}


@torch.inference_mode()
def mode_losses(
    model: BigramLanguageModel, idx: Tensor, targets: Tensor, batch_size: int
) -> tuple[float, float]:
    """Mean loss of windows (B, T) with the statistics of each batch, and in evaluation mode.

    In nats per token, without dropout. `batch_size` windows are a batch, the last one may be
    smaller; `model` is in evaluation mode. The two differ for batch norm only, where a batch of a
    single token raises ValueError: one value has no variance.
    """
    assert not model.training
    B, T = idx.shape
    batch_size = min(batch_size, B)
    two_modes = NORMS[model.config.norm].over_batch
    if two_modes:
        check_more_than_one((B % batch_size or batch_size) * T)  # in the smallest batch
    evaluated = _total(model, idx, targets, max(AT_ONCE // T, 1)) / B
    if not two_modes:
        return evaluated, evaluated
    read = _total_of_small if batch_size * T <= SMALL else _total
    with batch_mode(model):
        return read(model, idx, targets, batch_size) / B, evaluated


def _total(model: BigramLanguageModel, idx: Tensor, targets: Tensor, size: int) -> float:
    """The loss of windows (B, T), summed over the windows, `size` of them in each pass."""
    passes = zip(idx.split(size), targets.split(size), strict=True)
    return sum(model(some, wanted)[1].item() * len(some) for some, wanted in passes)


def _total_of_small(model: BigramLanguageModel, idx: Tensor, targets: Tensor, size: int) -> float:
    """The same with many such batches in a pass: hundreds of passes are slow on a busy machine."""
    losses = vmap(lambda some, wanted: model(some, wanted)[1])
    rest = len(idx) % size
    whole = [ids[: len(ids) - rest].unflatten(0, (-1, size)) for ids in (idx, targets)]
    at_once = AT_ONCE // (size * idx.shape[1])  # batches
    total = _total(model, idx[-rest:], targets[-rest:], size) if rest else 0.0
    # With a tap on its weights, attention avoids the fused kernel, which vmap cannot batch.
    with tapped(model, *(heads.weights for heads in model.anatomy.heads)):
        for batches in zip(*(ids.split(at_once) for ids in whole), strict=True):
            total += losses(*batches).sum().item() * size
    return total
