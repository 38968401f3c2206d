"""Batch statistics compared with running averages, by the number of windows in the batch."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_core import corpora
from model_core.arrays import freeze
from model_core.model import BigramLanguageModel
from model_core.normalization.modes import batch_mode, check_more_than_one
from model_core.norms import EPS, NORMS
from model_core.runs import Run
from model_core.taps import tapped


class BatchStatistics(NamedTuple):
    """Statistics over batch and time of the inputs of each of K norms: (K, C) each.

    `var` is biased (divisor B·T), as batch norm uses it in training mode; `running_var` averages
    unbiased ones (divisor B·T - 1), as torch does for evaluation mode.
    """

    mean: np.ndarray
    var: np.ndarray
    running_mean: np.ndarray
    running_var: np.ndarray


@torch.inference_mode()
def batch_statistics(model: BigramLanguageModel, idx: Tensor) -> BatchStatistics:
    """Statistics of the batch idx (B, T) in training mode, of a model with batch norm.

    ValueError for a model with another norm, and for B·T = 1, which has no variance.
    """
    running_mean, running_var = _running(model)
    of_each = [(x.mean(0), x.var(0, correction=0)) for x in _entering(model, idx)]
    mean, var = (torch.stack(part) for part in zip(*of_each, strict=True))
    return BatchStatistics(freeze(mean), freeze(var), freeze(running_mean), freeze(running_var))


@torch.inference_mode()
def distances(
    model: BigramLanguageModel, windows: Tensor, sizes: Sequence[int], repeats: int = 8
) -> np.ndarray:
    """How far batch means are from the running means, for batches of each size: (sizes, K).

    The mean of |batch mean - running mean| over the channels of a norm and over `repeats` batches
    drawn with replacement from windows (N, T), always the same; in running standard deviations
    √(var + ε) of the channel. Errors as `batch_statistics`.
    """
    running_mean, variance = _running(model)
    scale = (variance + EPS).sqrt()
    drawing = torch.Generator().manual_seed(0)

    def distance(size: int) -> Tensor:
        drawn = windows[torch.randint(len(windows), (size,), generator=drawing)]
        means = torch.stack([x.mean(0) for x in _entering(model, drawn)])
        return ((means - running_mean).abs() / scale).mean(1)

    found = [torch.stack([distance(size) for _ in range(repeats)]).mean(0) for size in sizes]
    return freeze(torch.stack(found))


def expected_distances(sizes: Sequence[int], tokens: int) -> np.ndarray:
    """The same, (sizes,), if the B·T numbers of a channel were independent: √(2 / (π B T)).

    Their mean has the standard error σ/√(B T), and a normal number of deviation 1 is on average
    √(2/π) from its mean.
    """
    return np.sqrt(2 / (np.pi * np.asarray(sizes) * tokens))


def filling_windows(run: Run, count: int) -> Tensor:
    """Windows (count, block_size) of the validation split to fill a batch with, always the same.

    First the validation windows, then more drawn at random. ValueError when the text is missing.
    """
    size, (first, _) = run.model_config.block_size, run.validation_windows()
    if count <= len(first):
        return first[:count]
    drawing = torch.Generator().manual_seed(0)
    of = corpora.windows(run.split().validation, size)
    return torch.cat([first, corpora.batch(of, count - len(first), drawing)[0]])


def _running(model: BigramLanguageModel) -> tuple[Tensor, Tensor]:
    """Running means and variances of the K norms: (K, C) each; ValueError where there are none."""
    if not NORMS[model.config.norm].over_batch:
        raise ValueError(
            f"only batch norm has running averages, this model has norm={model.config.norm!r}; "
            "exchange its norms first"
        )
    names = model.anatomy.norms
    mean, var = (
        torch.stack([model.get_buffer(f"{name}.{part}") for name in names])
        for part in ("running_mean", "running_var")
    )
    return mean, var


def _entering(model: BigramLanguageModel, idx: Tensor) -> Iterator[Tensor]:
    """The inputs of each norm in training mode, in order of depth: (B·T, C) each."""
    check_more_than_one(idx.numel())
    sites = [f"{name}:in" for name in model.anatomy.norms]
    with batch_mode(model), tapped(model, *sites, stop=True) as seen:
        model(idx)
    return (x.flatten(0, 1) for x in seen.values())
