"""Numbers to read and to download: tables, and the same as CSV."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import streamlit as st

from explorer.visit.moment import Moment


def drawer() -> Any:
    """Where the tables of a view and their downloads are, closed at first."""
    return st.expander("Numbers", icon=":material/table:")


def numbers(
    table: pd.DataFrame,
    label: str,
    file: str,
    *,
    csv: Callable[[], pd.DataFrame] | None = None,
    **look: Any,
) -> None:
    """A table, and a download of it, or of what `csv` makes instead."""
    st.dataframe(table, **{"hide_index": True} | look)
    csv_button(label, file, csv or (lambda: table))


def csv_button(label: str, file: str, table: Callable[[], pd.DataFrame]) -> None:
    """Download numbers; the table is made only when the button is pressed."""
    st.download_button(
        f"{label} as CSV",
        data=lambda: table().to_csv(index=False).encode(),
        file_name=f"{file}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def file_of(moment: Moment, subject: str) -> str:
    """The name of a file with numbers of the settled step."""
    return f"{moment.run.name}-{subject}-step-{moment.step}"


def digits(columns: Iterable[str], form: str = "%.4g") -> dict[str, Any]:
    """Columns of a table whose numbers are written in this form."""
    return dict.fromkeys(columns, st.column_config.NumberColumn(format=form))


def quoted(token: str) -> str:
    """A token as a CSV cell: a JSON string, so that nothing in it is a formula or gets lost."""
    return json.dumps(token, ensure_ascii=False)
