"""The model's own code, and beside each line what it made of the sentence."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from explorer.charts.listings import code_listing, shape_words
from explorer.data import lines
from explorer.panels import Frame
from explorer.visit.clock import clock
from explorer.visit.export import digits, drawer, file_of, numbers
from explorer.visit.moment import Moment, evenly, fewer, thinned
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of
from model_core.lines import Call, is_measured
from model_core.runs.history import Arrays

STEPS = 150  # with some 30 pictures of 1 KiB each


def draw(moment: Moment, sentence: Sentence) -> None:
    moment = evenly(fewer(moment, len(sentence.ids)), STEPS)
    if words := thinned(moment, "pictures at all of them are too large"):
        st.caption(words)
    layer = _layer(moment)
    alone = lines.unread(moment, sentence.ids, layer)  # the settled step is drawn first
    now = replace(moment, steps=moment.steps[[moment.at]]) if alone else moment
    calls = lines.calls(moment.run, len(sentence.ids), layer)
    seen = lines.seen(now, sentence.ids, layer)
    panel = code_listing(calls, seen, Frame("code", "The model's own code", span=12))
    settled = clock(moment, [panel], alone=alone)
    with drawer():
        _numbers(now if alone else settled, calls, seen, f"lines-layer-{layer}")
    how_computed(
        r"\bar x = \frac1n\sum_i x_i, \qquad \mathrm{std} = \sqrt{\frac1n\sum_i (x_i-\bar x)^2}",
        "The lines are the source of the functions that run, read from them, in the order of their "
        "calls; norms have the library's. While they run on your sentence, what each line assigns "
        "or returns is kept: its shape, and mean and std over **all** its n numbers, read in "
        "float64. In a picture positions go downward and channels to the right, heads side by "
        "side, blue is below zero, orange above; one scale for all steps of a line. A large one is "
        "averaged. In training attention takes the fused "
        "kernel of the other branch, with the same result.",
        "lines.follow, lines.read_lines",
    )


def _numbers(moment: Moment, calls: Sequence[Call], seen: Arrays, subject: str) -> None:
    table = pd.DataFrame(
        [
            (
                call.module,
                call.function,
                call.statement(one.at),
                one.name,
                shape_words(one.value.shape),
            )
            for call in calls
            for one in call.values
            if is_measured(one.value)
        ],
        columns=["module", "function", "line", "name", "shape"],
    )
    table["mean"], table["std"] = seen["mean"][moment.at], seen["std"][moment.at]
    st.markdown(f"**What each line made of the sentence at step {moment.step:,}**")
    look = digits(["mean", "std"])
    numbers(table, "Lines", file_of(moment, subject), height=300, column_config=look)


def _layer(moment: Moment) -> int:
    """Which block is followed."""
    layers = range(moment.run.model_config.n_layer)
    if len(layers) < 2:
        return 0
    return one_of(
        st.segmented_control,
        "overview.layer",
        "Which block is followed",
        layers,
        default=moment.head[0],
        of_run=True,
        format_func=lambda layer: f"layer {layer}",
        label_visibility="collapsed",
    )
