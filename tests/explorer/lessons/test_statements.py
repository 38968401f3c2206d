"""Every statement of the course stands on a slide, is computed by a function and has its test."""

import ast
import csv
from importlib import import_module
from pathlib import Path

import pytest

from explorer.lessons.files import SHIPPED, names_of, read_lesson

ROOT = Path(__file__).resolve().parents[3]
ROWS = list(csv.DictReader((SHIPPED / "statements.csv").read_text("utf-8").splitlines()))


@pytest.mark.parametrize("row", ROWS, ids=[row["statement"] for row in ROWS])
def test_a_statement_has_its_slide_its_function_and_its_test(row: dict[str, str]) -> None:
    slides = read_lesson(SHIPPED / f"{row['lesson']}.yaml").slides
    assert 1 <= int(row["slide"]) <= len(slides)
    module, _, name = row["function"].rpartition(".")
    assert callable(getattr(import_module(module), name))
    path, _, test = row["test"].partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert test in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_every_lesson_has_statements_and_none_is_made_twice() -> None:
    assert {row["lesson"] for row in ROWS} == set(names_of(SHIPPED))
    said = [row["statement"] for row in ROWS]
    assert len(said) == len(set(said)) >= 60
