"""The style sheet of all pages, read once: a page is drawn anew at every press."""

from functools import cache
from pathlib import Path

from explorer.lessons.files import SHIPPED
from model_core.runs.files import read_file

# Of two rules that say the same of an element the later counts.
STYLES = (
    *(
        Path(__file__).parent / "styles" / f"{name}.css"
        for name in ("frame", "pages", "stories", "embedded", "train", "lessons")
    ),
    SHIPPED / "glossary.css",
)


@cache
def style() -> str:
    return b"\n".join(map(read_file, STYLES)).decode()
