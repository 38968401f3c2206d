"""What a layer receives, and what it would receive if no norm stood before it."""

import torch
from torch import Tensor

from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.normalization.statistics import norm_names
from model_core.norms import NORMS
from model_core.taps import tapped


def layer_names(n_layer: int) -> tuple[str, ...]:
    """The layers that norms feed, in the order of depth: attention, feed-forward, ..., lm_head."""
    return (*(f"blocks.{i}.{part}" for i in range(n_layer) for part in ("sa", "ffwd")), "lm_head")


def norm_before(config: ModelConfig, layer: str) -> str | None:
    """The norm whose output `layer` receives; None where nothing is normalized before it.

    With norm_position "pre" it belongs to the layer. With "post" it is the one behind the layer
    before, so that the first attention has none. ValueError for a layer that is not there.
    """
    layers = layer_names(config.n_layer)
    if layer not in layers:
        raise ValueError(f"no layer {layer[:40]!r}; choose one of {', '.join(layers[:4])} ...")
    at = layers.index(layer)
    if config.norm_position == "post" and layer != layers[-1]:
        at -= 1
    exists = NORMS[config.norm].exists and at >= 0
    return norm_names(config.n_layer)[at] if exists else None


@torch.no_grad()
def read_inputs(model: BigramLanguageModel, ids: Tensor, layer: str) -> dict[str, Tensor]:
    """Of ids (T,), what enters the norm before `layer` and what the layer receives: (T, C) each.

    `stream` is the residual stream before that norm: with norm_position "post" the sum that the
    norm is given. `input` is the norm's output, behind gain and shift, as the model stands (its
    mode). Without a norm before the layer both are the same.
    """
    norm = norm_before(model.config, layer)
    received = f"{layer}:in"
    entering = f"{norm}:in" if norm else received
    with tapped(model, *dict.fromkeys((entering, received))) as seen:
        model(ids[None])
    return {"stream": seen[entering][0], "input": seen[received][0]}
