"""What is changed in the tables: the widgets of the view, and the change in words."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.parts.labels import shortened
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import number, one_of
from model_core.config import Table
from model_core.embeddings.edits import Edit, Replaced, Shuffled, Swapped, Zeroed

ZERO, SHUFFLE, SWAP, ONE = (
    "No positions",
    "Positions shuffled",
    "Two tokens swapped",
    "One number changed",
)
OF: dict[str, Table] = {"token": "tokens", "position": "positions"}
WIDE, NARROW = 130, 76  # pixels of a field
LARGEST = 1e6


def choose(moment: Moment, sentence: Sentence) -> Edit:
    """What to change, in one line of the page."""
    line = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    match one_of(
        line.segmented_control,
        "tables.whatif",
        "What is changed",
        (ZERO, SHUFFLE, SWAP, ONE),
        label_visibility="collapsed",
    ):
        case "No positions":
            return Zeroed()
        case "Positions shuffled":
            seed = number(
                line.number_input, "tables.shuffle", "Order number", 0, (0, 9999), width=WIDE
            )
            return Shuffled(int(seed))
        case "Two tokens swapped":
            first, second = _two(sentence, moment)
            one = _token(moment, line, "tables.swap.one", "One", first)
            return Swapped(one, _token(moment, line, "tables.swap.other", "Other", second))
    return _one_number(moment, sentence, line)


def said(moment: Moment, edit: Edit) -> str:
    """The change at the beginning of a sentence."""
    tokens = moment.run.tokenizer.tokens
    names = dict(zip(moment.rows.tolist(), moment.labels, strict=True))

    def name(token: int) -> str:
        return f"'{shortened(names.get(token, tokens[token]))}'"

    match edit:
        case Zeroed():
            return "Without positions"
        case Shuffled():
            return "With positions shuffled"
        case Swapped(one, other):
            return f"With {name(one)} and {name(other)} swapped"
        case Replaced(table, row, channel, value):
            what = name(row) if table == "tokens" else f"position {row}"
            return f"With channel {channel} of {what} at {value:g}"


def _one_number(moment: Moment, sentence: Sentence, line: DeltaGenerator) -> Edit:
    config = moment.run.model_config
    kind = one_of(line.segmented_control, "tables.edit.table", "Of a", tuple(OF))
    if kind == "token":
        row = _token(moment, line, "tables.edit.token", "Token", sentence.ids[0])
    else:
        positions = range(config.block_size)
        row = one_of(
            line.selectbox, "tables.edit.row", "Position", positions, of_run=True, width=NARROW
        )
    channel = one_of(
        line.selectbox,
        "tables.edit.channel",
        "Channel",
        range(config.n_embd),
        of_run=True,
        width=NARROW,
    )
    value = number(
        line.number_input,
        "tables.edit.value",
        "New value",
        0.0,
        (-LARGEST, LARGEST),
        step=0.1,
        width=WIDE,
    )
    return Replaced(OF[kind], int(row), int(channel), float(value))


def _two(sentence: Sentence, moment: Moment) -> tuple[int, int]:
    """The two tokens that the sentence has most often, else any two."""
    ids, counts = np.unique(sentence.ids, return_counts=True)
    often = ids[np.argsort(-counts, kind="stable")].tolist()
    some = [*often, *(one for one in moment.rows.tolist() if one not in often)]
    return some[0], some[min(1, len(some) - 1)]


def _token(moment: Moment, line: DeltaGenerator, name: str, label: str, default: int) -> int:
    names = dict(zip(moment.rows.tolist(), moment.labels, strict=True))
    tokens = moment.run.tokenizer.tokens
    ids = sorted({*names, default})
    return one_of(
        line.selectbox,
        name,
        label,
        ids,
        default=default,
        of_run=True,
        format_func=lambda token: names.get(token, tokens[token]),
        width=NARROW,
    )
