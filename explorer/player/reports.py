"""Reads what a browser reports and drops what is not valid: a browser can send anything."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never, get_args

import numpy as np

from explorer.panels import AnyPanel, Letters, Listing, Machine, Mosaic, Panel, Text
from explorer.picks import Cells, Heads, Opens, Pairs, PartName, Picks, Positions, Tokens
from explorer.timeline import Timeline


@dataclass(frozen=True)
class Token:
    """The reader clicked a token."""

    id: int


@dataclass(frozen=True)
class Position:
    """The reader clicked a position in the sentence, or in the second of two."""

    at: int
    second: bool = False


@dataclass(frozen=True)
class Head:
    """The reader clicked a head."""

    layer: int
    head: int


@dataclass(frozen=True)
class Pair:
    """The reader clicked a cell of attention."""

    query: int
    key: int


@dataclass(frozen=True)
class Cell:
    """The reader clicked a number of a block."""

    sentence: int
    position: int
    channel: int


@dataclass(frozen=True)
class Part:
    """The reader clicked a part of the drawn model, at a position; an arc has a head and a key."""

    name: PartName
    position: int
    token: int
    head: tuple[int, int] | None = None
    key: int | None = None


Pick: TypeAlias = Token | Position | Head | Pair | Cell | Part


@dataclass(frozen=True)
class Selection:
    """The tokens inside the reader's lasso or box, in the order of their points; () when none."""

    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """The step the reader settled on; `move` differs from that of every other report."""

    step: int
    move: int


def read_report(value: Any, timeline: Timeline) -> Report | None:
    """The browser's report; None unless it names a recorded step."""
    if not isinstance(value, Mapping):
        return None
    step, move = value.get("step"), value.get("move")
    if type(step) is not int or type(move) is not int or not np.isin(step, timeline.steps):
        return None
    return Report(step, move)


def read_pick(value: Any, panels: Sequence[AnyPanel]) -> Pick | None:
    """What the browser's click means; None where nothing can be clicked."""
    if not isinstance(value, Mapping):
        return None
    panel, index = _named(value, panels), value.get("index")
    if not isinstance(index, list) or not 1 <= len(index) <= 5 or not all(map(_is_count, index)):
        return None
    match panel:
        case Machine():
            return _part(panel, index)
        case Listing(picks=Opens(parts, position, token)) if _within(index, (len(parts),)):
            return Part(parts[index[0]], position, token)
        case Panel() if len(index) <= 2:
            return _meaning(panel.picks, index)
        case Letters() if len(index) == 1:
            return _meaning(panel.picks, index)
        case Text() if len(index) == 1:
            return _meaning(panel.picks, index)
        case Mosaic() if _within(index, panel.weights.shape[1:3]):
            return Head(*index)
    return None


def _part(panel: Machine, index: list[int]) -> Part | None:
    """[which of the names, position], and where an arc was clicked [..., key, layer, head]."""
    names, (layers, heads), time = get_args(PartName), panel.weights.shape[1:3], len(panel.labels)
    match index:
        case [name, position] if _within(index, (len(names), time)):
            return Part(names[name], position, panel.picks.ids[position])
        case [name, position, key, layer, head] if _within(
            index, (len(names), time, position + 1, layers, heads)
        ):
            return Part(names[name], position, panel.picks.ids[position], (layer, head), key)
    return None


def _meaning(picks: Picks | None, index: list[int]) -> Pick | None:
    """What a click on the point (n,) or the cell (row, column) means."""
    row, column = index[0], index[-1]
    match picks:
        case None:
            return None
        case Tokens(ids):
            return Token(ids[row]) if row < len(ids) else None
        case Positions(count, by_column, second, first):
            at = column if by_column else row
            return Position(first + at, second) if at < count else None
        case Heads(layers, heads):
            return Head(*divmod(row, heads)) if row < layers * heads else None
        case Pairs(count):
            return Pair(*index) if _within(index, (count, count)) else None
        case Cells(sentences, positions, channels):
            cell = (column // picks.pitch, row, column % picks.pitch)
            return Cell(*cell) if _within(cell, (sentences, positions, channels)) else None
    assert_never(picks)


def read_selection(value: Any, panels: Sequence[AnyPanel]) -> Selection | None:
    """The tokens that the browser's lasso holds; None where there is no lasso over tokens."""
    if not isinstance(value, Mapping):
        return None
    panel, rows = _named(value, panels), value.get("rows")
    if not isinstance(panel, Panel) or not panel.lasso or not isinstance(panel.picks, Tokens):
        return None
    ids = panel.picks.ids
    if not isinstance(rows, list) or len(rows) > len(ids):
        return None
    if not all(_is_count(row) and row < len(ids) for row in rows):
        return None
    return Selection(tuple(ids[row] for row in sorted(set(rows))))


def _named(value: Mapping[str, Any], panels: Sequence[AnyPanel]) -> AnyPanel | None:
    return next((panel for panel in panels if panel.frame.key == value.get("panel")), None)


def _is_count(number: Any) -> bool:
    return type(number) is int and number >= 0


def _within(index: Sequence[int], shape: Sequence[int]) -> bool:
    return len(index) == len(shape) and all(map(operator.lt, index, shape))
