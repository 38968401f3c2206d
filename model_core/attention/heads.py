"""What every head computes for a text: queries, keys, scores, weights, lengths of values."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model_core.anatomy import Heads
from model_core.arrays import freeze
from model_core.model import BigramLanguageModel
from model_core.taps import tapped


@dataclass(frozen=True)
class Attention:
    """Every head's attention for one text, queries in rows and keys in columns.

    scores (L, H, T, T): query · key / √head_size before the mask. weights (L, H, T, T): after mask
    and softmax; rows sum to 1, masked cells are 0.
    """

    scores: np.ndarray
    weights: np.ndarray


@torch.inference_mode()
def attend(model: BigramLanguageModel, ids: Tensor) -> Attention:
    """The attention of every head while `model` reads ids (T,), T ≤ block_size.

    ValueError for a model without attention, and for a text that does not fit.
    """
    heads = heads_of(model)
    scores, weights = ([getattr(h, side) for h in heads] for side in ("scores", "weights"))
    with tapped(model, *scores, *weights, stop=True) as seen:
        model(ids[None])
    return Attention(
        scores=freeze(torch.cat([seen[site] for site in scores])),
        weights=freeze(torch.cat([seen[site] for site in weights])),
    )


@torch.no_grad()
def read_heads(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """Queries, keys and value norms of every head for ids (T,), T ≤ block_size.

    "queries" and "keys" (L, H, T, head_size); "value_norms" (L, H, T): ‖W_O^h v‖, the length of
    what a weight of 1 on that token adds to the residual stream (Kobayashi et al. 2020), W_O^h
    being the columns of the output projection for head h; its bias belongs to no head.

    Tensor operations only, so it runs under `torch.func.vmap`. ValueError as in `attend`.
    """
    heads = heads_of(model)
    with tapped(model, *(one.qkv for one in heads), stop=True) as seen:
        model(ids[None])
    queries, keys, values = torch.stack([one.split(seen[one.qkv][0]) for one in heads], dim=1)
    projections: list[Any] = [model.get_submodule(one.output) for one in heads]
    output = torch.stack([one.weight for one in projections])
    output = output.unflatten(-1, (heads[0].count, -1))  # (L, C, H, head_size)
    added = torch.einsum("lchd,lhtd->lhtc", output, values)
    return {"queries": queries, "keys": keys, "value_norms": added.norm(dim=-1)}


@torch.no_grad()
def read_weights(model: BigramLanguageModel, idx: Tensor) -> dict[str, Tensor]:
    """ "weights" (B, L, H, T, T) while `model` reads idx (B, T); under `vmap` too, as above."""
    with tapped(model, *(heads.weights for heads in heads_of(model)), stop=True) as seen:
        model(idx)
    return {"weights": torch.stack(list(seen.values()), dim=1)}


def scores_of(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """query · key / √head_size for all pairs: of two (..., T, head_size), (..., T, T) float64.

    A score of 50 in float32 would make its weight wrong in the sixth digit.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # of a diverged model
        exact = queries.astype(np.float64) @ keys.astype(np.float64).swapaxes(-2, -1)
        return exact / math.sqrt(queries.shape[-1])


def weights_of(scores: np.ndarray) -> np.ndarray:
    """Mask and softmax of scores (..., T, T): (..., T, T) float32, exactly 0 after the query.

    A row in which a score that is read is NaN or +inf is NaN up to its query.
    """
    weights = torch.tensor(scores, dtype=torch.float64)
    future = torch.ones(weights.shape[-2:], dtype=torch.bool).triu(1)
    return weights.masked_fill_(future, -torch.inf).softmax(-1).tril_().float().numpy()


def heads_of(model: BigramLanguageModel) -> tuple[Heads, ...]:
    """The heads of each of L ≥ 1 layers; ValueError where there is none."""
    heads = model.anatomy.heads
    if not heads:
        raise ValueError("a model with n_layer=0 has no attention")
    return heads
