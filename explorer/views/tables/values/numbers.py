"""Both tables at the settled step as numbers: to sort, to search, page by page."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from explorer.data.measures import before, measured
from explorer.views.tables.values.which import Which
from explorer.visit import session
from explorer.visit.export import digits
from explorer.visit.moment import Moment
from explorer.visit.widgets import number, one_of, text
from model_core.config import Table

PAGE = 1_000  # rows in a browser's table
LONGEST = {"norm", "drift", "move", "count", "updates"}  # sorted from the largest


def draw(moment: Moment, which: Which) -> None:
    """Tokens and positions beside each other; what is measured is of the settled step."""
    left, right = st.columns([3, 2])
    with left:
        _table(moment, which, "tokens")
    with right:
        _table(moment, which, "positions")


def whole(moment: Moment, which: Which, table: Table) -> pd.DataFrame:
    """Every row: what is measured of it, then its channels as `which` says."""
    values = which.at(moment, table)
    channels = pd.DataFrame(values, columns=[f"channel {n}" for n in range(values.shape[1])])
    found = pd.concat([measured(moment, table), channels], axis=1)
    found.index.name = "id" if table == "tokens" else "position"
    return found


def _table(moment: Moment, which: Which, table: Table) -> None:
    found = whole(moment, which, table)
    st.markdown(f"**{table.capitalize()}**, channels {which.words(moment.step)}")
    if len(found) > PAGE:
        found = _page(found, table)
    columns = [name for name in found.columns if found[name].dtype.kind == "f"]
    known = digits(columns) | {
        "rank": st.column_config.NumberColumn(help="By norm: 1 is the longest row."),
        "drift": _length("Distance from the same row at the first step."),
        "move": _length(f"Distance from the recorded step before, {before(moment):,}."),
        "updates": st.column_config.NumberColumn(help="Steps in which this row had a gradient."),
        "count": st.column_config.NumberColumn(help="Occurrences in the training text."),
    }
    key, ids = f"tables.{table}.rows", found.index.tolist()
    chosen = moment.token if table == "tokens" else session.chosen().query
    session.put(key, {"selection": {"rows": [ids.index(chosen)] if chosen in ids else []}})
    st.dataframe(
        found,
        height=300,
        column_config=known,
        key=key,
        on_select=partial(choose_row, table, key, ids),
        selection_mode="single-row",
    )


def choose_row(table: Table, key: str, ids: Sequence[int]) -> None:
    """In a callback: the marked row is chosen on every page; none where its mark was taken away."""
    rows = session.value(key).selection.rows
    row = ids[rows[0]] if rows else None
    session.choose(**{"token" if table == "tokens" else "query": row})


def _length(words: str) -> object:
    return st.column_config.NumberColumn(help=words, format="%.4g")


def _page(found: pd.DataFrame, table: Table) -> pd.DataFrame:
    """PAGE rows of those that hold what is searched for, sorted by a column."""
    searched, by, page = st.columns([2, 1, 1])
    if "token" in found:
        wanted = text(searched.text_input, "tables.search", "Search tokens", "")
        found = found[found["token"].str.contains(wanted.replace(" ", "␣"), regex=False)]
    own = f"tables.{table}"
    measures = [str(name) for name in found if not str(name).startswith("channel")]
    column = one_of(by.selectbox, f"{own}.sort", "Sort by", [str(found.index.name), *measures])
    found = found.sort_values(column, ascending=column not in LONGEST, kind="stable")
    last = max(-(-len(found) // PAGE), 1)
    at = number(page.number_input, f"{own}.page", f"Page of {last}", 1, (1, last))
    part = found.iloc[(at - 1) * PAGE : at * PAGE]
    st.caption(f"Showing {len(part):,} of {len(found):,} rows.")
    return part
