"""The same weights with another norm, and the running averages that a batch norm then lacks."""

from copy import deepcopy

import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.norm_modules import BatchNorm, norm_module
from model_core.normalization.modes import check_more_than_one
from model_core.norms import NORMS, NormKind


def exchanged(model: BigramLanguageModel, norm: NormKind) -> BigramLanguageModel:
    """A copy of the model in evaluation mode with every norm exchanged for one of another kind.

    What both kinds have is taken over: what they learn, and from batch norm to batch norm its
    running averages. What only the new kind has is as at birth: its initial gain and shift, running
    mean 0 and variance 1 (see `settle`).
    """
    other = deepcopy(model).eval()
    put_norms(other, norm, of=model)
    return other


def put_norms(other: BigramLanguageModel, norm: NormKind, *, of: BigramLanguageModel) -> None:
    """Make `other`, a copy of the model `of`, what `exchanged(of, norm)` would be."""
    other.config, like = of.config.replaced(norm=norm), next(of.parameters())
    for name in of.anatomy.norms:
        new = norm_module(norm, of.config.n_embd).to(like)  # in its precision, on its device
        new.load_state_dict(of.get_submodule(name).state_dict(), strict=False)
        other.set_submodule(name, new.eval())


@torch.no_grad()
def settle(model: BigramLanguageModel, idx: Tensor) -> None:
    """Set every running average to the statistics of idx (B, T), all of it read as one batch.

    The mean and, as torch keeps it, the unbiased variance (divisor B·T - 1) over batch and time.
    Only batch norms are in training mode meanwhile. ValueError for B·T = 1.
    """
    check_more_than_one(idx.numel())
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    before = [(module.training, module.momentum) for module in norms]
    for module in norms:
        module.reset_running_stats()
        module.train()
        module.momentum = None  # the average of all batches since, here of one
    model(idx)
    for module, (training, momentum) in zip(norms, before, strict=True):
        module.train(training)
        module.momentum = momentum


def with_running_averages(model: BigramLanguageModel, windows: Tensor) -> BigramLanguageModel:
    """The model with batch norm: its own, or exchanged and settled on windows (N, T)."""
    batch = exchanged(model, "batch")
    if not NORMS[model.config.norm].over_batch:
        settle(batch, windows)
    return batch
