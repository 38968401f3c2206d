"""The modules of the norms, and the same computations step by step on arrays."""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_core.norms import EPS, LEARNED, NORMS, Learned, NormKind


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization of x (B, T, C) over batch *and* time.

    In training mode each channel is normalized with the mean and variance of all B·T positions of
    this batch, so a position depends on the other sentences and on its own future. In evaluation
    mode it uses running averages of those statistics.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(-1, x.shape[-1])).view_as(x)


class DyT(nn.Module):
    """Dynamic tanh γ·tanh(α·x) + β of x (..., C): bounds each number without any statistic.

    γ and β are one for each channel, α is one for all. "Transformers without Normalization", Zhu et
    al. 2025.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.alpha = nn.Parameter(torch.full((1,), LEARNED["alpha"].start))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * torch.tanh(self.alpha * x) + self.bias


NormModule: TypeAlias = nn.LayerNorm | BatchNorm | nn.RMSNorm | DyT | nn.Identity


def norm_module(kind: NormKind, channels: int, eps: float = EPS) -> NormModule:
    """A new norm of `channels` channels, which are the last axis of its input."""
    match kind:
        case "layer":
            return nn.LayerNorm(channels, eps)
        case "batch":
            return BatchNorm(channels, eps)
        case "rms":
            return nn.RMSNorm(channels, eps)
        case "dyt":
            return DyT(channels)
        case "none":
            return nn.Identity()
        case _:
            assert_never(kind)


def learned_of(module: nn.Module, part: Learned) -> Tensor | None:
    """A learned parameter of a norm; None where it has none."""
    return getattr(module, part.parameter, None)


def before_gain(norm: NormModule, x: Tensor) -> Tensor:
    """The output of a norm for x (..., C) before its gain and shift, in its present mode."""
    match norm:
        case nn.LayerNorm():
            return F.layer_norm(x, norm.normalized_shape, eps=norm.eps)
        case nn.RMSNorm():
            return F.rms_norm(x, norm.normalized_shape, eps=norm.eps)
        case BatchNorm():
            over = list(range(x.dim() - 1))
            mean = x.mean(over) if norm.training else norm.running_mean
            var = x.var(over, correction=0) if norm.training else norm.running_var
            assert mean is not None and var is not None
            return (x - mean) / (var + norm.eps).sqrt()
        case DyT():
            return torch.tanh(norm.alpha * x)
        case nn.Identity():
            return x
        case _:
            assert_never(norm)


def statistics(kind: NormKind, x: np.ndarray, axis: int) -> dict[str, np.ndarray]:
    """The statistics that a norm takes over `axis` of x, which remains with length 1.

    "mean" and "variance" (biased: the divisor is their count), or "mean square" where the norm
    does not centre; nothing where it does not pool.
    """
    norm = NORMS[kind]
    if not norm.pools:
        return {}
    if not norm.centres:
        return {"mean square": np.square(x).mean(axis, keepdims=True)}
    mean = x.mean(axis, keepdims=True)
    return {"mean": mean, "variance": np.square(x - mean).mean(axis, keepdims=True)}


def normalize(
    kind: NormKind,
    x: np.ndarray,
    taken: Mapping[str, np.ndarray],
    learned: Mapping[str, np.ndarray | float],
    eps: float = EPS,
) -> dict[str, np.ndarray]:
    """The steps from x to "result", in order, with `statistics` that broadcast against x.

    `learned` holds the parameters that `learns` names; a missing one has its initial value.
    """
    norm = NORMS[kind]
    values = {name: learned.get(name, LEARNED[name].start) for name in norm.learns}
    steps = _before_gain(kind, x, taken, values, eps)
    result = steps["normalized"]
    if "gamma" in values:
        result = result * values["gamma"]
    if "beta" in values:
        result = result + values["beta"]
    return steps | {"result": result}


def _before_gain(
    kind: NormKind,
    x: np.ndarray,
    taken: Mapping[str, np.ndarray],
    learned: Mapping[str, np.ndarray | float],
    eps: float,
) -> dict[str, np.ndarray]:
    """The same up to "normalized"."""
    match kind:
        case "layer" | "batch":
            centred, deviation = x - taken["mean"], np.sqrt(taken["variance"] + eps)
            steps = {"mean": taken["mean"], "centred": centred, "variance": taken["variance"]}
            return {**steps, "deviation": deviation, "normalized": centred / deviation}
        case "rms":
            root = np.sqrt(taken["mean square"] + eps)
            return {**taken, "root": root, "normalized": x / root}
        case "dyt":
            return {"normalized": np.tanh(learned["alpha"] * x)}
        case "none":
            return {"normalized": x}
        case _:
            assert_never(kind)
