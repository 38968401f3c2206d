"""A model layer by layer while it reads: sizes, distributions, residual stream, silent units."""

from typing import cast

import torch
from torch import Tensor, nn

from model_core.model import BigramLanguageModel
from model_core.norm_modules import NormModule, before_gain, learned_of
from model_core.normalization.distributions import quantiles
from model_core.normalization.statistics import around_norms
from model_core.norms import LEARNED, Learned
from model_core.taps import tapped

SIDES = ("in", "normalized", "out")  # before a norm; before its gain and shift; after them


@torch.no_grad()
def read_layers(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """What K norms, L blocks and the residual stream do with ids (T,), in the model's mode.

    `mean_*` and `std_*` (K, T), for each of SIDES of a norm: over the C channels of a token,
    divisor C. `stream` (D, T): the Euclidean norm over the channels at `Anatomy.stream`. `silent`
    and `off` (L,): the share of a block's 4C feed-forward units that no token turns on, and of all
    (token, unit) pairs that are 0 after the ReLU. Pure, as `torch.func.vmap` wants it, but in
    training mode, where the running averages of batch norm move.
    """
    sites, units = model.anatomy.stream, [block.units for block in model.anatomy.blocks]
    with tapped(model, *sites, *units) as seen:
        sides = _sides(model, ids)
    stream = torch.stack([seen[site][0] for site in sites])
    return {
        **{f"mean_{side}": x.mean(-1) for side, x in sides.items()},
        **{f"std_{side}": x.std(-1, correction=0) for side, x in sides.items()},
        "stream": torch.linalg.vector_norm(stream, dim=-1),
        **_units([seen[site][0] for site in units], like=stream),
    }


@torch.no_grad()
def read_distributions(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """How activations, gains and shifts of K norms are distributed while `model` reads ids (T,).

    `quantiles_*` (K, 7), for each of SIDES: QUANTILES of all T·C numbers. Each name in LEARNED
    (K, 7): of that parameter over the channels, NaN where a norm has none. Pure where `read_layers`
    is.
    """
    sides = _sides(model, ids)
    modules = [model.get_submodule(name) for name in model.anatomy.norms]
    channels = sides["in"][0, 0]
    return {
        **{f"quantiles_{side}": quantiles(x.flatten(1)) for side, x in sides.items()},
        **{name: _over_channels(modules, part, channels) for name, part in LEARNED.items()},
    }


@torch.no_grad()
def read_norm(model: BigramLanguageModel, ids: Tensor, name: str) -> dict[str, Tensor]:
    """What enters the norm of this name and what leaves it, for ids (T,): (T, C) each."""
    with tapped(model, f"{name}:in", name, stop=True) as seen:
        model(ids[None])
    return {"in": seen[f"{name}:in"][0], "out": seen[name][0]}


def _sides(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """Activations on each of SIDES of every norm: (K, T, C)."""
    entering, leaving = (x[:, 0] for x in around_norms(model, ids[None]))
    modules = (model.get_submodule(name) for name in model.anatomy.norms)
    normalized = [
        before_gain(cast(NormModule, norm), x) for norm, x in zip(modules, entering, strict=True)
    ]
    return dict(zip(SIDES, (entering, torch.stack(normalized), leaving), strict=True))


def _over_channels(modules: list[nn.Module], part: Learned, like: Tensor) -> Tensor:
    none = torch.full_like(like, float("nan"))
    parameters = [learned_of(module, part) for module in modules]
    each = [none if one is None else one.expand_as(like) for one in parameters]
    return quantiles(torch.stack(each))


def _units(activations: list[Tensor], like: Tensor) -> dict[str, Tensor]:
    """Shares of each block's units, from what leaves their ReLU: L of (T, 4C)."""
    if not activations:
        return {"silent": like.new_empty(0), "off": like.new_empty(0)}
    off = (torch.stack(activations) == 0).to(like.dtype)  # (L, T, 4C); a NaN counts as on
    return {"silent": off.amin(1).mean(-1), "off": off.mean((1, 2))}
