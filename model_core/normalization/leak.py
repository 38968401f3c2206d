"""Whether other sentences of the batch, or the future, change a sentence's activations."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_core.anatomy import anatomy_of, short
from model_core.arrays import freeze
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.norm_modules import BatchNorm
from model_core.normalization.exchange import exchanged, put_norms
from model_core.normalization.modes import batch_mode, check_more_than_one
from model_core.norms import KINDS, NORMS
from model_core.taps import tapped

TRAINING, EVALUATION = "batch, training mode", "batch, evaluation mode"
ALONE = tuple(kind for kind in KINDS if not NORMS[kind].over_batch)  # each token by itself
CASES = (TRAINING, EVALUATION, *ALONE)


class Leak(NamedTuple):
    """How much a sentence moved at K sites of the model, in the order of computing.

    `moved` (K, T): the largest absolute change over the channels of each of the T tokens.
    `spread` (K,): the standard deviation of their activations before, over all channels.
    """

    moved: np.ndarray
    spread: np.ndarray


def relative(moved: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """`moved` in standard deviations `spread` of its site; 0 where nothing moved.

    Infinite where something moved although nothing varied there.
    """
    moved, spread = np.broadcast_arrays(moved, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(moved, spread, out=np.zeros_like(moved), where=moved != 0)


def leak_sites(config: ModelConfig) -> dict[str, str]:
    """The K sites by their names on an axis, in the order of computing.

    "0.ln1" is after gain and shift of the first norm of block 0. With norm_position "post" a norm
    normalizes the stream itself, so "0.ln1:in" is the sum that enters it.
    """
    anatomy, inside = anatomy_of(config), []
    for block in anatomy.blocks:
        first, second = block.norms
        if config.norm_position == "pre":
            inside += [first, block.middle, second, block.end]
        else:
            inside += [f"{first}:in", first, f"{second}:in", second]
    sites = [*inside, anatomy.final_norm]
    return {
        "embedding": anatomy.embedding,
        **{short(site): site for site in sites},
        "logits": anatomy.head.name,
    }


def leak(model: BigramLanguageModel, idx: Tensor, changed: Tensor, *, upto: int) -> Leak:
    """How much the first `upto` tokens of sentence 0 move when idx (B, T) becomes `changed`.

    In the mode that the model is in. Sentence 0 may differ from `upto` on, the others anywhere.
    ValueError when shapes do not fit, when the first `upto` tokens are themselves changed, and for
    B·T = 1 where batch norm is in training mode.
    """
    if idx.shape != changed.shape or not 1 <= upto <= idx.shape[1]:
        raise ValueError(
            f"both batches must have one shape and upto be in it, got {tuple(idx.shape)}, "
            f"{tuple(changed.shape)} and upto={upto}"
        )
    if not torch.equal(idx[0, :upto], changed[0, :upto]):
        raise ValueError(
            f"the first upto={upto} tokens of sentence 0 must stay as they are; change later ones"
        )
    before, after = _read(model, (idx, changed), upto)
    pairs = list(zip(before, after, strict=True))
    return Leak(
        freeze(torch.stack([(one - other).abs().amax(-1) for one, other in pairs])),
        freeze(torch.stack([one.std(correction=0) for one in before])),
    )


def leaks(
    model: BigramLanguageModel,
    batch: BigramLanguageModel,
    idx: Tensor,
    changed: Tensor,
    *,
    upto: int,
) -> dict[str, Leak]:
    """`leak` in each of CASES: the model's own norm, and its weights with another instead.

    `batch` is the model with batch norm, see `with_running_averages`.
    """
    with batch_mode(batch):
        found = {TRAINING: leak(batch, idx, changed, upto=upto)}
    found[EVALUATION] = leak(batch, idx, changed, upto=upto)
    other = exchanged(model, ALONE[0])
    for norm in ALONE:
        put_norms(other, norm, of=model)
        found[norm] = leak(other, idx, changed, upto=upto)
    return found


@torch.inference_mode()
def _read(model: BigramLanguageModel, batches: Sequence[Tensor], upto: int) -> list[list[Tensor]]:
    """Activations at each site for the first tokens of sentence 0: K of (upto, C), at last V."""
    if any(isinstance(module, BatchNorm) and module.training for module in model.modules()):
        check_more_than_one(batches[0].numel())
    sites, read = list(leak_sites(model.config).values()), []
    with tapped(model, *sites) as seen:
        for idx in batches:
            model(idx)
            # A view would keep all B sentences alive.
            read.append([seen[site][0, :upto].clone() for site in sites])
    return read
