"""Values: both tables as heatmaps over all steps, and as numbers at the settled step."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.tables import table_panel
from explorer.data import tables
from explorer.panels import Frame
from explorer.visit.export import csv_button, drawer, file_of
from explorer.visit.moment import Moment, left_out
from explorer.visit.page import clock, how_computed
from explorer.visit.rows import position_rows, token_rows
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import toggle


def draw(moment: Moment, sentence: Sentence) -> None:
    if words := left_out(moment):
        st.caption(words)
    per_step = toggle(
        st.toggle,
        "tables.scales",
        "Colours span this step only",
        help="Off: one scale for all steps.",
    )
    tokens, positions = tables.token_embeddings(moment), tables.position_embeddings(moment)
    panels = [
        table_panel(values, rows, _titled(values, rows.kind), per_step=per_step)
        for values, rows in ((tokens, token_rows(moment)), (positions, position_rows(moment)))
    ]
    moment = clock(moment, panels)
    with drawer():
        _numbers(moment)
    how_computed(
        r"x_t = E_{\mathrm{token}}[\mathrm{id}_t] + E_{\mathrm{position}}[t]",
        "Both tables start as random numbers (standard normal) and are moved by every gradient "
        "step. Reading a text only looks rows up: the numbers here are the parameters themselves.",
        "Run.token_embeddings, Run.position_embeddings",
    )


def _titled(values: np.ndarray, kind: str) -> Frame:
    _, rows, channels = values.shape
    title = f"{kind.capitalize()} embedding table, {rows} {kind}s × {channels} channels"
    return Frame(f"{kind}s", title, height=640)


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
            "Tokens",
            file_of(moment, "tokens"),
            tokens.reset_index,
        )
    with right:
        st.dataframe(positions, height=300)
        csv_button("Positions", file_of(moment, "positions"), positions.reset_index)


def _frame(table: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(table)
    frame.columns = [f"channel {channel}" for channel in frame.columns]
    return frame
