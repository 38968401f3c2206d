"""Every part of the model: what it puts out, how many parameters it has, how its gradient is."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from explorer.charts.listings import parts_listing, shape_words
from explorer.data import layers
from explorer.panels import Frame
from explorer.picks import Opens, PartName
from explorer.visit.clock import clock
from explorer.visit.export import digits, drawer, file_of, numbers
from explorer.visit.focus import position_of
from explorer.visit.moment import Moment, evenly, fewer, thinned
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence
from model_core.normalization import part_sites
from model_core.runs.history import Arrays

PICTURES = 4500  # of 1 KiB each, of all parts at all steps


def draw(moment: Moment, sentence: Sentence) -> None:
    names = list(part_sites(moment.run.model_config, moment.run.anatomy))
    moment = evenly(fewer(moment, len(sentence.ids)), max(PICTURES // max(len(names), 30), 2))
    if words := thinned(moment, "pictures at all of them are too large"):
        st.caption(words)
    if len(sentence.ids) == 1:
        st.caption("One token has no next token to be wrong about: without a loss, no gradient.")
    alone = layers.unbacked(moment, sentence.ids)  # the settled step is drawn first
    now = replace(moment, steps=moment.steps[[moment.at]]) if alone else moment
    run, position = moment.run, position_of(sentence)
    shapes, counts = layers.part_shapes(run, len(sentence.ids)), layers.part_counts(run)
    seen = layers.backward(now, sentence.ids)
    panel = parts_listing(
        names, shapes, counts, seen, Frame("parts", "Gradient of the loss", span=12)
    )
    opens = Opens(tuple(map(_page, names)), position, sentence.ids[position])
    settled = clock(moment, [replace(panel, picks=opens)], alone=alone)
    parts = {"part": names, "puts out": [*map(shape_words, shapes)], "parameters": counts}
    with drawer():
        _numbers(now if alone else settled, pd.DataFrame(parts), seen)
    total = run.model_config.weights
    how_computed(
        r"\mathrm{size}(g) = \sqrt{\frac1n\sum_i g_i^2}, \qquad"
        r" g_i = \frac{\partial L}{\partial x_i}",
        "L is the mean cross-entropy of your sentence, each token after those before it. **At "
        "output**: the gradient by all n numbers that a part puts out. **At weights**: by all its "
        f"parameters, {total:,} in all parts together; a sum in the stream has none. Training "
        "takes its step along the gradient of a batch of its text, not of your sentence. Pictures: "
        "what a part puts out, positions downward, blue below zero, orange above, one scale for "
        "all steps.",
        "backward.read_backward",
    )


def _numbers(moment: Moment, parts: pd.DataFrame, seen: Arrays) -> None:
    output, weights = seen["outputs"][moment.at], seen["weights"][moment.at]
    table = parts.assign(**{"at output": output, "at weights": weights})
    st.markdown(f"**Gradient of the loss at step {moment.step:,}**")
    look = digits(["at output", "at weights"])
    numbers(table, "Gradients", file_of(moment, "gradients"), height=300, column_config=look)


def _page(name: str) -> PartName:
    """What of the drawn model a part is, whose page it opens."""
    if name == "embedding":
        return "rows"
    if name.endswith("'s attention"):
        return "attention"
    return "next" if name == "the output layer" else "stream"
