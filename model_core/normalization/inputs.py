"""What a layer receives, and what it would receive if no norm stood before it."""

import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.taps import tapped


@torch.no_grad()
def read_inputs(model: BigramLanguageModel, ids: Tensor, layer: str) -> dict[str, Tensor]:
    """Of ids (T,), what enters the norm before `layer` and what the layer receives: (T, C) each.

    `stream` is the residual stream before that norm: with norm_position "post" the sum that the
    norm is given. `input` is the norm's output, behind gain and shift, in the mode the model is
    in. Without a norm before the layer both are the same.
    """
    norm = model.anatomy.layer(layer).norm
    received = f"{layer}:in"
    entering = f"{norm}:in" if norm else received
    with tapped(model, *dict.fromkeys((entering, received)), stop=True) as seen:
        model(ids[None])
    return {"stream": seen[entering][0], "input": seen[received][0]}
