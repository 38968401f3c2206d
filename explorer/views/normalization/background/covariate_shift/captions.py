"""What is shown of a layer's inputs, in words, and where something is missing."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.data.layer_inputs import AlignedSpread
from explorer.views.lessons.norms import gain_and_shift
from explorer.views.normalization.background.covariate_shift.receivers import Choice
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from explorer.visit.sentence import Sentence
from model_core.norms import NORMS


def caption(moment: Moment, sentence: Sentence, choice: Choice) -> None:
    config, tokens = moment.run.model_config, len(sentence.ids)
    norm = moment.run.anatomy.layer(choice.layer).norm
    over = f"{tokens} tokens × {config.n_embd} channels"
    if choice.channel is not None:
        over = f"channel {choice.channel} at {tokens} tokens"
    learned, title = gain_and_shift(config.norm), NORMS[config.norm].title
    st.caption(
        f"Each number is one channel of one token of your sentence ({over}), read in evaluation "
        "mode (batch norm with its running averages). The sentence stays, so what moves comes from "
        "the layers before."
        + (f" 'After' is after the {learned} of `{norm}` ({title})." if norm else "")
    )


def caption_of_steps(moment: Moment, other: AlignedSpread) -> None:
    """Which steps of another run are shown, where they are not the same."""
    there = other.indices >= 0
    away = np.abs(other.steps[other.indices[there]] - moment.steps[there]).max()
    if away:
        st.caption(
            plain(f"Where {other.name} did not record the same step, its nearest one is shown, ")
            + f"at most {away:,} steps away."
        )
    if not there.all():
        last = f"After step {moment.steps[there][-1]:,} nothing of "
        st.caption(last + plain(f"{other.name} is shown: its recording had ended."))


def say_gaps(moment: Moment, shown: Sequence[AlignedSpread]) -> None:
    for one in shown:
        lost = np.isnan(one.of("std")) & (one.indices >= 0)
        if lost.any():
            since = (
                f"gaps from step {moment.steps[lost.argmax()]:,} on, where numbers are infinite, "
            )
            st.info(plain(f"{one.name}: {since}NaN or beyond float32: its model had diverged."))
        if not one.spread.std[0]:
            st.info(
                plain(f"{one.name}: its numbers at the first step are all equal, so how far ")
                + "they move cannot be levels in their standard deviations: type a longer sentence."
            )
