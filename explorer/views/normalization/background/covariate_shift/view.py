"""How the inputs of a layer move while the layers before it learn, with and without a norm."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data.layer_inputs import AlignedSpread, Input, Side, spread
from explorer.views.normalization.background.covariate_shift.captions import (
    caption,
    caption_of_steps,
    say_gaps,
)
from explorer.views.normalization.background.covariate_shift.others import channels, held_beside
from explorer.views.normalization.background.covariate_shift.panels import panels
from explorer.views.normalization.background.covariate_shift.receivers import Choice, choose
from explorer.views.normalization.background.covariate_shift.table import table
from explorer.visit.clock import clock
from explorer.visit.export import drawer
from explorer.visit.moment import KEPT_BYTES, Moment, evenly, thinned
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence


def draw(bar: DeltaGenerator, moment: Moment, sentence: Sentence) -> None:
    with bar:
        choice = choose(moment, sentence)
    moment = _bounded(moment, sentence, choice.other)
    shown = _own(moment, sentence, choice)
    other = _beside(moment, sentence, choice)
    if other:
        shown.append(other)
    say_gaps(moment, shown)
    moment = clock(moment, panels(moment, shown, choice))
    caption(moment, sentence, choice)
    if other:
        caption_of_steps(moment, other)
    elif not choice.other:
        st.caption(
            "No other run reads this sentence as the same tokens with such a layer: Without it "
            "trains one that differs only in its norm."
        )
    st.caption(
        "A norm does not hold a distribution still: its gain and shift are learned, and move it on "
        "purpose. Santurkar et al. (2018) found that batch normalization does not help by reducing "
        "this movement: networks train as well where noise makes it larger. And all channels "
        "together can look still while each of them moves."
    )
    with drawer():
        table(moment, shown)
    _explained()


def _bounded(moment: Moment, sentence: Sentence, other: str) -> Moment:
    """As many steps as fit into memory of either run; a caption says where they are not all."""
    most = max(moment.run.model_config.n_embd, channels(other) if other else 0)
    a_step = 2 * 4 * len(sentence.ids) * most
    fitting = evenly(moment, KEPT_BYTES // a_step)
    if words := thinned(fitting, "all of them take too much memory"):
        st.caption(words)
    return fitting


def _own(moment: Moment, sentence: Sentence, choice: Choice) -> list[AlignedSpread]:
    """What this run's layer receives, and before it what enters the norm, if there is one."""

    def drawn(name: str, title: str, side: Side) -> AlignedSpread:
        found = spread(moment.run, steps, sentence.ids, Input(choice.layer, side, choice.channel))
        return AlignedSpread(name, title, found, steps, np.arange(len(steps)))

    steps = moment.steps
    if not moment.run.anatomy.layer(choice.layer).norm:
        return [drawn("this run", "What the layer receives: no norm stands before it", "input")]
    return [
        drawn("before the norm", "Before the norm: the residual stream", "stream"),
        drawn("after the norm", "After it: what the layer receives", "input"),
    ]


def _beside(moment: Moment, sentence: Sentence, choice: Choice) -> AlignedSpread | None:
    """What the same layer of another run receives; None, and why not if it cannot be read."""
    if not choice.other:
        return None
    try:
        return held_beside(moment, sentence.ids, choice.other, choice.layer, choice.channel)
    except (ValueError, OSError) as error:  # damaged, or deleted meanwhile
        st.info(plain(str(error)))
        return None


def _explained() -> None:
    how_computed(
        r"W_1 = \frac1N \sum_{i=1}^{N} \big|x_{(i)}^{\,\mathrm{step}} - x_{(i)}^{\,0}\big|,"
        r" \qquad x_{(1)} \le \dots \le x_{(N)}",
        "How far the N numbers have to go, on average, to be distributed as at the first step: the "
        "1-Wasserstein distance, of equally many numbers the mean distance in ascending order. "
        "**All channels together** forgets which channel a number belongs to; a layer has weights "
        "for each channel and feels that **each channel by itself** moves, which is never less. "
        "Both are divided by the standard deviation of all numbers at the first step. Since **the "
        "step before** the distance is divided by the optimizer steps in between. Bands and "
        "histogram have one scale, linear around zero and logarithmic far from it where a run "
        "explodes; up to 2% of the numbers lie outside of it.",
        "normalization.inputs.read_inputs, normalization.covariate_shift.shift, shift_rate",
    )
