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
    one, two, three, four = st.columns([3, 3, 3, 3], vertical_alignment="bottom")
    at = one_of(
        one.selectbox,
        "normalization.shift.layer",
        "Inputs of",
        range(len(layers)),
        default=max(len(layers) - 2, 0),
        of_run=True,
        format_func=lambda index: words[layers[index]],
    )
    since = one_of(
        three.segmented_control, "normalization.shift.since", "How far from", (FIRST, BEFORE)
    )
    with two:
        channel = _channel(config.n_embd)
    names = comparable(moment, len(sentence.ids), layers[at], channel)
    if not names:
        return Choice(layers[at], channel, since, "")
    other = one_of(
        four.selectbox, "normalization.shift.beside", "Beside it, the same layer of", names
    )
    return Choice(layers[at], channel, since, other)


def _channel(count: int) -> int | None:
    left, right = st.columns(2, vertical_alignment="bottom")
    which = one_of(left.segmented_control, "normalization.shift.channels", "Channels", (ALL, ONE))
    if which == ALL:
        return None
    return number(
        right.number_input, "normalization.shift.channel", "Channel", 0, (0, count - 1), of_run=True
    )


def _words(anatomy: Anatomy) -> dict[str, str]:
    """What the layers that norms feed are called, by their modules' names."""
    words = {}
    for index, block in enumerate(anatomy.blocks):
        words[block.attention.name] = f"attention of block {index}"
        words[block.feed_forward.name] = f"feed-forward of block {index}"
    return words | {anatomy.head.name: f"the output layer ({anatomy.head.name})"}
