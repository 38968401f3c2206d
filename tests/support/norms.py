"""Models, batches, hooks and second formulas for the tests of normalization."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.norms import KINDS, NormKind

SIZES: dict[str, Any] = {"vocab_size": 11, "block_size": 7, "n_embd": 6, "n_head": 2, "n_layer": 2}
NAMES = ("blocks.0.ln1", "blocks.0.ln2", "blocks.1.ln1", "blocks.1.ln2", "ln_f")
WINDOWS = torch.randint(11, (64, 7), generator=torch.Generator().manual_seed(3))
IDS = WINDOWS[:3]
EACH_TOKEN: tuple[NormKind, ...] = tuple(kind for kind in KINDS if kind != "batch")  # by itself
HAS: dict[NormKind, dict[str, float]] = {  # parameters of a module, and their initial value
    "layer": {"weight": 1.0, "bias": 0.0},
    "batch": {"weight": 1.0, "bias": 0.0},
    "rms": {"weight": 1.0},
    "dyt": {"weight": 1.0, "bias": 0.0, "alpha": 0.5},
    "none": {},
}
norms = pytest.mark.parametrize("norm", KINDS)
positions = pytest.mark.parametrize("position", ["pre", "post"])
modes = pytest.mark.parametrize("training", [False, True])


def made(**changes: Any) -> BigramLanguageModel:
    """A new model of two layers, the same at every call, in evaluation mode."""
    torch.manual_seed(0)
    return BigramLanguageModel(ModelConfig(**SIZES | changes)).eval()


def scrambled(**changes: Any) -> BigramLanguageModel:
    """A model whose gains, shifts and running averages are all far from where they start."""
    model = made(**changes)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if "ln" in name and value.is_floating_point():
                value.uniform_(0.5, 2.0)
    return model


def entering(model: BigramLanguageModel, ids: Tensor) -> list[Tensor]:
    """What enters each norm: (B, T, C), in the order of depth, read by hooks of its own."""
    inputs: list[Tensor] = []

    def hear(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
        inputs.append(args[0].detach().clone())

    hooks = [model.get_submodule(name).register_forward_pre_hook(hear) for name in NAMES]
    with torch.no_grad():
        model(ids)
    for hook in hooks:
        hook.remove()
    return inputs


def normalized(kind: str, x: Tensor, weights: dict[str, Tensor], training: bool) -> Tensor:
    """Each norm's formula for x (..., C) before its gain: divisor C or B·T, 1e-5 under the root."""
    if kind == "none":
        return x
    if kind == "dyt":
        return torch.tanh(weights["alpha"] * x)
    if kind == "rms":
        return x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    if kind == "batch" and not training:
        mean, variance = weights["running_mean"], weights["running_var"]
    else:
        over = (-1,) if kind == "layer" else tuple(range(x.dim() - 1))
        mean = x.mean(over, keepdim=True)
        variance = (x - mean).square().mean(over, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def behind_gain(kind: str, x: Tensor, weights: dict[str, Tensor], training: bool) -> Tensor:
    """The same behind gain and shift."""
    one, zero = torch.ones((), dtype=x.dtype), torch.zeros((), dtype=x.dtype)
    gamma, beta = weights.get("weight", one), weights.get("bias", zero)
    return gamma * normalized(kind, x, weights, training) + beta
