"""Dimensions and properties: against SciPy one by one; planted ones are found, shuffled not."""

import numpy as np
import pytest
from scipy import stats

from model_core.embeddings.properties import Property
from model_core.embeddings.relations import LEVEL, corrected, relations

DRAW = np.random.default_rng(0)
N, C = 40, 5
NUMBERS = Property("numbers", np.append(DRAW.normal(size=N - 3), [np.nan] * 3))
TIED = Property("tied", DRAW.integers(0, 3, N).astype(np.float64))
KINDS = Property("kinds", DRAW.integers(0, 3, N).astype(np.float64), kinds=True)
PROPERTIES = [NUMBERS, TIED, KINDS]
VECTORS = DRAW.normal(size=(2, N, C)).round(1).astype(np.float32)  # rounded: some are equal


def test_numbers_have_spearmans_correlation_and_its_p() -> None:
    found = relations(VECTORS, PROPERTIES)
    for p, one in enumerate(PROPERTIES[:2]):
        for s, c in np.ndindex(2, C):
            wanted = stats.spearmanr(VECTORS[s, one.known, c], one.values[one.known])
            assert found.strength[s, p, c] == pytest.approx(wanted.statistic, abs=1e-12)
            assert found.p[s, p, c] == pytest.approx(wanted.pvalue, rel=1e-9)


def test_kinds_have_the_test_of_kruskal_and_wallis() -> None:
    found = relations(VECTORS, PROPERTIES)
    for s, c in np.ndindex(2, C):
        whole = VECTORS[s].astype(np.float64)  # SciPy computes in the type that it is given
        groups = [whole[KINDS.values == kind, c] for kind in range(3)]
        wanted = stats.kruskal(*groups)
        h = (N - 1) * found.strength[s, 2, c] ** 2
        assert h == pytest.approx(wanted.statistic, rel=1e-9)
        assert found.p[s, 2, c] == pytest.approx(wanted.pvalue, rel=1e-9)


def test_perfect_order_has_strength_one_and_what_is_constant_or_infinite_none() -> None:
    vectors = VECTORS.copy()
    vectors[0, :, 0] = TIED.values
    vectors[0, :, 1] = 7
    vectors[0, 4, 2] = np.inf
    strength, p = relations(vectors, PROPERTIES)
    assert strength[0, 1, 0] == pytest.approx(1) and p[0, 1, 0] < 1e-99
    assert np.isnan(strength[0, :, 1:3]).all() and np.isnan(p[0, :, 1:3]).all()
    assert np.isfinite(strength[0, :, 3:]).all() and np.isfinite(strength[1]).all()


def test_p_values_are_corrected_within_each_step_by_hand() -> None:
    """Benjamini and Hochberg: the i-th smallest of m, times m / i, and no larger than the next."""
    p = np.array([[0.01, 0.04, 0.03, np.nan], [0.5, np.nan, np.nan, np.nan]])
    wanted = [[0.03, 0.04, 0.04, np.nan], [0.5, np.nan, np.nan, np.nan]]
    np.testing.assert_allclose(corrected(p), wanted)


def test_a_planted_relation_is_found_and_at_most_one_in_twenty_shuffles_has_any() -> None:
    """As a step each: 200 tables whose rows are shuffled, of channels that are related."""
    planted = VECTORS[0].copy()
    planted[:, 3] += 1.5 * TIED.values
    planted[:, 4] += planted[:, 2]
    found = corrected(relations(planted[None], PROPERTIES).p) <= LEVEL
    assert found[0, 1, 3] and found.sum() == 1
    seeds = [np.random.default_rng(seed).permutation(N) for seed in range(200)]
    chance = corrected(relations(planted[seeds], PROPERTIES).p) <= LEVEL
    assert chance.any((1, 2)).mean() <= 0.05
