"""Similarity: which rows point the same way, and what lies between them."""

import streamlit as st

from explorer.data.similarity import PAIRED
from explorer.views.tables.similarity import positions, tokens
from explorer.visit.clock import clock
from explorer.visit.moment import SENT_BYTES, Moment, evenly, thinned
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of

TOKENS, POSITIONS = "Tokens", "Positions"


def draw(moment: Moment, sentence: Sentence) -> None:
    line = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    table = one_of(
        line.segmented_control,
        "tables.similar",
        "Of which table",
        (TOKENS, POSITIONS),
        label_visibility="collapsed",
    )
    config = moment.run.model_config
    rows = (
        min(config.vocab_size, tokens.MOST) if table == TOKENS else min(config.block_size, PAIRED)
    )
    moment = evenly(moment, SENT_BYTES // (4 * rows**2))
    if said := thinned(moment, "the cosines of all are too many"):
        st.caption(said)
    part = tokens.part(moment, line) if table == TOKENS else positions.part(moment)
    moment = clock(moment, part.panels)
    part.numbers(moment)
    how_computed(part.formula, part.words, part.function)
