"""Text written one token at a time, each token with the attention that made it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model_core.arrays import freeze
from model_core.model import BigramLanguageModel, check_drawing, draw
from model_core.taps import tapped


@dataclass(frozen=True)
class Writing:
    """n tokens drawn one after another to continue a text, and what each was drawn from.

    ids (n,) int64. probabilities (n,): of each drawn token in the softmax of the logits. chances
    (n,): in what was drawn from, after temperature and top-k. starts (n,) int64: the first position
    of the text, drawn tokens included, that was read for it; 0 until block_size is full. weights: n
    arrays (L, H, W), what the last of the W tokens read for it reads in every head.
    """

    ids: np.ndarray
    probabilities: np.ndarray
    chances: np.ndarray
    starts: np.ndarray
    weights: tuple[np.ndarray, ...]


@torch.inference_mode()
def write(
    model: BigramLanguageModel,
    ids: Sequence[int],
    count: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int = 0,
) -> Writing:
    """`count` tokens after `ids`, those that `generate` draws with a generator of this seed.

    ValueError as in `generate`, and when a logit is not finite.
    """
    text = torch.tensor([ids], dtype=torch.int64)  # (1, T)
    check_drawing(text, temperature, top_k)
    generator = torch.Generator().manual_seed(seed)
    probabilities, chances, starts, weights = [], [], [], []
    for _ in range(count):
        window = text[:, -model.config.block_size :]
        logits, read = _read(model, window)
        drawn, chance = draw(logits, temperature, top_k, generator)
        starts.append(text.shape[1] - window.shape[1])
        text = torch.cat([text, drawn], dim=1)
        probabilities.append(logits.softmax(-1).gather(-1, drawn).item())
        chances.append(chance.item())
        weights.append(freeze(read))
    return Writing(
        text[0, len(ids) :].numpy(),
        np.array(probabilities, np.float32),
        np.array(chances, np.float32),
        np.array(starts, np.int64),
        tuple(weights),
    )


def _read(model: BigramLanguageModel, window: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (1, V) after the window (1, W), and what its last token reads: (L, H, W).

    Queries and keys are tapped, not the weights: that would bypass the fused kernel, whose
    rounding decides what `generate` draws.
    """
    heads = model.anatomy.heads
    with tapped(model, *(one.qkv for one in heads)) as seen:
        logits = model(window)[0][:, -1]
    if not logits.isfinite().all():
        raise ValueError("the model has diverged and writes no text; choose an earlier step")
    read = torch.empty(len(heads), model.config.n_head, window.shape[1])
    for layer, one in enumerate(heads):
        query, key, _ = one.split(seen[one.qkv][0])  # (H, W, head_size)
        scores = query[:, -1:] @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
        read[layer] = scores.softmax(-1)[:, 0]
    return logits, read
