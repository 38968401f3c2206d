"""Quantiles against numpy's; shares of bins by hand."""

import numpy as np
import torch
from torch.func import vmap

from model_core.normalization import QUANTILES, bin_shares, quantiles


def test_quantiles_are_those_of_numpy() -> None:
    values = torch.randn(3, 4, 41, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = np.moveaxis(np.quantile(values.numpy(), QUANTILES, axis=-1), 0, -1)
    np.testing.assert_allclose(quantiles(values), expected, atol=1e-12)
    np.testing.assert_allclose(vmap(quantiles)(values), expected, atol=1e-12)


def test_quantiles_of_one_number_are_that_number() -> None:
    assert quantiles(torch.tensor([2.5])).tolist() == [2.5] * len(QUANTILES)


def test_quantiles_among_which_one_is_no_number_are_none() -> None:
    """Also where it lies beyond the last quantile."""
    values = torch.ones(2, 200)
    values[0, 7] = float("nan")
    assert quantiles(values).isnan().all(-1).tolist() == [True, False]


def test_a_quantile_is_infinite_where_it_falls_on_or_before_an_infinite_number() -> None:
    inf = float("inf")
    of = quantiles(torch.tensor([1, 2, 3, inf, inf], dtype=torch.float64))
    np.testing.assert_allclose(of, [1.04, 1.2, 2, 3, inf, inf, inf])
    assert quantiles(torch.tensor([-inf, -inf, 0, 4, 8])).tolist()[:5] == [-inf, -inf, -inf, 0, 4]
    assert quantiles(torch.tensor([-inf, inf])).isnan().all()


def test_shares_are_those_of_a_histogram_and_miss_what_lies_outside() -> None:
    values = np.array([[0.0, 0.5, 1, 2], [0, 0, 5, -1], [0, 0, np.nan, 0], [0, 0, np.inf, 0]])
    told = bin_shares(values, np.array([0.0, 1, 2]))
    assert told[:2].tolist() == [[0.5, 0.5], [0.5, 0]]
    assert np.isnan(told[2:]).all()
