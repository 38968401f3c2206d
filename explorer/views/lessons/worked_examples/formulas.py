"""The formula of every step with one cell's numbers put in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import numpy as np

from explorer.views.lessons.norms import NORM_WORDS
from model_core.normalization import Kind, Worked
from model_core.normalization.worked import SCALINGS, Scaling, norm_of
from model_core.norms import LEARNED, NormKind

SHOWN = 5  # addends of a sum, or of a minimum; of more, the last follows an ellipsis
LINE = 27  # characters of a list in one line of a phone, as they are seen
_NAME = re.compile(r"<([a-z ]+)>")  # of a step or a parameter
_MARKUP = re.compile(r"(?<=\\)[a-z]+|[{}^ ]")
# What belongs to every number; all else is a statistic of a feature or of a sample.
EACH = ("x", "centred", "normalized", "result")


@dataclass(frozen=True)
class Followed:
    """The cell whose formulas are shown: its value at every step, and those it shares with.

    `learned` are its gamma and beta, of which a norm may have none. In evaluation mode `passes` is
    how often batch norm read a feature of this `trained` mean and unbiased variance before.
    """

    done: Worked
    sample: int
    feature: int
    eps: float
    learned: Mapping[str, float] = field(default_factory=dict)
    passes: int | None = None
    trained: tuple[float, float] = (0.0, 1.0)

    def value(self, name: str) -> float:
        """The cell's number of a step, or the statistic that it shares."""
        values = self.done.steps[name]
        return values[min(self.sample, len(values) - 1), self.feature % values.shape[1]]

    def at(self, name: str) -> str:
        return operand(self.value(name))

    def shared(self, name: str) -> list[str]:
        """The numbers of a step that go into the cell's statistics."""
        values = self.done.steps[name]
        group = values[:, self.feature] if self.done.over_samples else values[self.sample]
        return [operand(value) for value in group]


def as_text(number: float) -> str:
    """A number for a table: six digits; large ones have all their integer digits and some more."""
    if number != number:
        return "NaN"
    size = abs(number)
    return f"{number + 0.0:.12g}" if 1e5 <= size < 1e12 else f"{number + 0.0:.6g}"


def latex(number: float) -> str:
    """As `as_text`, for a formula: powers of ten as such."""
    if number != number:
        return r"\text{NaN}"
    digits, _, power = as_text(number).partition("e")
    if not power:
        return digits.replace("inf", r"\infty")
    ten = f"10^{{{int(power)}}}"
    return ten if digits == "1" else rf"{digits} \cdot {ten}"


def operand(number: float) -> str:
    """As `latex`, with parentheses where a sign or a product would be misread."""
    word = latex(number)
    return f"({word})" if number < 0 or "^" in word else word


def formulas(cell: Followed) -> dict[str, tuple[str, str]]:
    """For each step to show, in order: what it is, and its formula for the cell."""
    names = list(cell.done.steps)
    if "divisor" in names and not _replaced(cell.done):
        names.remove("divisor")
    return {name: (_title(cell, name), _formula(cell, name)) for name in names}


def _formula(cell: Followed, name: str) -> str:
    """One line for each of its parts, so that it fits on a phone."""
    symbol, *parts = (*_RULES[name](cell), latex(cell.value(name)))
    lines = r" \\ ".join(f"&= {part}" for part in parts)
    return rf"\begin{{aligned}} {symbol} {lines} \end{{aligned}}"


def _replaced(done: Worked) -> bool:
    """Whether a divisor of 0 was replaced by 1."""
    spread = done.steps["span" if done.kind == "min-max" else "std"]
    return not np.array_equal(done.steps["divisor"], spread)


def _title(cell: Followed, name: str) -> str:
    if cell.passes is not None and name in ("mean", "variance"):
        return f"Running {name} of each feature, after {cell.passes} passes in training mode"
    if name == "result":
        return _result_title(cell.done.kind)
    owner, over = ("feature", "samples") if cell.done.over_samples else ("sample", "features")
    return _TITLES[name].format(
        owner=owner,
        over=f"its {len(cell.shared('x'))} {over}",
        centre="lowest" if cell.done.centre == "low" else "mean",
    )


def _result_title(kind: Kind) -> str:
    if kind in SCALINGS:
        return _RESULTS[cast(Scaling, kind)]
    learned = [LEARNED[name] for name in ("gamma", "beta") if name in norm_of(kind).learns]
    parts = " and ".join(f"{part.word} {part.symbol}" for part in learned)
    return f"Result, after {parts} of each feature"


_TITLES = {
    "x": "The numbers",
    "low": "Lowest of each {owner}, over {over}",
    "high": "Highest of each {owner}, over {over}",
    "span": "Span of each {owner}",
    "mean": "Mean of each {owner}, over {over}",
    "centred": "Centred: minus the {centre}",
    "variance": "Variance of each {owner}, over {over} (the divisor: biased)",
    "std": "Standard deviation of each {owner}",
    "divisor": "What is divided by: 1 where nothing but rounding varies",
    "deviation": "Deviation of each {owner}; ε keeps it above 0",
    "mean square": "Mean square of each {owner}, over {over}",
    "root": "Root mean square of each {owner}; ε keeps it above 0",
    "normalized": "Normalized, before the gain",
}
_RESULTS: dict[Scaling, str] = {
    "min-max": "Result, from 0 to 1",
    "standardization": "Result, with mean 0 and standard deviation 1",
}


def _listed(words: list[str], between: str) -> str:
    """In lines that fit on a phone, to stand in `aligned`."""
    if len(words) > SHOWN:
        words = [*words[: SHOWN - 1], r"\dots", words[-1]]
    lines = words[:1]
    for word in words[1:]:
        longer = lines[-1] + between + word
        if len(_MARKUP.sub("", longer)) > LINE:
            lines[-1] += between + "{}"  # which keeps the space before it
            lines.append(word)
        else:
            lines[-1] = longer
    return r" \\ &\quad ".join(lines)


# A symbol and what it equals; the cell's number follows.
Rule: TypeAlias = Callable[[Followed], tuple[str, ...]]


def _sum(cell: Followed, name: str, power: str = "") -> str:
    words = [word + power for word in cell.shared(name)]
    return rf"\tfrac{{1}}{{{len(words)}}}({_listed(words, ' + ')})"


def _running(cell: Followed, start: int, statistic: float) -> str:
    remaining = rf"0.9^{{{cell.passes}}}"
    return rf"{remaining} \cdot {start} + (1 - {remaining}) \cdot {operand(statistic)}"


def _mean(cell: Followed) -> tuple[str, ...]:
    running = cell.passes is not None
    return r"\mu", _running(cell, 0, cell.trained[0]) if running else _sum(cell, "x")


def _variance(cell: Followed) -> tuple[str, ...]:
    if cell.passes is None:
        return r"\sigma^2", _sum(cell, "centred", "^2")
    return r"\sigma^2", _running(cell, 1, cell.trained[1])


def _centred(cell: Followed) -> tuple[str, ...]:
    assert cell.done.centre is not None
    symbol = r"x_{\min}" if cell.done.centre == "low" else r"\mu"
    return rf"x - {symbol}", f"{cell.at('x')} - {cell.at(cell.done.centre)}"


def _root(cell: Followed, symbol: str, name: str) -> tuple[str, ...]:
    inner = f"{latex(cell.value(name))} + {latex(cell.eps)}"
    return rf"\sqrt{{{symbol} + \varepsilon}}", rf"\sqrt{{{inner}}}"


def _scaled(cell: Followed) -> tuple[str, ...]:
    return r"\hat x", f"{cell.at('centred')} \\,/\\, {cell.at('divisor')}"


def _normalized(cell: Followed) -> tuple[str, ...]:
    """The norm's own formula with the cell's values for the names in it."""

    def value(found: re.Match[str]) -> str:
        learned = cell.learned.get(found[1])
        return cell.at(found[1]) if learned is None else operand(learned)

    formulas = NORM_WORDS[cast(NormKind, cell.done.kind)].latex
    return tuple(_NAME.sub(value, formula) for formula in formulas)


def _result(cell: Followed) -> tuple[str, ...]:
    if "normalized" not in cell.done.steps:
        return _scaled(cell)
    gained = rf"{operand(cell.learned['gamma'])} \cdot {cell.at('normalized')}"
    if "beta" not in cell.learned:
        return "y", r"\gamma\,\hat x", gained
    return "y", r"\gamma\,\hat x + \beta", f"{gained} + {operand(cell.learned['beta'])}"


_RULES: dict[str, Rule] = {
    "x": lambda cell: ("x",),
    "low": lambda cell: (r"x_{\min}", rf"\min({_listed(cell.shared('x'), ', ')})"),
    "high": lambda cell: (r"x_{\max}", rf"\max({_listed(cell.shared('x'), ', ')})"),
    "span": lambda cell: (r"x_{\max} - x_{\min}", f"{cell.at('high')} - {cell.at('low')}"),
    "divisor": lambda cell: (r"\text{divisor}",),
    "mean": _mean,
    "centred": _centred,
    "variance": _variance,
    "std": lambda cell: (r"\sigma", rf"\sqrt{{{latex(cell.value('variance'))}}}"),
    "deviation": lambda cell: _root(cell, r"\sigma^2", "variance"),
    "mean square": lambda cell: ("m", _sum(cell, "x", "^2")),
    "root": lambda cell: _root(cell, "m", "mean square"),
    "normalized": _normalized,
    "result": _result,
}
