"""The style sheets of the pages, read once: a page is drawn anew at every press."""

from functools import cache
from pathlib import Path

from explorer.lessons.files import SHIPPED
from model_core.runs.files import read_file

SHEETS = Path(__file__).parent / "styles"


@cache
def style(name: str) -> str:
    """The HTML of a sheet.

    What is seen now and then has one of its own, sent where it is: a browser judges every `:has()`
    of a sheet again wherever something is drawn.
    """
    return _html(SHEETS / f"{name}.css")


@cache
def styles() -> str:
    """The HTML of the sheets of every page; of two rules for one element the later counts."""
    names = ("frame", "pages", "train")
    return _html(*(SHEETS / f"{name}.css" for name in names), SHIPPED / "glossary.css")


def _html(*paths: Path) -> str:
    text = b"\n".join(map(read_file, paths)).decode()
    return f"<style>{text}</style>"
