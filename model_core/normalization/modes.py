"""Batch norm's two modes: with the statistics of the batch it reads, or with running averages."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from model_core.model import BatchNorm, BigramLanguageModel
from model_core.normalization.statistics import norm_names
from model_core.taps import tapped


@contextmanager
def batch_mode(model: nn.Module) -> Iterator[None]:
    """Inside the block every BatchNorm normalizes with the batch it reads, and learns nothing.

    As in training mode, but running averages and their count stay what they are; nothing else
    changes its mode, so there is no dropout. What was is restored at the end, also after an error.
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


def read_scales(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """How large is what enters each of K norms while ids (T,) are read as in training.

    `scale` (K,): the standard deviation over the C channels of a token, divisor C, mean over the
    T tokens. Batch norms take their statistics over these tokens, so there must be two of them:
    else torch raises a ValueError. Pure, as `torch.func.vmap` wants it.
    """
    names = norm_names(len(model.blocks))
    with batch_mode(model), tapped(model, *(f"{name}:in" for name in names)) as seen:
        model(ids[None])
    entering = torch.stack([seen[f"{name}:in"][0] for name in names])  # (K, T, C)
    return {"scale": entering.std(-1, correction=0).mean(-1)}


@torch.inference_mode()
def mode_losses(
    model: BigramLanguageModel, idx: Tensor, targets: Tensor, batch_size: int
) -> tuple[float, float]:
    """Mean loss of windows (B, T) with the statistics of each batch, and in evaluation mode.

    In nats per token, without dropout. `batch_size` windows are a batch, the last one may be
    smaller; `model` is in evaluation mode. The two are the same but for batch norm, where a batch
    of a single token is a ValueError: over one value there is no variance.
    """
    assert not model.training
    _check_batches(model, idx, batch_size)
    felt = batch_size if model.config.norm == "batch" else len(idx)  # else batches are not felt
    with batch_mode(model):
        as_in_training = _loss(model, idx, targets, felt)
    return as_in_training, _loss(model, idx, targets, len(idx))


def _loss(model: BigramLanguageModel, idx: Tensor, targets: Tensor, batch_size: int) -> float:
    total = 0.0
    for some, wanted in zip(idx.split(batch_size), targets.split(batch_size), strict=True):
        total += model(some, wanted)[1].item() * len(some)
    return total / len(idx)


def _check_batches(model: BigramLanguageModel, idx: Tensor, batch_size: int) -> None:
    smallest = len(idx) % batch_size or batch_size
    if model.config.norm == "batch" and min(smallest, len(idx)) * idx.shape[1] == 1:
        raise ValueError(
            "batch norm with the statistics of its batch needs 2 tokens in it, got 1; "
            "read longer or more windows at a time"
        )
