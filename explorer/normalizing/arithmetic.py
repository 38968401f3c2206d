"""One number's way through a norm, written out: the formulas with the numbers put in."""

from dataclasses import dataclass

import numpy as np

from model_core.config import Norm
from model_core.normalization import Normalized

WRITTEN = 5  # terms of a sum that are all written out; of more the first two and the last


@dataclass(frozen=True)
class Worked:
    """A number x (S,), all N that share with it (S, N), its channel's gain and shift (S,).

    `norm` is the kind of norm, `pooled` says who shares, `way` is what becomes of x.
    """

    norm: Norm
    pooled: str
    x: np.ndarray
    shared: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    way: Normalized


def told(worked: Worked) -> list[str]:
    """The way of x, a text a step."""
    return ["\n".join(_lines(worked, at)) for at in range(len(worked.x))]


def _lines(worked: Worked, at: int) -> list[str]:
    x, way = _number(worked.x[at]), worked.way
    said = [f"x = {x}", worked.pooled, ""]
    if worked.norm == "none":
        return [*said, "No mean, no variance: it leaves as it came.", f"result = x = {x}"]
    variance, normalized = _number(way.variance[at]), _number(way.normalized[at])
    scaled = f"{normalized} × {_term(worked.gamma[at])}"
    if worked.norm == "rms":
        said += _mean_square(worked.shared[at], way.mean[at], variance)
        centred, scaled = x, f"{scaled} = {_number(way.result[at])}"
    else:
        said += _mean_and_variance(worked.shared[at], way.mean[at], variance)
        centred = f"({x} − {_term(way.mean[at])})"
        scaled = f"{scaled} + {_term(worked.beta[at])} = {_number(way.result[at])}"
    return [
        *said,
        "normalized, before the gain:",
        f"  {centred} / √({variance} + 0.00001) = {normalized}",
        f"result, behind gain{'' if worked.norm == 'rms' else ' and shift'}:",
        f"  {scaled}",
    ]


def _mean_and_variance(shared: np.ndarray, mean: float, variance: str) -> list[str]:
    squares = [f"({_number(one)} − {_term(mean)})²" for one in _written(shared)]
    return [
        "mean:",
        f"  ({_sum([_term(one) for one in _written(shared)], len(shared))}) / {len(shared)}",
        f"  = {_number(mean)}",
        "variance:",
        f"  ({_sum(squares, len(shared))}) / {len(shared)}",
        f"  = {variance}",
    ]


def _mean_square(shared: np.ndarray, mean: float, variance: str) -> list[str]:
    squares = [f"{_term(one)}²" for one in _written(shared)]
    return [
        f"The mean, {_number(mean)}, is not subtracted.",
        "mean of the squares:",
        f"  ({_sum(squares, len(shared))}) / {len(shared)}",
        f"  = {variance}",
    ]


def _written(shared: np.ndarray) -> np.ndarray:
    return shared if len(shared) <= WRITTEN else shared[[0, 1, -1]]


def _sum(terms: list[str], count: int) -> str:
    return " + ".join(terms if len(terms) == count else [*terms[:-1], "…", terms[-1]])


def _term(value: float) -> str:
    """A number behind a sign: a negative one in brackets."""
    return f"({_number(value)})" if value < 0 else _number(value)


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
