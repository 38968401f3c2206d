"""How far distributions move, against SciPy's Wasserstein distance and by hand."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from model_core.normalization import shift, shift_rate

NUMBERS = np.random.default_rng(0).normal(size=(4, 3, 50)) * np.array([1, 2, 0.5, 9])[:, None, None]


def test_the_shift_is_the_wasserstein_distance_from_the_first_step() -> None:
    expected = [[wasserstein_distance(NUMBERS[0, c], at[c]) for c in range(3)] for at in NUMBERS]
    np.testing.assert_allclose(shift(NUMBERS), expected, atol=1e-12)
    np.testing.assert_allclose(shift(NUMBERS[:, 0]), np.array(expected)[:, 0], atol=1e-12)


def test_the_rate_is_the_distance_from_the_step_before_for_each_step_between() -> None:
    rate = shift_rate(NUMBERS, np.array([0, 1, 10, 110]))
    assert np.isnan(rate[0]).all()
    for at, between in ((1, 1), (2, 9), (3, 100)):
        for c in range(3):
            expected = wasserstein_distance(NUMBERS[at - 1, c], NUMBERS[at, c]) / between
            np.testing.assert_allclose(rate[at, c], expected, atol=1e-12)


def test_numbers_moved_by_two_have_moved_by_two_whatever_their_order() -> None:
    values = np.array([[1.0, 5, 3], [5, 7, 3], [1, 3, 5]])
    assert shift(values).tolist() == [0, 2, 0]
    assert shift_rate(values, np.array([0, 4, 5])).tolist()[1:] == [0.5, 2]


def test_channels_that_trade_places_move_although_all_of_them_together_do_not() -> None:
    channels = np.array([[[1.0, 1], [-1, -1]], [[-1, -1], [1, 1]]])  # (S, C, T)
    assert shift(channels.reshape(2, 4)).tolist() == [0, 0]
    assert shift(channels).tolist() == [[0, 0], [2, 2]]


def test_all_channels_together_move_no_further_than_each_by_itself_on_average() -> None:
    assert (shift(NUMBERS.reshape(4, -1)) <= shift(NUMBERS).mean(1) + 1e-12).all()


def test_what_is_not_finite_has_not_moved_by_any_number() -> None:
    values = np.array([[1.0, 2], [np.nan, 2], [np.inf, 2], [2, 3], [1e300, 1]])
    assert shift(values)[[0, 3]].tolist() == [0, 1]
    assert np.isnan(shift(values)[1:3]).all()
    assert shift(values)[4] == pytest.approx(5e299)


def test_numbers_at_both_ends_of_float32_are_as_far_apart_as_they_are() -> None:
    largest = np.finfo(np.float32).max
    values = np.array([[-largest, largest], [largest, largest]])
    assert shift(values).tolist() == [0, largest]
    assert shift_rate(values, np.array([3, 5]))[1] == largest / np.float64(2)
