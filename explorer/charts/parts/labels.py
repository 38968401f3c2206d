"""Token labels for Plotly: escaped, unique, and only as many as can be read."""

import html
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any
from unicodedata import bidirectional

LINE = 15  # pixels a line of 12 px text needs
UNMARKED: Mapping[int, str] = MappingProxyType({})
GLYPH = 7.5  # pixels a 12 px monospace glyph is wide
DRAWN = 24  # columns of a label beside an axis or on a point; the pointer has the whole
POSITION = 6  # columns of a space and a position
HOVERED, LINES = 60, 10  # columns of a line under the pointer, and lines
_FIRST_STRONG, _POP = "\u2068", "\u2069"  # a label between them keeps its direction to itself


def isolated(label: str) -> str:
    """`label`, so that what stands beside it keeps its place where it is written right to left.

    Otherwise two labels and the numbers between them are one run of that script, drawn in reverse.
    """
    if not any(bidirectional(one) in ("R", "AL", "AN") for one in label):
        return label
    return f"{_FIRST_STRONG}{bare(label)}{_POP}"


def bare(text: str) -> str:
    """`text` without what isolates labels, for files."""
    return text.replace(_FIRST_STRONG, "").replace(_POP, "")


def running(labels: Iterable[str]) -> str:
    """Labels one after another as one text, in the direction of its letters."""
    return isolated(bare("".join(labels)))


def counted(count: int, thing: str) -> str:
    """ "1 token", "3 tokens"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def capitalized(words: str) -> str:
    """As a sentence begins; the other letters stay."""
    return words[:1].upper() + words[1:]


def escape(label: str) -> str:
    """`label` escaped, so that Plotly shows it unchanged in ticks, names, hover and templates.

    Plotly reads tags and entities, `$...$` as TeX where MathJax is loaded, and `%{...}` in
    templates. Quotes stay as they are: Plotly would show `&quot;` letter by letter.
    """
    return html.escape(label, quote=False).replace("$", "&#36;").replace("%{", "&#37;{")


def in_lines(label: str) -> str:
    """The same for what is shown on hover: a long label in lines, of more than a few how long."""
    if columns(label) <= HOVERED:
        return escape(label)
    text = bare(label)
    lines = [text[at : at + HOVERED] for at in range(0, len(text), HOVERED)][:LINES]
    more = f"… {counted(len(text), 'character')}" if len(text) > LINES * HOVERED else ""
    return "<br>".join(map(escape, [*map(isolated, lines), *filter(None, [more])]))


def shortened(label: str, room: int = DRAWN) -> str:
    """`label`, cut with an ellipsis where it takes more than `room` columns."""
    return label if columns(label) <= room else fitted(label, room).rstrip(" ")


def with_positions(labels: Sequence[str]) -> list[str]:
    """Each label, a repeated one followed by its position from 0: "o 8". Never two alike.

    The digits are as large as the token: a subscript cannot be read from the last row.
    """
    names = [shortened(label, DRAWN - POSITION) for label in labels]
    while repeated := {name for name, count in Counter(names).items() if count > 1}:
        names = [
            f"{name} {position}" if name in repeated else name
            for position, name in enumerate(names)
        ]
    return names


def columns(label: str) -> int:
    """Columns of a monospaced font: a wide character takes two, a combining mark none."""
    return sum(_columns(character) for character in label)


def fitted(label: str, room: int) -> str:
    """`label` in exactly `room` columns: padded with spaces, or cut with an ellipsis."""
    if columns(label) <= room:
        return label + " " * (room - columns(label))
    label = bare(label)
    ends = list(accumulate(map(_columns, label)))
    cut = isolated(label[: bisect_right(ends, room - 1)] + "…")
    return cut + " " * (room - columns(cut))


def width(label: str) -> float:
    """About how many pixels `label` takes at 12 px, cut as it is drawn."""
    return min(columns(label), DRAWN) * GLYPH


def stride(count: int, pixels: float, needed: float) -> int:
    """The n for which every n-th of `count` labels fits along `pixels`, `needed` pixels each."""
    return max(1, -int(-count * needed // max(pixels, 1.0)))


def row_ticks(
    labels: Sequence[str],
    pixels: float,
    chosen: int | None = None,
    marked: Mapping[int, str] = UNMARKED,
) -> dict[str, Any]:
    """Ticks of a vertical axis `pixels` high; `chosen` is bold and always among them.

    `marked` rows have labels in their own colours.
    """
    every = stride(len(labels), pixels, LINE)
    rows = [
        row
        for row in range(0, len(labels), every)
        if chosen is None or row == chosen or abs(row - chosen) >= every
    ]
    if chosen is not None and chosen not in rows:
        rows = sorted([*rows, chosen])
    return _ticks(labels, rows, chosen, marked)


def column_ticks(
    labels: Sequence[str],
    pixels: float,
    chosen: int | None = None,
    marked: Mapping[int, str] = UNMARKED,
) -> dict[str, Any]:
    """Ticks of a horizontal axis `pixels` wide: upright where all fit, else turned and thinned."""
    if len(labels) * (max(map(width, labels)) + GLYPH) <= pixels:
        return _ticks(labels, range(len(labels)), chosen, marked) | {"tickangle": 0}
    return row_ticks(labels, pixels, chosen, marked) | {"tickangle": -90}


def count_ticks(count: int, pixels: float) -> dict[str, Any]:
    """Ticks of a horizontal axis that counts 0 .. count-1, at steps of 1, 2, 5, 10, ..."""
    needed = stride(count, pixels, width(str(count)) + 2 * GLYPH)
    every = next(
        digit * 10**power
        for power in range(9)
        for digit in (1, 2, 5)
        if digit * 10**power >= needed
    )
    return _ticks([str(at) for at in range(count)], range(0, count, every)) | {"tickangle": 0}


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _ticks(
    labels: Sequence[str],
    indices: Sequence[int],
    chosen: int | None = None,
    marked: Mapping[int, str] = UNMARKED,
) -> dict[str, Any]:
    texts = {at: escape(shortened(labels[at])) for at in indices}
    for at in marked.keys() & texts.keys():
        texts[at] = f'<span style="color: {marked[at]}"><b>{texts[at]}</b></span>'
    if chosen in texts:
        texts[chosen] = f"<b>{texts[chosen]}</b>"
    return {"tickmode": "array", "tickvals": list(texts), "ticktext": list(texts.values())}
