"""Distributions told by a few of their quantiles."""

import torch
from torch import Tensor

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def quantiles(values: Tensor) -> Tensor:
    """QUANTILES of numbers (..., N): (..., 7), linear between two of them.

    Hyndman and Fan 1996, definition 7, as numpy has it. Under `torch.func.vmap` too, and for more
    numbers than `torch.quantile` takes. NaN throughout where one is NaN.
    """
    ordered = values.sort(-1).values
    places = torch.tensor(QUANTILES, dtype=values.dtype) * (values.shape[-1] - 1)
    below, above = places.floor().long(), places.ceil().long()
    share = places - below
    told = ordered[..., below] * (1 - share) + ordered[..., above] * share
    return torch.where(ordered[..., -1:].isnan(), ordered[..., -1:], told)  # NaN is sorted last
