"""Distributions summarized by a few quantiles, or by the share of numbers in each bin."""

import numpy as np
import torch
from torch import Tensor

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def quantiles(values: Tensor) -> Tensor:
    """QUANTILES of numbers (..., N): (..., 7), linear between two of them.

    Hyndman and Fan 1996, definition 7, as numpy has it. Works under `torch.func.vmap`, and for more
    numbers than `torch.quantile` takes. All NaN where one is NaN. A quantile between a
    number and an infinite one is infinite; between -inf and inf it is NaN.
    """
    ordered = values.sort(-1).values
    ranks = torch.tensor(QUANTILES, dtype=values.dtype) * (values.shape[-1] - 1)
    below, above = ranks.floor().long(), ranks.ceil().long()
    share = ranks - below
    low, high = ordered[..., below], ordered[..., above]
    between = low * (1 - share) + high * share
    result = torch.where(share == 0, low, between)  # where low is infinite, high * 0 is NaN
    return torch.where(ordered[..., -1:].isnan(), ordered[..., -1:], result)  # NaN is sorted last


def bin_shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The share of numbers (S, N) in each bin between ascending edges (B + 1,): (S, B) in 0..1.

    A bin includes its lower edge, the last one both; numbers outside all bins are in none, so the
    sum may be below 1. All NaN where a number is not finite.
    """
    shares = np.full((len(values), len(edges) - 1), np.nan)
    for at, numbers in enumerate(values):
        if np.isfinite(numbers).all():
            shares[at] = np.histogram(numbers, edges)[0] / numbers.size
    return shares
