"""One token in two texts: its table row is the same, what is computed from it is not."""

import pandas as pd
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.taps import tapped


@torch.inference_mode()
def compare(
    model: BigramLanguageModel, first: tuple[Tensor, int], second: tuple[Tensor, int]
) -> pd.DataFrame:
    """The distance of two positions of two texts at each depth, from the tables to the prediction.

    Each of `first` and `second` is a text's ids (T,) and a position in it. One row per site of the
    model, in the order of computing: `site`, `how` ("looked up" or "computed") and `difference`,
    the largest over the channels, in the last row over the V probabilities.
    """
    ways = [_way(model, ids, position) for ids, position in (first, second)]
    looked_up = ("token row", "position row")
    return pd.DataFrame(
        {
            "site": list(ways[0]),
            "how": ["looked up" if site in looked_up else "computed" for site in ways[0]],
            "difference": [(ways[0][site] - ways[1][site]).abs().max().item() for site in ways[0]],
        }
    )


def _way(model: BigramLanguageModel, ids: Tensor, position: int) -> dict[str, Tensor]:
    """What the model computes at one position, by site: (C,), the last one (V,)."""
    anatomy = model.anatomy
    with tapped(model, *anatomy.depths) as seen:
        logits, _ = model(ids[None])
    depths = ["their sum", *(f"after block {layer}" for layer in range(len(anatomy.blocks)))]
    return {
        "token row": model.get_parameter(anatomy.table("tokens"))[ids[position]],
        "position row": model.get_parameter(anatomy.table("positions"))[position],
        **{name: seen[site][0, position] for name, site in zip(depths, seen, strict=True)},
        "next-token probabilities": logits[0, position].softmax(-1),
    }
