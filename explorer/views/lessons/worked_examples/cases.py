"""Tables of numbers as text, and those that show something by themselves."""

from dataclasses import dataclass
from math import nan

import numpy as np

AT_MOST = 12  # samples: more are not readable from the last row
LONGEST = 4_000  # characters of a table that an address brings
INPUTS = ("age in years", "tuition per year")
FEATURES = ("feature 0", "feature 1", "feature 2", "feature 3")


@dataclass(frozen=True)
class Case:
    """`inputs` (N, 2) for what scales inputs and `x` (N, 4) for the norms of a model."""

    inputs: str
    x: str


LECTURE = "The lecture's example"
CASES = {
    LECTURE: Case("18,20000;19,32000;21,27500;25,50000", "1,2,3,6;4,5,9,2;7,2,0,7"),
    "A constant feature": Case("20,20000;20,32000;20,27500;20,50000", "1,5,3,6;5,5,5,5;7,5,0,7"),
    "A single sample": Case("20,30000", "1,2,3,6"),
    "Huge values": Case(
        "18,100000000;19,100000001;21,100000002;25,100000004",
        "100000001,2,3,6;100000004,5,9,2;100000007,2,0,7",
    ),
}


def read(text: str, features: int) -> np.ndarray:
    """The table (N, `features`) that `write` wrote; NaN for a cell that holds no number."""
    rows = [row.split(",")[:features] for row in text[:LONGEST].split(";")]
    table = [[_number(cell) for cell in row] + [nan] * (features - len(row)) for row in rows]
    return np.array(table, np.float64)


def write(table: np.ndarray) -> str:
    """A table (N, F) in every digit: "1,2;3,4.5". An empty cell is an empty word."""
    return ";".join(",".join(_word(cell) for cell in row) for row in table.tolist())


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return nan


def _word(number: float) -> str:
    return "" if number != number else repr(number).removesuffix(".0")
