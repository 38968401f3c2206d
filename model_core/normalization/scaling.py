"""Gradient descent on two inputs of different scales: the loss surface and steps to converge.

A student's loan is predicted as w₁ · age + w₂ · tuition. Inputs and target are centred with every
scaling: then the best intercept, the mean of target − prediction, is 0 for any two weights, so the
loss depends on these two weights only.
"""

from bisect import bisect_left
from typing import Literal, get_args

import numpy as np

Scaling = Literal["raw", "min-max", "standardized"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)
LEFT = 0.01  # a descent has converged below this share of the initial excess loss


def students(count: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (N, 2), age in years and tuition a year, and the target (N,), a loan in thousands.

    Ages are uniform in [18, 25]; tuitions lie in [20,000, 50,000], a third of the range determined
    by the age and the rest uniform, so that the inputs are correlated. The loan grows by 2 with
    each year and by 0.2 with each thousand of tuition, plus normal noise of standard deviation 1.5.
    """
    random = np.random.default_rng(seed)
    older, dearer = random.uniform(size=(2, count))
    age = 18 + 7 * older
    tuition = 20_000 + 30_000 * (older + 2 * dearer) / 3
    loan = 2 * (age - 18) + 0.2 * tuition / 1000 + random.normal(0, 1.5, count)
    return np.stack([age, tuition], axis=1), loan


def scaled(kind: Scaling, x: np.ndarray) -> np.ndarray:
    """x (N, F) minus the mean of each column, divided by 1, its range or its standard deviation.

    ValueError for a column that is constant: it has neither range nor standard deviation.
    """
    range_ = np.ptp(x, axis=0)
    if (range_ == 0).any():
        raise ValueError(
            f"column {int(range_.argmin())} is constant and cannot be scaled; leave it out"
        )
    size = {"raw": 1.0, "min-max": range_, "standardized": x.std(axis=0)}[kind]
    return (x - x.mean(axis=0)) / size


class Bowl:
    """The mean squared error of two weights w: least + ½ (w − minimum)ᵀ H (w − minimum).

    `x` (N, 2) and `y` (N,) are centred. `hessian` H = 2/N xᵀx (2, 2) has the eigenvalues
    `curvatures` (2,), ascending, along the columns of `axes` (2, 2).
    ValueError when one input is a multiple of the other: then the minimum is a line.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.hessian = 2 / len(x) * x.T @ x
        self.curvatures, self.axes = np.linalg.eigh(self.hessian)
        if self.curvatures[0] <= np.finfo(float).eps * self.curvatures[1]:
            raise ValueError("one input is a multiple of the other; leave it out")
        self.minimum = np.linalg.solve(self.hessian, 2 / len(x) * x.T @ y)
        self.least = float(((y - x @ self.minimum) ** 2).mean())

    @property
    def condition_number(self) -> float:
        """The largest curvature over the smallest; 1 is a round bowl."""
        return float(self.curvatures[1] / self.curvatures[0])

    @property
    def largest_rate(self) -> float:
        """Above it a descent diverges: the error along the steepest axis grows with each step."""
        return float(2 / self.curvatures[1])

    @property
    def best_rate(self) -> float:
        """The constant rate of fastest worst-case convergence (Nesterov 2004).

        The error shrinks by the same factor along both axes.
        """
        return float(2 / self.curvatures.sum())

    def excess(self, weights: np.ndarray) -> np.ndarray:
        """The loss of weights (..., 2) minus the least: (...)."""
        along = (weights - self.minimum) @ self.axes
        return (self.curvatures / 2 * along**2).sum(axis=-1)

    def reach(self, weights: np.ndarray) -> np.ndarray:
        """Half the width (2,), in each weight, of the contour of the loss through weights (2,)."""
        return np.sqrt(2 * self.excess(weights) * np.diag(np.linalg.inv(self.hessian)))

    def steps_to_converge(self, rate: float, left: float = LEFT) -> int | None:
        """Steps from weights 0 until the excess is below `left` of the first; None if it never is.

        In closed form: each step multiplies the error along an axis of curvature λ by 1 − rate · λ.
        """
        factors = np.abs(1 - rate * self.curvatures)
        if rate >= self.largest_rate or factors.max() >= 1:
            return None
        start = self.curvatures / 2 * (self.minimum @ self.axes) ** 2

        def converged(steps: int) -> bool:
            return bool((start * factors ** (2 * steps)).sum() < left * start.sum())

        enough = 1
        while not converged(enough):
            enough *= 2
        return bisect_left(range(enough), True, key=converged)


def descend(x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Weights (steps + 1, 2) of a descent from 0, each step on all samples."""
    weights = np.zeros((steps + 1, x.shape[1]))
    for step in range(steps):
        gradient = 2 / len(x) * x.T @ (x @ weights[step] - y)
        weights[step + 1] = weights[step] - rate * gradient
    return weights
