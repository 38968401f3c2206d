"""What guessing costs, worked out in the head."""

import math

import numpy as np
import pytest

from model_core.prediction.guessing import below_since, guessing


def test_letters_that_alternate_cost_a_bit_by_frequency_and_nothing_after_the_one_before() -> None:
    levels = guessing(np.array([0, 1] * 50), vocab_size=4)
    assert levels.evenly == pytest.approx(math.log(4))
    assert levels.by_frequency == pytest.approx(math.log(2))
    assert levels.by_token_before == pytest.approx(0, abs=1e-9)


def test_what_follows_is_counted_pair_by_pair() -> None:
    ids = np.array([0, 0, 0, 1, 0, 0, 1, 1])  # after 0: 0 0 1 0 1, after 1: 0 1
    after_0 = -(3 / 5) * math.log(3 / 5) - (2 / 5) * math.log(2 / 5)
    expected = (5 / 7) * after_0 + (2 / 7) * math.log(2)
    assert guessing(ids, 2).by_token_before == pytest.approx(expected)


def test_a_loss_is_below_from_where_it_stays_below() -> None:
    losses = np.array([3.0, 1.0, 2.5, 1.0, 0.5])
    assert below_since(losses, 2.0) == 3
    assert below_since(losses, 4.0) == 0
    assert below_since(losses, 0.1) is None
    assert below_since(np.array([1.0, math.nan, 1.0]), 2.0) == 2
    assert below_since(np.array([1.0, math.nan]), 2.0) is None
