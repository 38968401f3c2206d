"""Which row is followed, how the axes are labelled, which two channels the map shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from explorer.charts.parts import rows as charts
from explorer.charts.parts.labels import shortened
from explorer.data import tables
from explorer.visit import session
from explorer.visit.moment import ROWS, Moment
from explorer.visit.rows import position_rows, token_rows
from explorer.visit.widgets import number, one_of
from model_core.config import Table

TABLES: tuple[Table, ...] = ("tokens", "positions")
TOKEN, POSITION = "k", 4  # followed at first
AXES = ("steps", "epochs")


@dataclass(frozen=True)
class Followed:
    """One row of a table: `row` is its id, `at` its index among the `rows` shown, (S, N, C)
    `vectors` are of all those; its map's `channels` are across and up."""

    table: Table
    row: int
    at: int
    rows: charts.Rows
    vectors: np.ndarray
    channels: tuple[int, int]
    by_epoch: bool

    @property
    def way(self) -> np.ndarray:
        """(S, C): its own vectors."""
        return self.vectors[:, self.at]

    @property
    def name(self) -> str:
        if self.table == "positions":
            return f"position {self.row}"
        return f"'{shortened(self.rows.labels[self.at])}'"


def choose(moment: Moment) -> Followed:
    """Draw the widgets; what they choose is chosen on every page."""
    line = st.container(horizontal=True, vertical_alignment="bottom")
    table = one_of(line.segmented_control, "tables.follow.table", "A row of", TABLES)
    by_epoch = one_of(line.segmented_control, "tables.follow.axis", "Along", AXES) == "epochs"
    rows, vectors = _shown(moment, table)
    row = _first(moment, rows)
    _pick(line, rows, row)
    last = moment.run.model_config.n_embd - 1
    channels = [
        number(
            line.number_input,
            f"tables.follow.{name}",
            f"Channel {name}",
            min(channel, last),
            (0, last),
            of_run=True,
            width=124,
        )
        for channel, name in enumerate(("across", "up"))
    ]
    at = list(rows.ids).index(row)
    return Followed(table, row, at, rows, vectors, (channels[0], channels[1]), by_epoch)


def _shown(moment: Moment, table: Table) -> tuple[charts.Rows, np.ndarray]:
    """The rows of the table, or as many as can be drawn, with their vectors (S, N, C)."""
    if table == "tokens":
        rows = token_rows(moment)
        ids = moment.picks
        return charts.Rows(rows.labels, "token", ids), tables.vectors(moment, table, ids)
    labels = position_rows(moment).labels[:ROWS]
    return charts.Rows(labels, "position"), tables.vectors(moment, table, tuple(range(len(labels))))


def _first(moment: Moment, rows: charts.Rows) -> int:
    """The chosen row; at first "k", the last letter of "Quick", and the position of it."""
    if rows.kind == "position":
        query = session.chosen().query
        return min(POSITION if query is None else query, len(rows.labels) - 1)
    if moment.token is not None:
        return moment.token
    known = dict(zip(moment.tokens, moment.picks, strict=True))
    return known.get(TOKEN, moment.picks[0])


def _pick(place: Any, rows: charts.Rows, row: int) -> None:
    """Another one; a click on any page moves this widget too."""
    names = dict(zip(rows.ids, rows.labels, strict=True))
    key = f"tables.follow.{rows.kind}"
    session.put(key, row)

    def choose() -> None:
        chosen = session.value(key)
        session.choose(**{"query" if rows.kind == "position" else "token": chosen})

    place.selectbox(
        rows.kind.capitalize(),
        list(rows.ids),
        key=key,
        format_func=lambda one: f"{names[one]}" + (f" (id {one})" if rows.kind == "token" else ""),
        on_change=choose,
        width=220,
    )
