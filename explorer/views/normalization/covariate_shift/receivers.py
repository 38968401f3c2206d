"""Which layer's inputs are looked at, which channel, since when, and beside which other run."""

from dataclasses import dataclass
from typing import cast

import streamlit as st

from explorer.views.normalization.covariate_shift.others import comparable
from explorer.visit import session
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
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
    at = one.selectbox(
        "Inputs of",
        range(len(layers)),
        format_func=lambda index: words[layers[index]],
        key=session.number("shift layer", max(len(layers) - 2, 0), 0, len(layers) - 1, of_run=True),
        **session.KEPT,
    )
    since = three.segmented_control(
        "How far from",
        (FIRST, BEFORE),
        key=session.offer("shift since", (FIRST, BEFORE)),
        required=True,
        **session.KEPT,
    )
    with two:
        channel = _channel(config.n_embd)
    names = comparable(moment, len(sentence.ids), layers[at], channel)
    if not names:
        return Choice(layers[at], channel, cast(str, since), "")
    other = four.selectbox(
        "Beside it, the same layer of",
        names,
        key=session.offer("shift beside", names),
        **session.KEPT,
    )
    return Choice(layers[at], channel, cast(str, since), other)


def _channel(count: int) -> int | None:
    left, right = st.columns(2, vertical_alignment="bottom")
    which = left.segmented_control(
        "Channels",
        (ALL, ONE),
        key=session.offer("shift channels", (ALL, ONE)),
        required=True,
        **session.KEPT,
    )
    if which == ALL:
        return None
    key = session.number("shift channel", 0, 0, count - 1, of_run=True)
    return int(right.number_input("Channel", 0, count - 1, key=key, **session.KEPT))


def _words(anatomy: Anatomy) -> dict[str, str]:
    """What the layers that norms feed are called, by their modules' names."""
    words = {}
    for index, block in enumerate(anatomy.blocks):
        words[block.attention.name] = f"attention of block {index}"
        words[block.feed_forward.name] = f"feed-forward of block {index}"
    return words | {anatomy.head.name: f"the output layer ({anatomy.head.name})"}
