"""Which numbers of the tables are shown: those of the step, the first ones, or a change."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from explorer.data import measures
from explorer.visit.moment import Moment
from explorer.visit.widgets import one_of
from model_core.config import Table

NOW, FIRST, CHANGE = "now", "at first", "change"


@dataclass(frozen=True)
class Which:
    """NOW, FIRST or CHANGE, the latter from the recorded step `since`."""

    kind: str
    since: int

    def of(self, values: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """What is shown of values (S, N, C): as many steps, or one that holds at all of them."""
        if self.kind == FIRST:
            return values[:1]
        if self.kind == CHANGE:
            return values - values[np.searchsorted(steps, self.since)]
        return values

    def at(self, moment: Moment, table: Table) -> np.ndarray:
        """The same of every row at the settled step: (N, C)."""
        step = int(moment.run.steps[0]) if self.kind == FIRST else moment.step
        values = measures.table_at(moment, table, step)
        if self.kind == CHANGE:
            values = values - measures.table_at(moment, table, self.since)
        return values

    def words(self, step: int) -> str:
        """Of a title or a file: what is shown at this step."""
        if self.kind == CHANGE:
            return f"change from step {self.since:,} to {step:,}"
        return "at first" if self.kind == FIRST else f"at step {step:,}"


def choose(moment: Moment) -> Which:
    kind = one_of(
        st.segmented_control,
        "tables.values",
        "Which numbers",
        (NOW, FIRST, CHANGE),
        format_func=str.capitalize,
        label_visibility="collapsed",
    )
    first = int(moment.steps[0])
    if kind != CHANGE:
        return Which(kind, first)
    since = one_of(
        st.selectbox,
        "tables.since",
        "Since",
        moment.steps.tolist(),
        of_run=True,
        width=170,
        format_func="since step {:,}".format,
        label_visibility="collapsed",
    )
    return Which(kind, since)
