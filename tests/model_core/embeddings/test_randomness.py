"""Tests of randomness, each against SciPy, an integral or many random tables."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, ks_1samp, norm

from model_core.embeddings import randomness
from model_core.embeddings.randomness import (
    LEVEL,
    directions_p,
    initial_shares,
    kolmogorov_smirnov,
    marchenko_pastur,
    not_random_from,
    p_values,
    singular_values,
    size_p,
    upper_edge,
)


def random_tables(
    steps: int, rows: int, channels: int, seed: int = 0, std: float = 1.0
) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, std, (steps, rows, channels))
    return drawn.astype(np.float32)


@pytest.mark.parametrize("std", [1.0, 0.05])
def test_the_distance_is_scipys_and_its_p_value_within_five_per_cent(std: float) -> None:
    tables = random_tables(6, 27, 5, std=std) * np.linspace(0.8, 1.4, 6)[:, None, None]
    tables = tables.astype(np.float32)
    distance, p = kolmogorov_smirnov(tables, std)
    for table, found, chance in zip(tables, distance, p, strict=True):
        known = ks_1samp(table.ravel().astype(float), norm(0, std).cdf)
        assert found == pytest.approx(known.statistic, abs=1e-9)
        assert chance == pytest.approx(known.pvalue, rel=0.05)


def test_the_size_is_tested_both_ways_by_chi_squared() -> None:
    tables = random_tables(3, 30, 8) * np.array([1.0, 1.3, 0.7], np.float32)[:, None, None]
    squares = (tables.astype(float) ** 2).sum((1, 2))
    p = size_p(tables, 1.0)
    np.testing.assert_allclose(p[1], 2 * chi2.sf(squares[1], 240), rtol=1e-9)
    np.testing.assert_allclose(p[2], 2 * chi2.cdf(squares[2], 240), rtol=1e-9)
    assert p[0] > 0.05 and p[1] < 1e-8 and p[2] < 1e-8


def test_singular_values_are_numpys_over_the_upper_edge() -> None:
    for shape in ((27, 5), (5, 27), (6, 6)):
        (table,) = tables = random_tables(1, *shape, std=0.05)
        known = np.linalg.svd(table / np.sqrt((table**2).mean()), compute_uv=False)
        edge = np.sqrt(shape[0]) + np.sqrt(shape[1])
        np.testing.assert_allclose(singular_values(tables)[0], known / edge, rtol=1e-4)


@pytest.mark.parametrize(("rows", "channels"), [(105, 32), (32, 32), (8, 64)])
def test_values_by_chance_are_quantiles_of_the_integrated_marchenko_pastur_density(
    rows: int, channels: int
) -> None:
    more, fewer = max(rows, channels), min(rows, channels)
    ratio = fewer / more
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2

    def density(x: float) -> float:
        return np.sqrt(max((x - low) * (high - x), 0)) / (2 * np.pi * ratio * x)

    squares = (marchenko_pastur(rows, channels) * upper_edge(rows, channels)) ** 2 / more
    for k in (0, fewer // 2, fewer - 1):
        above = quad(density, squares[k], high, limit=200)[0]
        assert above == pytest.approx((k + 0.5) / fewer, abs=2e-4)


def test_a_large_random_matrix_has_the_values_that_are_expected_by_chance() -> None:
    found = singular_values(random_tables(1, 1000, 250, std=3.0))[0]
    np.testing.assert_allclose(found, marchenko_pastur(1000, 250), atol=0.012)


def test_the_share_in_a_bin_is_the_difference_of_two_normal_distribution_functions() -> None:
    edges = np.array([-0.1, 0.0, 0.05, 0.2])
    np.testing.assert_allclose(
        initial_shares(edges, 0.05), np.diff(norm(0, 0.05).cdf(edges)), atol=1e-12
    )


@pytest.mark.parametrize("shape", [(27, 5), (105, 32), (8, 16)])
def test_a_direction_of_random_tables_seldom_stands_out_and_a_planted_one_does(
    shape: tuple[int, int],
) -> None:
    tables = random_tables(400, *shape)
    assert (directions_p(tables) <= 0.05).mean() <= 0.05
    planted = tables[:20] + 1.5 * np.ones((1, shape[1]), np.float32)
    assert (directions_p(planted) < 1e-3).mean() >= 0.9


def test_tables_too_thin_for_directions_or_without_numbers_have_none() -> None:
    assert directions_p(random_tables(2, 9, 1)).tolist() == [1.0, 1.0]
    broken = random_tables(2, 9, 3)
    broken[1, 0, 0] = np.inf
    p = p_values(broken, 1.0)
    assert np.isfinite(p[0]).all() and np.isnan(p[1]).all()
    assert np.isnan(singular_values(np.zeros((1, 4, 3), np.float32))).all()


# --- the mark -------------------------------------------------------------------------------------


def test_tables_that_stay_random_get_a_mark_in_at_most_five_per_cent_of_200_seeds() -> None:
    """One table kept, one that is drawn anew at every step, and one that turns slowly."""
    marks = {"kept": 0, "new": 0, "turning": 0}
    uncorrected = 0
    for seed in range(200):
        new = random_tables(12, 27, 5, seed, std=0.05)
        angles = np.linspace(0, 1.5, 12, dtype=np.float32)[:, None, None]
        turning = np.cos(angles) * new[0] + np.sin(angles) * new[1]
        for name, tables in (("kept", new[:1].repeat(12, 0)), ("new", new), ("turning", turning)):
            p = p_values(tables, 0.05)
            marks[name] += not_random_from(p) is not None
            uncorrected += bool((p[-1] < LEVEL).any())
    assert max(marks.values()) <= 10, marks
    assert uncorrected > 30  # without a correction there would be more than 5 % of 600


def test_the_mark_is_at_the_first_step_from_which_on_a_table_is_not_random() -> None:
    tables = random_tables(8, 40, 6)
    tables[5:] *= 2
    assert not_random_from(p_values(tables, 1.0)) == 5
    tables[6] = random_tables(1, 40, 6, seed=9)[0]
    assert not_random_from(p_values(tables, 1.0)) == 7  # random once more in between
    tables[7, 0, 0] = np.nan
    assert not_random_from(p_values(tables, 1.0)) is None


def test_holm_rejects_what_the_definition_does() -> None:
    p = np.array([[0.001, 0.04], [0.013, 0.03]])
    ordered = np.sort(p, axis=None)
    rejected = []
    for k, value in enumerate(ordered):  # Holm 1979, one after the other
        if value > 0.05 / (4 - k):
            break
        rejected.append(value)
    assert sorted(p[randomness._holm(p, 0.05)]) == rejected == [0.001, 0.013]
