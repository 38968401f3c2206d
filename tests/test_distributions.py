"""Quantiles against numpy's."""

import numpy as np
import torch
from torch.func import vmap

from model_core.normalization import QUANTILES, quantiles


def test_quantiles_are_those_of_numpy() -> None:
    values = torch.randn(3, 4, 41, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = np.moveaxis(np.quantile(values.numpy(), QUANTILES, axis=-1), 0, -1)
    np.testing.assert_allclose(quantiles(values), expected, atol=1e-12)
    np.testing.assert_allclose(vmap(quantiles)(values), expected, atol=1e-12)


def test_quantiles_of_one_number_are_that_number() -> None:
    assert quantiles(torch.tensor([2.5])).tolist() == [2.5] * len(QUANTILES)


def test_quantiles_among_which_one_is_no_number_are_none() -> None:
    assert quantiles(torch.tensor([[1.0, float("nan")], [1.0, 1.0]])).isnan().all(-1).tolist() == [
        True,
        False,
    ]
