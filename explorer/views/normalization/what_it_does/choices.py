"""Which norm the numbers are normalized like, before which one they are read, and which number."""

import streamlit as st

from explorer.visit.moment import Moment
from explorer.visit.state import CELL
from explorer.visit.widgets import number, one_of
from model_core.normalization import CellIndex
from model_core.norms import KINDS, NORMS, NormKind


def choose(moment: Moment, shape: tuple[int, int, int]) -> tuple[NormKind, str, CellIndex]:
    """The kind of norm to pool like, at first the run's own; before which norm; which number."""
    own, names = moment.run.model_config.norm, moment.run.anatomy.norms
    kind = one_of(
        st.segmented_control,
        "normalization.pool.norm",
        "Normalize like",
        KINDS,
        default=own,
        of_run=True,
        format_func=lambda kind: NORMS[kind].title,
        label_visibility="collapsed",
    )
    site = one_of(
        st.selectbox,
        "normalization.pool.site",
        "What enters",
        names,
        width=168,
        format_func="before {}".format,
        label_visibility="collapsed",
    )
    with st.popover("Number"):
        return kind, site, _cell(shape)


def _cell(shape: tuple[int, int, int]) -> CellIndex:
    """The chosen number, also by keyboard; at first one in the middle of the typed sentence."""
    first = (0, (shape[1] - 1) // 2, (shape[2] - 1) // 2)
    labels = ("Sentence (0: yours)", "Token (from 0)", "Channel")
    sentence, position, channel = (
        number(st.number_input, name, label, at, (0, size - 1), of_run=True, width=140)
        for name, label, at, size in zip(CELL, labels, first, shape, strict=True)
    )
    return sentence, position, channel
