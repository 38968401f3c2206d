from typing import Any

import numpy as np
import pytest

from explorer.charts.normalization.descent import CEILING, FLOOR, Walk, descent_panel, excess_panel
from explorer.panels import Frame, Panel
from model_core.normalization.scaling import Bowl

HESSIAN = np.array([[2.0, 0.5], [0.5, 100.0]])
MINIMUM = np.array([2.0, 1.0])
ROOT = np.linalg.cholesky(HESSIAN).T  # of two students, H is xᵀx
BOWL = Bowl(ROOT, ROOT @ MINIMUM)
WEIGHTS = np.array([[0.0, 0.0], [1.0, 1.5], [1.5, 0.9]])
COMMON: dict[str, Any] = {"frame": Frame("d", "Raw"), "colour": "#0072B2"}
TITLES = ("weight of age (per year)", "weight of tuition (per $)")


def panel(weights: np.ndarray = WEIGHTS, **more: Any) -> Panel:
    shares = BOWL.excess(weights) / BOWL.excess(weights[0])
    return descent_panel(Walk(BOWL, weights, shares), axis_titles=TITLES, **COMMON, **more)


def excess(weights: np.ndarray) -> float:
    """Written out: ½ (a dx² + 2 b dx dy + c dy²)."""
    x, y = weights - MINIMUM
    return (2.0 * x * x + 2 * 0.5 * x * y + 100.0 * y * y) / 2


def test_the_path_is_drawn_up_to_the_step_shown() -> None:
    moving, nan = panel().moving, np.nan
    np.testing.assert_array_equal(moving["1.x"], [[0, nan, nan], [0, 1, nan], [0, 1, 1.5]])
    np.testing.assert_allclose(moving["1.y"][2], WEIGHTS[:, 1], rtol=1e-6)
    np.testing.assert_allclose(np.hstack([moving["2.x"], moving["2.y"]]), WEIGHTS, rtol=1e-6)


def test_the_path_tells_its_steps_and_what_is_left_of_the_excess() -> None:
    told = panel().figure.data[1].customdata
    expected = [100 * excess(w) / excess(WEIGHTS[0]) for w in WEIGHTS]
    np.testing.assert_allclose(told, np.stack([[0, 1, 2], expected], axis=1))


def test_contours_are_the_logarithm_of_the_same_excess_over_both_weights() -> None:
    contours = panel().figure.data[0]
    for row, column in ((0, 0), (5, 40), (-1, 3)):
        place = np.array([contours.x[column], contours.y[row]])
        share = excess(place) / excess(WEIGHTS[0])
        assert contours.z[row, column] == pytest.approx(np.log10(share), rel=1e-4)
        assert contours.customdata[row, column] == pytest.approx(100 * share, rel=1e-4)


def test_the_cross_is_at_the_minimum_and_in_the_middle_of_the_window() -> None:
    figure = panel().figure
    np.testing.assert_allclose([figure.data[3].x[0], figure.data[3].y[0]], MINIMUM)
    axes = (figure.layout.xaxis, figure.layout.yaxis)
    np.testing.assert_allclose([np.mean(axis.range) for axis in axes], MINIMUM)


def test_what_lies_below_the_start_is_in_the_window_and_touches_both_sides_alike() -> None:
    """By a second way: the largest dx on the ellipse of the start is sqrt(2 E / (a - b²/c))."""
    layout = panel(stretched=True).figure.layout
    half = np.sqrt(2 * excess(WEIGHTS[0]) / (2.0 - 0.5**2 / 100.0))
    np.testing.assert_allclose(layout.xaxis.range, [2 - 1.15 * half, 2 + 1.15 * half])


def test_one_unit_is_equally_long_on_both_axes_unless_stretched() -> None:
    even, stretched = panel().figure.layout, panel(stretched=True).figure.layout
    assert even.yaxis.scaleanchor == "x" and stretched.yaxis.scaleanchor is None
    widths = [
        [np.ptp(axis.range) for axis in (layout.xaxis, layout.yaxis)]
        for layout in (even, stretched)
    ]
    assert widths[0][0] == pytest.approx(widths[0][1])
    assert widths[1][0] / widths[1][1] == pytest.approx(50**0.5, rel=0.01)


def test_the_grid_is_fine_around_the_minimum_however_narrow_the_valley() -> None:
    x = np.diag([1.0, 1e4])
    narrow = descent_panel(
        Walk(Bowl(x, x @ MINIMUM), np.zeros((2, 2)), np.ones(2)), axis_titles=TITLES, **COMMON
    )
    y = np.array(narrow.figure.data[0].y)
    assert y.min() < -1e4 and y.max() > 1e4  # reaches as far as the valley is long
    assert (np.abs(y - 1) <= 2.0).sum() >= 60  # the start is 1 from the floor


def test_a_descent_that_leaves_all_numbers_is_drawn_as_long_as_they_last() -> None:
    moving = panel(np.array([[0.0, 0.0], [1e30, -1e30], [1e60, 1e60]])).moving
    assert np.isfinite(moving["2.x"][:, 0]).tolist() == [True, True, False]


def test_alt_tells_start_minimum_and_what_is_left() -> None:
    left = excess(WEIGHTS[-1]) / excess(WEIGHTS[0])
    alt = panel().alt
    assert "It starts at (0, 0); the minimum is at (2, 1)." in alt
    assert alt.endswith(f"At the last step {left:.3g} of the excess loss is left.")


def test_what_has_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weights must have shape \(S, 2\), got \(3, 3\)"):
        descent_panel(Walk(BOWL, np.zeros((3, 3)), np.ones(3)), axis_titles=TITLES, **COMMON)
    with pytest.raises(ValueError, match=r"shares must have shape \(3\), got \(2,\)"):
        descent_panel(Walk(BOWL, WEIGHTS, np.ones(2)), axis_titles=TITLES, **COMMON)


def test_shares_are_curves_with_a_line_where_a_descent_has_converged() -> None:
    shares = {"raw": np.array([1, 0.9, FLOOR / 2]), "min-max": np.array([1, 0.1, 2 * CEILING])}
    curves = excess_panel(shares, 0.01, frame=Frame("e", "Excess"))
    np.testing.assert_allclose(curves.figure.data[0].y, [1, 0.9, np.nan])
    np.testing.assert_allclose(curves.figure.data[1].y, [1, 0.1, np.nan])
    (line,) = curves.figure.layout.shapes
    assert line.y0 == line.y1 == 0.01 and line.label.text == "1% is left"
    assert curves.figure.layout.xaxis.title.text == "step of this descent"
    assert "recorded" not in curves.alt and "over 3 steps of this descent" in curves.alt
