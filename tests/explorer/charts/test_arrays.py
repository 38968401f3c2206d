import numpy as np
import pytest

from explorer.charts.parts.arrays import bound, each_step, extent, extremes, gaps, log_ticks, padded


def test_what_is_not_finite_becomes_a_gap_and_numbers_stay() -> None:
    array = gaps(np.array([1.5, np.inf, -np.inf, np.nan, 1e300, -2.0]), "values", ("N",))
    np.testing.assert_array_equal(array, [1.5, np.nan, np.nan, np.nan, np.nan, -2.0])
    assert array.dtype == np.float32


def test_the_array_given_is_not_changed() -> None:
    given = np.array([np.inf, 1.0])
    gaps(given, "values", (2,))
    assert given[0] == np.inf


@pytest.mark.parametrize("shape", [(3,), (2, 4), (0, 3)])
def test_a_shape_that_does_not_fit_is_told_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"values must have shape \(S, 3\), got \("):
        gaps(np.zeros(shape), "values", ("S", 3))


def test_ranges_come_from_the_finite_numbers() -> None:
    values = np.array([np.nan, -3.0, 2.0])
    assert extent(values) == (-3.0, 2.0)
    assert bound(values) == 3.0
    assert extremes(values) == ((1,), (2,))


def test_without_a_finite_number_there_is_a_range_all_the_same() -> None:
    nothing = np.full((2, 2), np.nan)
    assert extent(nothing) == (0.0, 1.0)
    assert bound(nothing) == 1.0 and bound(np.zeros(3)) == 1.0
    assert extremes(nothing) is None


@pytest.mark.parametrize("ends", [(0, 1), (0, 0), (5, 5), (-3.4e38, 3.4e38)])
def test_a_padded_range_is_wider_and_fits_float32(ends: tuple[float, float]) -> None:
    low, high = padded(*map(float, ends))
    assert low < high and low <= ends[0] and high >= ends[1]
    assert np.isfinite(np.array([low, high], np.float32)).all()


def test_each_step_has_the_range_of_its_own_numbers() -> None:
    np.testing.assert_allclose(
        each_step(np.array([[0.0, 1.0], [0.0, 10.0]])), [[-0.05, 1.05], [-0.5, 10.5]], rtol=1e-6
    )


def test_logarithmic_ticks_are_round_numbers_inside_the_range() -> None:
    assert log_ticks(0, 1) == [1, 2, 5, 10]
    assert log_ticks(np.log10(0.4), np.log10(60)) == [0.5, 1, 2, 5, 10, 20, 50]
    assert log_ticks(-3, 3) == [10.0**p for p in range(-3, 4)]
    assert len(log_ticks(-38, 38)) <= 8


def test_a_logarithmic_range_without_a_round_number_is_told_by_its_ends() -> None:
    np.testing.assert_allclose(log_ticks(np.log10(2.1), np.log10(2.4)), [2.1, 2.4])
