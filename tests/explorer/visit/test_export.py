"""What a downloaded file holds beside its numbers."""

import csv
import io

import pandas as pd
import pytest

from explorer.visit.export import File

TABLE = pd.DataFrame({"token": ["a"], "value": [0.5]})


def test_every_line_of_a_file_has_its_run_and_step() -> None:
    assert File("fox", "map", 7).filled(TABLE.copy()) == b"run,step,token,value\nfox,7,a,0.5\n"
    assert File("fox", "map", None).filled(TABLE.copy()) == b"run,token,value\nfox,a,0.5\n"
    assert File("", "map", None).filled(TABLE.copy()) == b"token,value\na,0.5\n"


def test_a_step_of_the_table_itself_stays() -> None:
    table = pd.DataFrame({"step": [1, 2]})
    assert File("fox", "inputs", 9).filled(table) == b"run,step\nfox,1\nfox,2\n"


def test_a_file_is_named_after_its_run_and_step() -> None:
    assert File("fox", "map", 7).name == "fox-map-step-7.csv"
    assert File("", "descents", None).name == "descents.csv"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a", "a"),
        ("=", "="),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-x", "'-x"),
        ('"', '"'),
        ("⏎", "⏎"),
        ("⟨0xE2⟩", "⟨0xE2⟩"),
        ("\u2068שלום\u2069", "שלום"),  # what isolates a label on screen
    ],
)
def test_a_text_is_written_as_on_screen_and_never_a_formula(text: str, cell: str) -> None:
    data = File("", "words", None).filled(pd.DataFrame({"token": [text], "value": [-0.5]}))
    assert list(csv.reader(io.StringIO(data.decode()))) == [["token", "value"], [cell, "-0.5"]]
