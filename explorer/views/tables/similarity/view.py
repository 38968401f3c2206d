"""Similarity: which rows point the same way, and what lies between them."""

import streamlit as st

from explorer.views.tables.similarity import positions, tokens
from explorer.visit.moment import Moment
from explorer.visit.page import clock, how_computed
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
    part = tokens.part(moment, line) if table == TOKENS else positions.part(moment)
    moment = clock(moment, part.panels)
    part.numbers(moment)
    how_computed(part.formula, part.words, part.function)
