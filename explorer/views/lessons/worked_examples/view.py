"""Worked examples: editable numbers, every step of their normalization, torch beside it."""

from typing import cast

import numpy as np
import streamlit as st

from explorer.charts.normalization.worked import Groups, groups_panel
from explorer.panels import Frame, Panel
from explorer.views.lessons.norms import NORM_WORDS, explained
from explorer.views.lessons.worked_examples import remarks, tables
from explorer.views.lessons.worked_examples.formulas import Followed, formulas
from explorer.views.lessons.worked_examples.numbers import Numbers, typed
from explorer.visit.clock import clock
from explorer.visit.export import File, csv_button
from explorer.visit.moment import Moment
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of
from model_core.normalization import REFERENCES, Worked, apart, by_reference, running_by_torch
from model_core.normalization.worked import SCALINGS, Scaling, norm_of
from model_core.norms import NormKind

OVER: dict[Scaling, str] = {
    "min-max": "Lowest and highest of each **feature**, over the samples: down a column.",
    "standardization": "Mean and standard deviation of each **feature**, over the samples: down a "
    "column.",
}
SAME = 1e-6  # how far torch may be off, beside 1 or beside the result, and give the same


def draw(moment: Moment, sentence: Sentence) -> None:
    numbers = typed()
    try:
        done = numbers.worked()
    except ValueError as error:
        st.warning(plain(f"These numbers cannot be normalized: {error}."))
        clock(moment, [])
        return
    st.caption(_over(numbers))
    for words in _remarks(numbers, done):
        st.info(plain(words))
    lost = st.empty()
    cell = _cell(numbers, done)
    clock(moment, _panels(numbers, cell))
    _steps(numbers, cell)
    words, coarse = _compared(numbers, done)
    st.markdown(words)
    if coarse is not None and (words := remarks.float32(done, coarse)):
        lost.info(plain(words))
    csv_button(
        "Every step",
        File("", f"worked-{numbers.kind}", None),
        lambda: tables.long(cell, numbers.samples, list(numbers.features)),
    )
    _explained()


def _over(numbers: Numbers) -> str:
    if numbers.passes is None:
        if numbers.kind in SCALINGS:
            return OVER[cast(Scaling, numbers.kind)]
        two_modes = norm_of(numbers.kind).over_batch
        mode = " **Training mode**: of these samples." if two_modes else ""
        return NORM_WORDS[cast(NormKind, numbers.kind)].worked + mode
    whose = "these samples" if len(numbers.x) > 1 else "the three samples of the lecture's example"
    return (
        f"**Evaluation mode**: running averages of each **feature** over {whose}, after "
        f"{numbers.passes} passes with momentum 0.1 (at first mean 0, variance 1; the variance "
        "they average is unbiased, its divisor N − 1)."
    )


def _compared(numbers: Numbers, done: Worked) -> tuple[str, np.ndarray | None]:
    """How far the result of torch or scikit-learn is off, and theirs in float32 (N, F)."""
    name, given = REFERENCES[numbers.kind], numbers.given
    try:
        exact = by_reference(numbers.kind, numbers.x, **given)
    except ValueError as error:
        reason = str(error).splitlines()[0].removesuffix(".")
        return f"**{name}** refuses these numbers: {plain(reason)}.", None
    try:
        coarse = by_reference(numbers.kind, numbers.x, **given, precision="float32")
    except ValueError:  # what is beyond float32 is infinite there: scikit-learn refuses it
        coarse = np.full_like(exact, np.nan)
    same = np.allclose(done.result, exact, rtol=SAME, atol=SAME, equal_nan=True)
    words = (
        f"**{name}** {'gives the same' if same else 'differs by rounding'}: largest "
        f"difference **{apart(done.result, exact):.2g}** in float64. In float32, as models "
        f"compute, {_off(done.result, coarse)}."
    )
    if numbers.running is not None and numbers.passes is not None:
        theirs = running_by_torch(numbers.trained_on, numbers.passes)
        off = max(
            apart(numbers.running.mean, theirs.mean),
            apart(numbers.running.variance, theirs.variance),
        )
        words += f" Its running averages: {off:.2g}."
    return words, coarse


def _off(ours: np.ndarray, coarse: np.ndarray) -> str:
    return f"{apart(ours, coarse):.2g}" if np.isfinite(coarse).all() else "some are NaN or infinite"


def _remarks(numbers: Numbers, done: Worked) -> list[str]:
    names = numbers.features if done.over_samples else numbers.samples
    found = [
        remarks.single(done),
        remarks.outweighed(done, numbers.samples),
        remarks.constant(done, names, numbers.eps),
        remarks.rounded(done, names, numbers.eps),
    ]
    if numbers.learned:
        found.append(remarks.epsilon(done, names, numbers.eps))
        found.append(remarks.undone(done, numbers.learned))
    return [words for words in found if words]


def _cell(numbers: Numbers, done: Worked) -> Followed:
    """The number whose formulas are shown."""
    sample, feature = (
        options.index(
            one_of(
                column.segmented_control,
                f"worked.{name}",
                f"Follow one number, of {name}",
                options,
                format_func=lambda option: option.removeprefix("sample ").removeprefix("feature "),
            )
        )
        for column, name, options in zip(
            st.columns(2),
            ("sample", "feature"),
            (tuple(numbers.samples), numbers.features),
            strict=True,
        )
    )
    learned = {
        name: float(values[feature % len(values)]) for name, values in numbers.learned.items()
    }
    if numbers.passes is None:
        return Followed(done, sample, feature, numbers.eps, learned)
    read = numbers.trained_on[:, feature]
    trained = (float(read.mean()), float(read.var(ddof=1)))
    return Followed(done, sample, feature, numbers.eps, learned, numbers.passes, trained)


def _panels(numbers: Numbers, cell: Followed) -> list[Panel]:
    """All numbers before and after, a row for each group that shares its statistics."""
    names = [numbers.samples, list(numbers.features)]
    chosen = (cell.sample, cell.feature)
    turned = cell.done.over_samples
    kind, (rows, members) = ("feature", names[::-1]) if turned else ("sample", names)
    groups = Groups(kind, rows, members, pooled=cell.done.divisor is not None)
    return [
        groups_panel(
            values.T if turned else values,
            groups,
            Frame(key, title),
            chosen=chosen[::-1] if turned else chosen,
            unit=unit,
        )
        for key, title, values, unit in (
            ("worked-before", "Before", numbers.x, "x, all on one axis"),
            ("worked-after", "After", cell.done.result, "result, all on one axis"),
        )
    ]


def _steps(numbers: Numbers, cell: Followed) -> None:
    """Each step: what it is, its formula with the chosen number, and the table of it."""
    who = f"sample {cell.sample}, {numbers.features[cell.feature]} (pink)"
    group = "feature" if cell.done.over_samples else "sample"
    shared = f" Blue are the numbers of the same {group}: they share its statistics."
    st.markdown(f"**Step by step** for {who}.{shared if cell.done.divisor else ''}")
    for name, (title, formula) in formulas(cell).items():
        left, right = st.columns([2, 3], vertical_alignment="center")
        left.markdown(f"**{title}**")
        left.latex(formula)
        right.table(tables.styled(cell, name, numbers.samples, list(numbers.features)))


def _explained() -> None:
    how_computed(
        r"y = \gamma\,\frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta, \qquad"
        r" \tilde x = \frac{x - x_{\min}}{x_{\max} - x_{\min}}, \qquad z = \frac{x - \mu}{\sigma}",
        "A sample stands for a token of a model, a feature for a channel. "
        f"{explained()} ε keeps the divisor above 0 where "
        "nothing varies. γ and β are learned, one of each a feature: with γ = √(σ² + ε) and β = μ "
        "batch norm is undone, so it takes nothing away that a model needs. Min-max and "
        "standardization scale inputs and learn nothing; what does not vary is divided by 1, as "
        "scikit-learn does.",
        "normalization.worked.worked, undo, running_after, normalization.references.by_reference",
    )
