"""Numbers to read and to download: tables, and the same as CSV."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import bare
from explorer.visit.moment import Moment

FORMULA = ("=", "+", "-", "@")  # how a spreadsheet tells one


class File(NamedTuple):
    """A file of numbers: of a run ("": of none), at a step (None: over all, or without steps)."""

    run: str
    subject: str
    step: int | None

    @property
    def name(self) -> str:
        return self.ending("csv")

    def ending(self, suffix: str) -> str:
        """The file's name as one of this kind."""
        step = "" if self.step is None else f"step-{self.step}"
        return "-".join(filter(None, (self.run, self.subject, step))) + f".{suffix}"

    def filled(self, table: pd.DataFrame) -> bytes:
        """The table as CSV, with the run and the step in every line; no cell is a formula."""
        for name, value in (("step", self.step), ("run", self.run or None)):
            if value is not None and name not in table:
                table.insert(0, name, value)
        for column in table.select_dtypes(exclude=np.number):
            table[column] = [_as_cell(value) for value in table[column]]
        return bare(table.to_csv(index=False)).encode()


def drawer() -> Any:
    """Where the tables of a view and their downloads are, closed at first."""
    return st.expander("Numbers", icon=":material/table:")


def numbers(
    table: pd.DataFrame,
    label: str,
    file: File,
    *,
    csv: Callable[[], pd.DataFrame] | None = None,
    **look: Any,
) -> None:
    """A table, and a download of it, or of what `csv` makes instead."""
    st.dataframe(table, **{"hide_index": True} | look)
    csv_button(label, file, csv or (lambda: table))


def csv_button(label: str, file: File, table: Callable[[], pd.DataFrame]) -> None:
    """Download numbers; the table is made only when the button is pressed."""
    download(f"{label} as CSV", file.name, "text/csv", lambda: file.filled(table().copy()))


def download(label: str, name: str, mime: str, data: Callable[[], bytes]) -> None:
    """Download a file; it is made only when the button is pressed."""
    icon = ":material/download:"
    st.download_button(label, data, name, mime, icon=icon, on_click="ignore")


def file_of(moment: Moment, subject: str) -> File:
    """A file with numbers of the settled step."""
    return File(moment.run.name, subject, moment.step)


def digits(columns: Iterable[str], form: str = "%.4g") -> dict[str, Any]:
    """Columns of a table whose numbers are written in this form."""
    return dict.fromkeys(columns, st.column_config.NumberColumn(format=form))


def _as_cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, quoted so that it reads it."""
    is_formula = isinstance(value, str) and len(value) > 1 and value.startswith(FORMULA)
    return f"'{value}" if is_formula else value
