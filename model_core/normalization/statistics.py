"""Statistics around every normalization layer."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from model_core.arrays import freeze
from model_core.model import BigramLanguageModel
from model_core.norm_modules import learned_of
from model_core.norms import LEARNED
from model_core.taps import tapped


def around_norms(model: BigramLanguageModel, ids: Tensor) -> tuple[Tensor, Tensor]:
    """What enters and what leaves each of K norms while `model` reads ids (B, T): (K, B, T, C)."""
    names = model.anatomy.norms
    with tapped(model, *names, *(f"{name}:in" for name in names)) as seen:
        model(ids)
    return (
        torch.stack([seen[f"{name}:in"] for name in names]),
        torch.stack([seen[name] for name in names]),
    )


@torch.inference_mode()
def norm_statistics(model: BigramLanguageModel, ids: Tensor) -> pd.DataFrame:
    """One row for each norm while `model` reads ids (B, T), in the order of depth.

    `mean_in`, `std_in`, `mean_out`, `std_out`: over the channels of each token, then averaged over
    the B·T tokens; `_out` is after gain and shift. Each name in LEARNED: the mean of that
    parameter over the channels, NaN where a norm has none.
    """
    before, after = around_norms(model, ids)
    names = model.anatomy.norms
    modules = [model.get_submodule(name) for name in names]
    return pd.DataFrame(
        {
            "norm": names,
            "mean_in": _over_tokens(before.mean(-1)),
            "std_in": _over_tokens(before.std(-1, correction=0)),
            "mean_out": _over_tokens(after.mean(-1)),
            "std_out": _over_tokens(after.std(-1, correction=0)),
            **{
                name: [_mean_of(learned_of(one, part)) for one in modules]
                for name, part in LEARNED.items()
            },
        }
    )


def _over_tokens(values: Tensor) -> np.ndarray:
    return freeze(values.flatten(1).mean(1))


def _mean_of(parameter: Tensor | None) -> float:
    return float("nan") if parameter is None else parameter.mean().item()
