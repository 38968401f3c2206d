"""For engineers: what activations, gains and gradients are along the depth of the model."""

from collections.abc import Callable

import streamlit as st

from explorer.views.lessons.norms import NORM_WORDS, explained
from explorer.views.normalization.for_engineers import one_token, spread, two_norms, units, whole
from explorer.views.normalization.for_engineers.part import Part
from explorer.visit.clock import clock
from explorer.visit.export import File, csv_button, digits, drawer, file_of, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import choose_view, how_computed
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import toggle
from model_core.norms import NORMS

# What is drawn of each layer; the first is the default.
PARTS: dict[str, Callable[[Moment, Sentence, bool], Part]] = {
    "Whole model": whole.whole,
    "Distribution": spread.distribution,
    "Gain and shift": spread.gains,
    "Units": units.units,
    "One token": one_token.one_token,
    "Two norms": two_norms.compare,
}


def draw(moment: Moment, sentence: Sentence) -> None:
    config = moment.run.model_config
    with st.container(horizontal=True, vertical_alignment="center"):
        part = choose_view("normalization.part", tuple(PARTS))
        per_step = toggle(
            st.toggle,
            "normalization.scales",
            "Scales of this step only",
            disabled=part == "Two norms",
            help="Off: one scale for all steps, and for pictures of the same kind.",
        )
    drawn = PARTS[part](moment, sentence, per_step)
    norm, over = NORMS[config.norm], NORM_WORDS[config.norm].over
    position = f", **{config.norm_position}** position" if norm.exists else ""
    moment = clock(moment, drawn.panels)
    st.caption(f"This model: **{norm.title}**{position}. It normalizes over {over}. {drawn.note}")
    if drawn.every:
        every = File(moment.run.name, "parts", None)
        csv_button("All steps, all parts", every, drawn.every)
    with drawer():
        for name, table in drawn.tables(moment.at).items():
            file = file_of(moment, name.split(",")[0].lower().replace(" ", "-"))
            st.markdown(f"**{name}**, step {moment.step:,}")
            form = digits(table.columns[1:])
            numbers(table, name, file, column_config=form, placeholder="no such number")
    _explained()


def _explained() -> None:
    how_computed(
        r"\mu = \frac1C\sum_c x_c, \quad \sigma^2 = \frac1C\sum_c (x_c-\mu)^2, \quad"
        r" \hat x_c = \frac{x_c-\mu}{\sqrt{\sigma^2+\varepsilon}}, \quad"
        r" y_c = \gamma_c\,\hat x_c + \beta_c",
        "The formulas are those of layer norm: x enters it, x̂ is normalized but before gain and "
        f"shift, y is after them. {explained()} "
        "The size of the residual stream is the Euclidean norm over the channels. A unit is silent "
        "when its ReLU puts out 0 for every token of your sentence; another sentence may turn it "
        "on. The gradient of a part is the Euclidean norm over its parameters, of the loss of the "
        "training batch drawn at that step, before clipping.",
        "normalization.read_layers, normalization.read_distributions, normalization.read_parts, "
        "trainer.Trainer.gradient_norms",
    )
