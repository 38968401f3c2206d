"""Looking up rows: what enters the first block, and what torch says to a row that is not there."""

import numpy as np
import torch
import torch.nn.functional as F

from model_core.arrays import freeze
from model_core.model import BigramLanguageModel
from model_core.taps import tapped


@torch.inference_mode()
def entering(model: BigramLanguageModel, ids: torch.Tensor) -> np.ndarray:
    """What the first block receives in a forward pass of ids (T,): (T, C) float32."""
    site = model.anatomy.embedding
    with tapped(model, site, stop=True) as seen:
        model(ids[None])
    return freeze(seen[site][0])


def refusal(row: int, rows: int) -> str:
    """What torch says when `row` of a table of `rows` rows is looked up; "" where it is there."""
    try:
        F.embedding(torch.tensor([row]), torch.empty(rows, 1))
    except IndexError as error:
        return str(error)
    return ""
