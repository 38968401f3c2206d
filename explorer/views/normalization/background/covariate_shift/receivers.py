"""Which layer's inputs are shown, which channel, since when, and beside which other run."""

from dataclasses import dataclass

import streamlit as st

from explorer.views.normalization.background.covariate_shift.others import comparable
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import number, one_of
from model_core.anatomy import Anatomy

ALL, ONE = "all", "one"
FIRST, BEFORE = "the first step", "the step before"


@dataclass(frozen=True)
class Choice:
    """A layer by its module's name, a channel (None: all), since when, and a run beside ("")."""

    layer: str
    channel: int | None
    since: str
    other: str


def choose(moment: Moment, sentence: Sentence) -> Choice:
    config = moment.run.model_config
    words = _words(moment.run.anatomy)
    layers = list(words)
    at = one_of(
        st.selectbox,
        "normalization.shift.layer",
        "Inputs of",
        range(len(layers)),
        default=max(len(layers) - 2, 0),
        of_run=True,
        format_func=lambda index: words[layers[index]],
        width=230,
    )
    channel = _channel(config.n_embd)
    since = one_of(
        st.segmented_control, "normalization.shift.since", "How far from", (FIRST, BEFORE)
    )
    names = comparable(moment, len(sentence.ids), layers[at], channel)
    if not names:
        return Choice(layers[at], channel, since, "")
    other = one_of(
        st.selectbox, "normalization.shift.beside", "Beside it, the same layer of", names, width=230
    )
    return Choice(layers[at], channel, since, other)


def _channel(count: int) -> int | None:
    which = one_of(st.segmented_control, "normalization.shift.channels", "Channels", (ALL, ONE))
    if which == ALL:
        return None
    return number(
        st.number_input,
        "normalization.shift.channel",
        "Channel",
        0,
        (0, count - 1),
        of_run=True,
        width=140,
    )


def _words(anatomy: Anatomy) -> dict[str, str]:
    """What the layers that norms feed are called, by their modules' names."""
    words = {}
    for index, block in enumerate(anatomy.blocks):
        words[block.attention.name] = f"attention of block {index}"
        words[block.feed_forward.name] = f"feed-forward of block {index}"
    return words | {anatomy.head.name: f"the output layer ({anatomy.head.name})"}
