"""Why inputs are scaled: the same descent on raw, min-max normalized and standardized inputs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.normalization.descent import Walk, descent_panel, excess_panel
from explorer.charts.parts.theme import CATEGORIES
from explorer.panels import AnyPanel, Frame
from explorer.timeline import Timeline
from explorer.visit.clock import own_clock
from explorer.visit.export import File, digits, drawer, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import number, one_of
from model_core.normalization.scaling import (
    LEFT,
    SCALINGS,
    Bowl,
    Scaling,
    descend,
    scaled,
    students,
)

STEPS = 100  # drawn; how many there are until it has converged is computed
BEST, SAME = "the best for each", "the same share for each"
UNITS = ("1", "10", "100", "1,000", "10,000")  # of tuition
EVEN, STRETCHED = "one unit equally long", "stretched to fit"
SHORT = {BEST: "best for each", SAME: "same share", EVEN: "equal units", STRETCHED: "stretched"}
# What one of a weight is: a change of the loan by a thousand for each of these.
PER = {
    "raw": ("year", "{unit} of tuition"),
    "min-max": ("range of ages", "range of tuitions"),
    "standardized": ("std of ages", "std of tuitions"),
}


@dataclass(frozen=True)
class Choices:
    """`share` of the largest stable rate, None for the best; one `unit` of tuition is so many."""

    share: float | None
    unit: str
    stretched: bool


@dataclass(frozen=True)
class Descent:
    """One scaling's bowl, its learning rate, weights (S, 2) and shares (S,) of the excess left."""

    kind: Scaling
    bowl: Bowl
    rate: float
    weights: np.ndarray
    shares: np.ndarray

    @property
    def needed(self) -> int | None:
        """Steps to converge; None: never."""
        return self.bowl.steps_to_converge(self.rate)


def draw(bar: DeltaGenerator, moment: Moment, sentence: Sentence) -> None:
    with bar:
        chosen = _choices()
    descents = [_descent(kind, chosen) for kind in SCALINGS]
    if chosen.share is not None and chosen.share >= 1:
        st.info(_unstable(chosen.share))
    step = own_clock("scaling.step", _panels(descents, chosen), _timeline(descents[-1]))
    st.caption(
        "60 invented students: age (18 to 25 years) and tuition (20,000 to 50,000 a year) predict "
        "a loan in thousands with two weights, by gradient descent on the mean squared error of "
        "all 60. Only the scaling of the inputs differs; each input's mean over the students is "
        "subtracted in all three. **The clock counts the steps of this small descent**, each an "
        "epoch, not those of the run. " + _about_axes(descents[0].bowl, chosen.stretched)
    )
    with drawer():
        _numbers(descents, step)
    _explained()


def _choices() -> Choices:
    short = SHORT.__getitem__
    rate = one_of(
        st.segmented_control, "scaling.rate", "Learning rate", (BEST, SAME), format_func=short
    )
    share = None
    if rate == SAME:
        share = number(
            st.slider,
            "scaling.share",
            "Share of the largest stable learning rate",
            0.5,
            (0.05, 1.25),
            step=0.05,
            width=300,
        )
    unit = one_of(st.segmented_control, "scaling.unit", "Raw tuition is counted in units of", UNITS)
    axes = one_of(
        st.segmented_control,
        "scaling.axes",
        "Axes of the maps",
        (EVEN, STRETCHED),
        format_func=short,
    )
    return Choices(None if share is None else round(share, 2), unit, axes == STRETCHED)


def _descent(kind: Scaling, chosen: Choices) -> Descent:
    inputs, loan = students()
    x = scaled(kind, inputs / [1, float(chosen.unit.replace(",", ""))])
    y = loan - loan.mean()
    bowl = Bowl(x, y)
    rate = bowl.best_rate if chosen.share is None else chosen.share * bowl.largest_rate
    weights = descend(x, y, rate, STEPS)
    excess = bowl.excess(weights)
    return Descent(kind, bowl, rate, weights, excess / excess[0])


def _timeline(descent: Descent) -> Timeline:
    steps = np.arange(len(descent.weights))
    return Timeline(
        steps, steps, 100 * descent.shares, unit=f"% of the excess left ({descent.kind})"
    )


def _panels(descents: list[Descent], chosen: Choices) -> list[AnyPanel]:
    maps = [
        descent_panel(
            Walk(one.bowl, one.weights, one.shares),
            Frame(f"descent-{one.kind}", _title(one), span=4),
            axis_titles=[
                f"weight of {name} (thousands per {per.format(unit=chosen.unit)})"
                for name, per in zip(("age", "tuition"), PER[one.kind], strict=True)
            ],
            colour=CATEGORIES[number],
            stretched=chosen.stretched,
        )
        for number, one in enumerate(descents)
    ]
    curves = excess_panel(
        {one.kind: one.shares for one in descents},
        LEFT,
        Frame(
            "excess",
            _compared(descents[0], descents[-1]),
            span=12,
        ),
    )
    return [*maps, curves]


def _title(one: Descent) -> str:
    needed = "never converges" if one.needed is None else f"converges in {one.needed:,} steps"
    return f"{one.kind.capitalize()}: {needed}"


def _compared(raw: Descent, last: Descent) -> str:
    """How much longer the raw inputs need, and why; what the curves are of."""
    numbers = [_short(one.bowl.condition_number) for one in (raw, last)]
    words = f"Condition number {numbers[0]} {raw.kind}, {numbers[1]} {last.kind}"
    if raw.needed and last.needed:
        words += f": {_short(raw.needed / last.needed)} times as many steps"
    return f"{words}. Excess loss above that of the best weights, as a share of the start's"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _about_axes(raw: Bowl, stretched: bool) -> str:
    longer = _short(raw.condition_number**0.5)
    if stretched:
        return (
            f"Axes stretched: the raw valley, {longer} times as long as wide, looks as round as "
            "the others, and steps do not look at a right angle to the contours, which they are."
        )
    return (
        f"The raw valley is {longer} times as long as wide. Where steps across it are too small "
        "to be seen, stretch the axes."
    )


def _unstable(share: float) -> str:
    if share == 1:
        return "At the largest stable rate the steepest error only changes its sign: for ever."
    return (
        f"At {share:g} of the largest stable rate each step overshoots by more than it corrects: "
        "all three descents diverge and leave their maps."
    )


def _numbers(descents: list[Descent], step: int) -> None:
    left = "excess loss left (% of the start)"
    needed = f"steps until less than {LEFT:.0%} is left"
    table = pd.DataFrame(
        {
            "inputs": [one.kind for one in descents],
            "condition number": [one.bowl.condition_number for one in descents],
            "learning rate": [one.rate for one in descents],
            needed: pd.array([one.needed for one in descents], dtype="Int64"),
            left: [100 * one.shares[step] for one in descents],
            "weight of age": [one.weights[step, 0] for one in descents],
            "weight of tuition": [one.weights[step, 1] for one in descents],
        }
    )
    form = digits(table.columns[4:]) | digits(["condition number", needed], "localized")
    form |= digits(["learning rate"], "%.3g")
    st.markdown(f"**After step {step:,} of this descent**")
    numbers(table, "Descents", File("", "descents", step), column_config=form)


def _explained() -> None:
    st.markdown(
        "**What this has to do with the model.** What a layer hands on are the inputs of the next, "
        "and while it learns their scales move as well. The norms of this page's other views scale "
        "them at every step, as standardization scales these two once."
    )
    how_computed(
        r"L(w) = \frac1N \lVert Xw - y \rVert^2, \quad H = \frac2N X^\top X, \quad"
        r" \kappa = \frac{\lambda_{\max}}{\lambda_{\min}}, \quad"
        r" e_i \leftarrow (1 - \eta\lambda_i)\, e_i, \quad"
        r" \eta_{\mathrm{best}} = \frac{2}{\lambda_{\max} + \lambda_{\min}}, \quad"
        r" t \approx \frac{\kappa}{4} \ln\frac{1}{\mathrm{share}}",
        "The loss of two weights is a bowl; its curvatures λ are the eigenvalues of H, and the "
        "**condition number** κ says how much longer than wide it is, squared. A step with rate η "
        "multiplies the error along each axis of the bowl by 1 − ηλ, which grows once η is above "
        "2/λmax, the **largest stable rate**. The **best rate**, whatever the start, shrinks both "
        "alike, by (κ − 1)/(κ + 1) (Nesterov 2004, section 2.1.5), so that the steps to converge "
        "grow with κ; they are counted in closed form, not run. "
        "**Scaled** inputs are (x − mean) / size over the N students: size is 1 (raw), "
        "max − min (min-max; in 0 to 1 before the mean is subtracted) or the standard deviation. "
        "With inputs and target centred the best intercept is 0, so the two weights are all there "
        "is; means left in make κ larger as a rule (LeCun et al. 1998). Scaling does not remove "
        "the **correlation** of the two inputs: hence κ above 1 even when standardized. One "
        "outlier would squeeze all others under min-max; there is none here. **Maps**: the denser "
        "the grey, the lower the loss; each contour is at 3.2 times the excess of the one within; "
        "the cross is the least squares solution. Only with one unit equally long on both axes is "
        "a step at a right angle to the contours and the valley as narrow as it is.",
        "scaling.students, scaling.scaled, scaling.Bowl, scaling.descend",
    )
