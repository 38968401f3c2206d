"""Every part of a model in the order of computing: how large its numbers get, how many are lost."""

import torch
from torch import Tensor

from model_core.anatomy import Anatomy
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.taps import tapped

FLOAT32 = torch.finfo(torch.float32).max


def part_sites(config: ModelConfig, anatomy: Anatomy) -> dict[str, str]:
    """The P parts by what they are called, and the site where each is read: its output.

    A block's parts are its norms, its attention, its MLP and the residual stream after each sum.
    """
    found = {"embedding": anatomy.embedding}
    for at, block in enumerate(anatomy.blocks):
        first, second = block.norms
        attention, mlp = block.attention.name, block.feed_forward.name
        before, after = (first, attention), (second, mlp)
        if config.norm_position == "post":
            before, after = before[::-1], after[::-1]
        names = {
            first: "first norm",
            attention: "attention",
            second: "second norm",
            mlp: "MLP",
            block.middle: "stream after attention",
            block.end: "stream after its MLP",
        }
        for site in (*before, block.middle, *after, block.end):
            found[f"block {at}'s {names[site]}"] = site
    return found | {"the final norm": anatomy.final_norm, "the output layer": anatomy.head.name}


@torch.no_grad()
def read_parts(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """What P parts put out for ids (T,), in the model's mode: (P,) each.

    `largest`: the largest absolute value of all tokens and channels that float32 holds, 0 where it
    holds none; `lost`: how many are NaN, infinite or beyond float32, also when read in float64.
    Pure, as `torch.func.vmap` wants it.
    """
    sites = list(part_sites(model.config, model.anatomy).values())
    with tapped(model, *sites) as seen:
        model(ids[None])
    sizes = [seen[site].abs() for site in sites]
    finite = [size <= FLOAT32 for size in sizes]  # False for NaN
    return {
        "largest": torch.stack(
            [torch.where(known, size, 0).amax() for size, known in zip(sizes, finite, strict=True)]
        ),
        "lost": torch.stack([(~known).sum().float() for known in finite]),
    }
