"""A field for any id: its row, or what torch says where the table has none."""

import streamlit as st

from explorer.data.tables import vectors
from explorer.visit.moment import Moment, labels_of
from explorer.visit.page import plain
from explorer.visit.widgets import number
from model_core.embeddings.lookup import refusal

LARGEST = 10**9
WRITTEN = 8  # numbers of a row


def draw(moment: Moment) -> None:
    last = moment.run.model_config.vocab_size - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Any id**", width="content")
        id_ = number(
            st.number_input,
            "tables.id",
            "Any id",
            0,
            (-LARGEST, LARGEST),
            of_run=True,
            width=150,
            label_visibility="collapsed",
            help=f"Any whole number; the table has rows 0 … {last:,}.",
        )
        if said := refusal(id_, last + 1):
            st.error(plain(refused(id_, last, said)))
        else:
            st.caption(plain(_row(moment, id_)))


def refused(id_: int, last: int, said: str) -> str:
    """Why there is no such row, in one sentence, with torch's own words."""
    rule = f"the table has a row for each of {last + 1:,} tokens, 0 … {last:,}"
    return f"Id {id_:,}: torch says “{said}”: {rule}; choose an id in that range."


def _row(moment: Moment, id_: int) -> str:
    values = vectors(moment, "tokens", (id_,))[moment.at, 0]
    (label,) = labels_of(moment.run, [id_])
    some = ", ".join(f"{value:.4f}".replace("-", "−") for value in values[:WRITTEN])
    more = f", … {len(values)} numbers" if len(values) > WRITTEN else ""
    return f"Row {id_} is '{label}' = ({some}{more}) at step {moment.step:,}"
