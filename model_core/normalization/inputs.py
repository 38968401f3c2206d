"""What a layer receives, and what it would receive without a norm before it."""

import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.taps import tapped


@torch.no_grad()
def read_inputs(model: BigramLanguageModel, ids: Tensor, layer: str) -> dict[str, Tensor]:
    """For ids (T,), the input of the norm before `layer` and that of the layer: (T, C) each.

    `stream` is the residual stream before that norm: with norm_position "post" the sum that it
    normalizes. `input` is the norm's output, after gain and shift, in the model's present mode.
    Without a norm before the layer both are the same.
    """
    norm = model.anatomy.layer(layer).norm
    received = f"{layer}:in"
    entering = f"{norm}:in" if norm else received
    with tapped(model, *dict.fromkeys((entering, received)), stop=True) as seen:
        model(ids[None])
    return {"stream": seen[entering][0], "input": seen[received][0]}
