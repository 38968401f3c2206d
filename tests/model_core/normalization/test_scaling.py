from typing import Any

import numpy as np
import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from model_core.normalization.scaling import SCALINGS, Bowl, Scaling, descend, scaled, students
from tests.support.refusals import refusal

INPUTS, LOAN = students()
UNIT = np.array([1, 1000])  # tuition in thousands: a raw descent that can be run to its end


def problem(kind: Scaling, unit: np.ndarray = UNIT) -> tuple[np.ndarray, np.ndarray, Bowl]:
    x, y = scaled(kind, INPUTS / unit), LOAN - LOAN.mean()
    return x, y, Bowl(x, y)


# ---- the data, and their scaling -----------------------------------------------------------------


def test_the_students_are_what_is_said_of_them_and_the_same_each_time() -> None:
    inputs, loan = students(5000)
    assert inputs.min(0) == pytest.approx([18, 20_000], rel=0.03)
    assert inputs.max(0) == pytest.approx([25, 50_000], rel=0.03)
    design = np.column_stack([inputs, np.ones(5000)])
    weights, squares, *_ = np.linalg.lstsq(design, loan, rcond=None)
    assert weights[:2] == pytest.approx([2, 0.2 / 1000], rel=0.05)
    assert (squares[0] / 5000) ** 0.5 == pytest.approx(1.5, rel=0.05)
    np.testing.assert_array_equal(students()[0], INPUTS)
    assert INPUTS.shape == (60, 2) and LOAN.shape == (60,)


def test_scaling_is_scikit_learns_with_the_mean_subtracted() -> None:
    scalers: dict[Scaling, Any] = {"min-max": MinMaxScaler(), "standardized": StandardScaler()}
    for kind, scaler in scalers.items():
        expected = scaler.fit_transform(INPUTS)
        np.testing.assert_allclose(scaled(kind, INPUTS), expected - expected.mean(0), atol=1e-12)
    np.testing.assert_array_equal(scaled("raw", INPUTS), INPUTS - INPUTS.mean(0))


def test_a_constant_column_is_refused_by_number() -> None:
    constant = np.array([[1.0, 5.0], [2.0, 5.0]])
    assert "column 1 is constant" in refusal(scaled, "standardized", constant)


def test_two_inputs_that_tell_each_other_are_refused() -> None:
    x = np.array([[1.0, 2.0], [-1.0, -2.0]])
    assert "multiple of the other" in refusal(Bowl, x, np.array([1.0, -1.0]))


# ---- the bowl ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SCALINGS)
def test_the_bowl_is_the_mean_squared_error(kind: Scaling) -> None:
    x, y, bowl = problem(kind)
    weights = np.random.default_rng(1).normal(0, 3, (7, 2))
    errors = np.array([((x @ w - y) ** 2).mean() for w in weights])
    np.testing.assert_allclose(bowl.least + bowl.excess(weights), errors, rtol=1e-12)


@pytest.mark.parametrize("kind", SCALINGS)
def test_its_minimum_is_least_squares_with_the_best_intercept(kind: Scaling) -> None:
    x, y, bowl = problem(kind)
    alone, *_ = np.linalg.lstsq(x, y, rcond=None)
    design = np.column_stack([x + 7, np.ones(60)])  # whatever mean the inputs have
    with_intercept, *_ = np.linalg.lstsq(design, LOAN, rcond=None)
    np.testing.assert_allclose(bowl.minimum, alone, rtol=1e-9)
    np.testing.assert_allclose(bowl.minimum, with_intercept[:2], rtol=1e-9)


@pytest.mark.parametrize("kind", SCALINGS)
@pytest.mark.parametrize("unit", [1, 1000])
def test_condition_number_is_that_of_the_hessian(kind: Scaling, unit: float) -> None:
    x, _, bowl = problem(kind, np.array([1, unit]))
    expected = np.linalg.cond(2 / 60 * x.T @ x)
    assert bowl.condition_number == pytest.approx(expected, rel=1e-6)


def test_condition_number_follows_the_unit_squared_and_scaled_inputs_do_not_care() -> None:
    numbers = {
        kind: [problem(kind, np.array([1, unit]))[2].condition_number for unit in (1, 10)]
        for kind in SCALINGS
    }
    assert numbers["raw"][0] / numbers["raw"][1] == pytest.approx(100, rel=1e-4)
    assert numbers["raw"][0] > 1e7
    for kind in ("min-max", "standardized"):
        assert numbers[kind][0] == pytest.approx(numbers[kind][1])
        assert numbers[kind][0] < 5


def test_correlation_is_what_standardization_leaves_of_the_condition_number() -> None:
    correlation = np.corrcoef(INPUTS.T)[0, 1]
    expected = (1 + correlation) / (1 - correlation)
    assert problem("standardized")[2].condition_number == pytest.approx(expected)


def test_its_reach_is_that_of_the_ellipse_through_the_weights() -> None:
    """By a second way: the farthest of many places on that ellipse."""
    bowl, start = problem("raw")[2], np.array([1.0, -0.5])
    turns = np.linspace(0, 2 * np.pi, 100_001)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    ellipse = circle * np.sqrt(2 * bowl.excess(start) / bowl.curvatures) @ bowl.axes.T
    np.testing.assert_allclose(bowl.excess(bowl.minimum + ellipse), bowl.excess(start))
    np.testing.assert_allclose(bowl.reach(start), ellipse.max(0), rtol=1e-6)


# ---- the descent ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SCALINGS)
@pytest.mark.parametrize("share", [0.3, 0.9, 1.1])
def test_the_descent_shrinks_each_error_by_its_own_factor(kind: Scaling, share: float) -> None:
    x, y, bowl = problem(kind)
    rate = share * bowl.largest_rate
    weights = descend(x, y, rate, 40)
    start = -bowl.minimum @ bowl.axes
    errors = start * (1 - rate * bowl.curvatures) ** np.arange(41)[:, None]
    np.testing.assert_allclose((weights - bowl.minimum) @ bowl.axes, errors, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", SCALINGS)
def test_the_descent_is_torchs(kind: Scaling) -> None:
    x, y, bowl = problem(kind)
    weights = descend(x, y, bowl.best_rate, 20)
    losses = bowl.least + bowl.excess(weights)
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=bowl.best_rate)
    for step in range(21):
        loss = torch.nn.functional.mse_loss(torch.tensor(x) @ w, torch.tensor(y))
        assert losses[step] == pytest.approx(loss.item(), rel=1e-9)
        np.testing.assert_allclose(weights[step], w.detach(), rtol=1e-9, atol=1e-12)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_half_the_error_each_step_is_one_percent_of_the_excess_after_four() -> None:
    x = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])  # H is twice the identity
    bowl = Bowl(x, x @ [3.0, 5.0])
    assert bowl.condition_number == 1 and bowl.steps_to_converge(0.25) == 4  # 1/4⁴ = 0.4 %
    assert bowl.steps_to_converge(0.5) == 1


@pytest.mark.parametrize("kind", SCALINGS)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_steps_to_converge_are_those_of_the_descent_itself(kind: Scaling, share: float) -> None:
    x, y, bowl = problem(kind)
    rate = share * bowl.largest_rate
    excess = bowl.excess(descend(x, y, rate, 500))
    assert bowl.steps_to_converge(rate) == np.flatnonzero(excess < 0.01 * excess[0])[0]


def test_at_the_best_rate_steps_grow_with_the_condition_number() -> None:
    _, _, bowl = problem("raw", np.array([1, 1]))
    steps = bowl.steps_to_converge(bowl.best_rate)
    assert steps == pytest.approx(bowl.condition_number / 4 * np.log(100), rel=1e-4)
    assert problem("standardized")[2].steps_to_converge(0.5) == 5


@pytest.mark.parametrize("kind", SCALINGS)
def test_above_the_largest_stable_rate_a_descent_diverges(kind: Scaling) -> None:
    x, y, bowl = problem(kind)
    for share, grows in ((0.99, False), (1.01, True)):
        excess = bowl.excess(descend(x, y, share * bowl.largest_rate, 800))
        assert (excess[-1] > excess[0]) == grows
        assert (bowl.steps_to_converge(share * bowl.largest_rate) is None) == grows
    assert bowl.steps_to_converge(bowl.largest_rate) is None
    assert bowl.best_rate < bowl.largest_rate
