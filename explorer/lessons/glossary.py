"""The field's words with a lay sentence each, and a slide's text in which they are explained."""

import csv
import re
from collections.abc import Mapping
from functools import cache
from html import escape

from explorer.lessons.files import SHIPPED
from model_core.runs.files import read_file

# Where no word is explained: code, formulas, links, addresses, icons.
_APART = re.compile(r"(``[^`]*``|`[^`]*`|\$[^$]*\$|\[[^\]]*\]\([^)]*\)|https?://\S+|:\w[\w/-]*:)")
_TAG = re.compile(r"\\?<(?=[a-zA-Z/!?])")  # where Markdown begins HTML


@cache
def glossary() -> Mapping[str, str]:
    """Each word's sentence, in alphabetical order."""
    lines = read_file(SHIPPED / "glossary.csv").decode().splitlines()
    return {row["word"]: row["says"] for row in csv.DictReader(lines)}


def explained(text: str) -> str:
    """Markdown whose only HTML explains each word of the glossary where it first stands."""
    seen: set[str] = set()

    def put(found: re.Match[str]) -> str:
        word = found[1].lower()
        if word in seen:
            return found[0]
        seen.add(word)
        says = escape(glossary()[word])
        return (
            f'<span class="term" tabindex="0">{found[0]}'
            f'<span class="term-says" role="tooltip">{says}</span></span>'
        )

    parts = _APART.split(text)
    return "".join(
        _TAG.sub(_apart(part), part) if n % 2 else _words().sub(put, _TAG.sub("&lt;", part))
        for n, part in enumerate(parts)
    )


def _apart(part: str) -> str:
    """What stands for "<" where an entity would be shown as it is written: it begins no HTML."""
    return "< " if part.startswith("$") else "<\u2060"


@cache
def _words() -> re.Pattern[str]:
    """Any word of the glossary, the longest first, also in the plural."""
    words = sorted(glossary(), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
