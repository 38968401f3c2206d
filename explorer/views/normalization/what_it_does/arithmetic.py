"""One number's way through a norm, written out: the formulas with the numbers put in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.views.lessons.norms import NORM_WORDS, gain_and_shift
from model_core.normalization import Normalized
from model_core.norms import NORMS, NormKind

WRITTEN = 5  # terms of a sum that are all written out


@dataclass(frozen=True)
class OneNumber:
    """A number x (S,), all N that share with it (S, N), its channel's parameters (S,).

    `norm` is the kind of norm, `pooled` says who shares, `way` is what becomes of x.
    """

    norm: NormKind
    pooled: str
    x: np.ndarray
    shared: np.ndarray
    learned: Mapping[str, np.ndarray]
    way: Normalized


def written_out(number: OneNumber) -> list[str]:
    """The way of x, a text a step."""
    return ["\n".join(_lines(number, at)) for at in range(len(number.x))]


def _lines(number: OneNumber, at: int) -> list[str]:
    norm, way = NORMS[number.norm], number.way
    numbers = {name: float(values[at]) for name, values in number.learned.items()}
    numbers |= {"x": number.x[at], "mean": way.mean[at], "variance": way.variance[at]}
    words = {name: written(value) for name, value in numbers.items()}
    lines = [number.pooled, f"x = {words['x']}"]
    if not norm.exists:
        return [
            *lines,
            "no mean, no variance: it leaves as it came",
            f"result = x = {words['x']}",
        ]
    if norm.pools:
        pooled = _mean_and_variance if norm.centres else _mean_square
        shared = [written(one) for one in number.shared[at]]
        lines += pooled(shared, words["mean"], words["variance"])
    words |= {f"({name})": _bracketed(one) for name, one in words.items()}
    normalized, gain = written(way.normalized[at]), gain_and_shift(number.norm)
    terms = [f"{normalized} × {words['(gamma)']}"]
    if "beta" in norm.learns:
        terms.append(words["beta"])
    return [
        *lines,
        f"before {gain}:",
        f"  {NORM_WORDS[number.norm].plain.format_map(words)} = {normalized}",
        f"after {gain}:",
        f"  {_sum(terms)} = {written(way.result[at])}",
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


def written(value: float) -> str:
    """Four digits, with a true minus; NaN and infinity as such."""
    word = f"{value:.4g}".replace("-", "−")
    return word.replace("nan", "NaN").replace("inf", "∞")
