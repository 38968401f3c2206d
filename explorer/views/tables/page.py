"""Tables: the numbers that a token and a position stand for."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.tables import table_panel
from explorer.data import tables
from explorer.visit.moment import Moment, left_out
from explorer.visit.page import clock, csv_button, how_computed, question, quoted
from explorer.visit.sentence import Sentence


def draw(moment: Moment, sentence: Sentence) -> None:
    question("Which numbers does the model keep for each token and each position?")
    if words := left_out(moment):
        st.caption(words)
    per_step = st.toggle("Colours span this step only", help="Off: one scale for all steps.")
    tokens, positions = tables.token_embeddings(moment), tables.position_embeddings(moment)
    rows = [str(row) for row in range(positions.shape[1])]
    height = 640
    panels = [
        table_panel(
            tokens,
            moment.labels,
            key="tokens",
            title=f"Token embedding table, {tokens.shape[1]} tokens × {tokens.shape[2]} channels",
            row_title="token",
            chosen=moment.chosen,
            selected=moment.selected,
            ids=moment.picks,
            per_step=per_step,
            height=height,
        ),
        table_panel(
            positions,
            rows,
            key="positions",
            title=f"Position embedding table, {len(rows)} positions × {tokens.shape[2]} channels",
            row_title="position",
            per_step=per_step,
            height=height,
        ),
    ]
    moment = clock(moment, panels)
    _numbers(moment)
    how_computed(
        r"x_t = E_{\mathrm{token}}[\mathrm{id}_t] + E_{\mathrm{position}}[t]",
        "Both tables start as random numbers (standard normal) and are moved by every gradient "
        "step. Reading a text only looks rows up: the numbers here are the parameters themselves.",
        "Run.token_embeddings, Run.position_embeddings",
    )


def _numbers(moment: Moment) -> None:
    """The two tables at the settled step, exact."""
    tokens = _frame(tables.token_embeddings(moment)[moment.at])
    positions = _frame(tables.position_embeddings(moment)[moment.at])
    tokens.index = pd.Index(moment.rows)
    tokens.insert(0, "token", list(moment.labels))
    tokens.index.name, positions.index.name = "id", "position"
    st.markdown(f"**Values at step {moment.step:,}**, rounded here and complete in the CSV")
    left, right = st.columns(2)
    with left:
        st.dataframe(tokens, height=300)
        csv_button(
            "Tokens as CSV",
            f"{moment.run.name}-tokens-step-{moment.step}",
            lambda: tokens.assign(token=[quoted(token) for token in moment.tokens]).reset_index(),
        )
    with right:
        st.dataframe(positions, height=300)
        csv_button(
            "Positions as CSV",
            f"{moment.run.name}-positions-step-{moment.step}",
            positions.reset_index,
        )


def _frame(table: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(table)
    frame.columns = [f"channel {channel}" for channel in frame.columns]
    return frame
