"""What the model loses without a head."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from model_core.attention.heads import heads_of
from model_core.model import BigramLanguageModel
from model_core.taps import tapped

Replacement = Literal["zero", "mean"]


@contextmanager
def ablated(
    model: BigramLanguageModel, heads: Collection[tuple[int, int]], instead: Tensor | None = None
) -> Iterator[None]:
    """The model without these heads, pairs of (layer, head), inside the block.

    What such a head hands to the output projection is zero, or its channels of `instead` (L, C),
    at every position. ValueError for a head the model lacks.
    """
    with ExitStack() as hooks:
        for layer, head in heads:
            hooks.callback(_replace(model, layer, head, instead).remove)
        yield


@torch.inference_mode()
def mean_outputs(model: BigramLanguageModel, idx: Tensor) -> Tensor:
    """What the heads of every layer hand to its output projection: (L, C).

    The mean over all of idx (B, T). ValueError for a model without attention.
    """
    with tapped(model, *(f"{heads.output}:in" for heads in heads_of(model)), stop=True) as seen:
        model(idx)
    return torch.stack([outputs.mean((0, 1)) for outputs in seen.values()])


@torch.inference_mode()
def head_costs(
    model: BigramLanguageModel, idx: Tensor, targets: Tensor, replacement: Replacement
) -> tuple[float, np.ndarray]:
    """The loss on idx and targets (B, T), and by how much more without each head: (L, H).

    In nats per token, one head switched off at a time: "zero" leaves nothing of it, "mean" its mean
    output over idx. Negative where the model does better without. ValueError for "mean" without a
    layer.
    """
    instead = mean_outputs(model, idx) if replacement == "mean" else None
    loss = _loss(model, idx, targets)
    costs = np.empty((model.config.n_layer, model.config.n_head))
    for layer, head in np.ndindex(costs.shape):
        with ablated(model, [(layer, head)], instead):
            costs[layer, head] = _loss(model, idx, targets) - loss
    return loss, costs


def _replace(
    model: BigramLanguageModel, layer: int, head: int, instead: Tensor | None
) -> RemovableHandle:
    """Replace the head's part of what enters the output projection, until the hook is removed."""
    layers, heads = model.config.n_layer, model.config.n_head
    if not (0 <= layer < layers and 0 <= head < heads):
        raise ValueError(
            f"there is no head {head} in layer {layer}; "
            f"the model has {layers} layers of {heads} heads, counted from 0"
        )
    of_layer = model.anatomy.heads[layer]
    channels = of_layer.channels(head)
    value = 0.0 if instead is None else instead[layer, channels]

    def replace(_module: nn.Module, inputs: tuple[Any, ...]) -> Tensor:
        outputs = inputs[0].clone()  # (B, T, C), head beside head
        outputs[..., channels] = value
        return outputs

    return model.get_submodule(of_layer.output).register_forward_pre_hook(replace)


def _loss(model: BigramLanguageModel, idx: Tensor, targets: Tensor) -> float:
    return model(idx, targets)[1].item()
