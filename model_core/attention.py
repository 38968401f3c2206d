"""What every head computes for a text: scores and weights."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

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

    ValueError when there is no layer to look into or the text does not fit.
    """
    if not len(model.blocks):
        raise ValueError("a model with n_layer=0 has no attention")
    with tapped(model, "blocks.*.sa.scores", "blocks.*.sa.weights") as seen:
        model(ids[None])
    layers = range(len(model.blocks))
    return Attention(
        scores=freeze(torch.cat([seen[f"blocks.{i}.sa.scores"] for i in layers])),
        weights=freeze(torch.cat([seen[f"blocks.{i}.sa.weights"] for i in layers])),
    )
