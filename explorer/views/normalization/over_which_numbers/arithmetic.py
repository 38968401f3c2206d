"""One number's way through a norm, written out: the formulas with the numbers put in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_core.config import Norm
from model_core.normalization import Normalized

WRITTEN = 5  # terms of a sum that are all written out


@dataclass(frozen=True)
class OneNumber:
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


def written_out(number: OneNumber) -> list[str]:
    """The way of x, a text a step."""
    return ["\n".join(_lines(number, at)) for at in range(len(number.x))]


def _lines(number: OneNumber, at: int) -> list[str]:
    x, way, rms = _number(number.x[at]), number.way, number.norm == "rms"
    said = [number.pooled, f"x = {x}"]
    if number.norm == "none":
        return [*said, "no mean, no variance: it leaves as it came", f"result = x = {x}"]
    mean, variance, normalized, result = (
        _number(values[at]) for values in (way.mean, way.variance, way.normalized, way.result)
    )
    pooled = _mean_square if rms else _mean_and_variance
    centred = x if rms else f"({x} − {_bracketed(mean)})"
    shift = "" if rms else " and shift"
    scaled = f"{normalized} × {_bracketed(_number(number.gamma[at]))}"
    return [
        *said,
        *pooled([_number(one) for one in number.shared[at]], mean, variance),
        f"before gain{shift}:",
        f"  {centred} / √({variance} + 0.00001) = {normalized}",
        f"behind gain{shift}:",
        f"  {scaled if rms else _sum([scaled, _number(number.beta[at])])} = {result}",
    ]


def _mean_and_variance(shared: Sequence[str], mean: str, variance: str) -> list[str]:
    squares = [f"({one} − {_bracketed(mean)})²" for one in shared]
    if len(squares) > 2:  # they are long: only their ends
        squares = [squares[0], "…", squares[-1]]
    return [
        f"mean = ({_sum(shared)}) / {len(shared)} = {mean}",
        f"variance = ({' + '.join(squares)}) / {len(shared)} = {variance}",
    ]


def _mean_square(shared: Sequence[str], mean: str, variance: str) -> list[str]:
    squares = _sum([f"{_bracketed(one)}²" for one in shared])
    return [
        f"the mean, {mean}, is not subtracted",
        f"mean square = ({squares}) / {len(shared)} = {variance}",
    ]


def _sum(terms: Sequence[str]) -> str:
    """a + b − c, of many terms the first two and the last."""
    if len(terms) > WRITTEN:
        terms = [*terms[:2], "…", terms[-1]]
    return " + ".join(terms).replace("+ −", "− ")


def _bracketed(number: str) -> str:
    return f"({number})" if number.startswith("−") else number


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
