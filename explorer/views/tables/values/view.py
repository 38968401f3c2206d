"""Values: both tables as heatmaps over all steps, and as numbers at the settled step."""

from dataclasses import replace

import numpy as np
import streamlit as st

from explorer.charts.embeddings.tables import table_panel
from explorer.charts.parts.rows import Rows
from explorer.data import tables
from explorer.panels import Frame, Panel
from explorer.views.tables.values import files, numbers
from explorer.views.tables.values.which import CHANGE, FIRST, Which, choose
from explorer.visit.clock import clock
from explorer.visit.export import drawer
from explorer.visit.moment import Moment, left_out
from explorer.visit.page import how_computed
from explorer.visit.rows import position_rows, token_rows
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import toggle


def draw(moment: Moment, sentence: Sentence) -> None:
    if words := left_out(moment):
        st.caption(words)
    with st.container(horizontal=True, vertical_alignment="center"):
        which = choose(moment)
        per_step = toggle(
            st.toggle,
            "tables.scales",
            "Colours span this step only",
            help="Off: one scale for all steps.",
        )
    values = tables.token_embeddings(moment), tables.position_embeddings(moment)
    rows = token_rows(moment), position_rows(moment)
    panels = [
        _panel(which, which.of(one, moment.steps), shown, per_step)
        for one, shown in zip(values, rows, strict=True)
    ]
    moment = clock(moment, panels)
    with drawer():
        numbers.draw(moment, which)
        files.draw(moment, which)
    how_computed(
        r"x_t = E_{\mathrm{token}}[\mathrm{id}_t] + E_{\mathrm{position}}[t]",
        "Both tables start as random numbers (normal, of the standard deviation in the run's "
        "settings; all rows alike where that is set) and are moved by every gradient step. "
        "Reading a text only looks rows up: the numbers here are the parameters themselves. "
        "A change is the table of the step minus that of another recorded step; drift and move are "
        "Euclidean lengths of such a change of one row.",
        "Run.token_embeddings, Run.position_embeddings, measures.row_measures",
    )


def _panel(which: Which, values: np.ndarray, rows: Rows, per_step: bool) -> Panel:
    panel = table_panel(values, rows, _titled(which, values, rows.kind), per_step=per_step)
    return replace(panel, moving={}) if which.kind == FIRST else panel  # the same at every step


def _titled(which: Which, values: np.ndarray, kind: str) -> Frame:
    _, rows, channels = values.shape
    what = {FIRST: " at first", CHANGE: f": change since step {which.since:,}"}.get(which.kind, "")
    title = f"{kind.capitalize()} embedding table{what}, {rows} {kind}s × {channels} channels"
    return Frame(f"{kind}s", title, height=640)
