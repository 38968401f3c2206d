"""What a browser tells, believed only where it can be true: a browser can send anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.panels import AnyPanel, Mosaic, Panel, Text, Timeline


@dataclass(frozen=True)
class Pick:
    """What the reader clicked in the panel of this key; `Panel.picks` is applied already."""

    panel: str
    index: tuple[int, ...]  # (point,) | (row, column) | (layer, head) | (position,)


@dataclass(frozen=True)
class Selection:
    """What the reader's lasso or box held in the panel of this key; () when nothing.

    `rows` ascend by point number, without repetition; `Panel.picks` is applied already.
    """

    panel: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """A settled step as the browser tells it; `move` differs from that of every other report."""

    step: int
    move: int


def read_report(value: Any, timeline: Timeline) -> Report | None:
    """The browser's report if it names a recorded step, else None."""
    if not isinstance(value, Mapping):
        return None
    step, move = value.get("step"), value.get("move")
    if type(step) is not int or type(move) is not int or not np.isin(step, timeline.steps):
        return None
    return Report(step, move)


def read_pick(value: Any, panels: Sequence[AnyPanel]) -> Pick | None:
    """The browser's pick if it names a panel and one or two counts from zero, else None."""
    if not isinstance(value, Mapping):
        return None
    panel, index = _named(value, panels), value.get("index")
    if panel is None or not isinstance(index, list) or not 1 <= len(index) <= 2:
        return None
    if not all(_is_count(number) for number in index):
        return None
    if isinstance(panel, Mosaic) and not _is_head(panel, index):
        return None
    if isinstance(panel, Text) and not (len(index) == 1 and index[0] < len(panel.labels)):
        return None
    if not isinstance(panel, Panel) or panel.picks is None:
        return Pick(panel.key, tuple(index))
    if index[0] >= len(panel.picks):
        return None
    return Pick(panel.key, (panel.picks[index[0]], *index[1:]))


def read_selection(value: Any, panels: Sequence[AnyPanel]) -> Selection | None:
    """The browser's selection if it names points of a panel that has a lasso, else None."""
    if not isinstance(value, Mapping):
        return None
    panel, rows = _named(value, panels), value.get("rows")
    if not isinstance(panel, Panel) or not panel.lasso or not isinstance(rows, list):
        return None
    points = _points(panel)
    if len(rows) > points or not all(_is_count(row) and row < points for row in rows):
        return None
    chosen = sorted(set(rows))
    return Selection(panel.key, tuple(panel.picks[r] if panel.picks else r for r in chosen))


def _named(value: Mapping[str, Any], panels: Sequence[AnyPanel]) -> AnyPanel | None:
    return next((panel for panel in panels if panel.key == value.get("panel")), None)


def _is_count(number: Any) -> bool:
    return type(number) is int and number >= 0


def _is_head(panel: Mosaic, index: list[int]) -> bool:
    layers, heads = panel.weights.shape[1:3]
    return len(index) == 2 and index[0] < layers and index[1] < heads


def _points(panel: Panel) -> int:
    """How many points can be selected: those of `picks`, or of the longest trace."""
    if panel.picks is not None:
        return len(panel.picks)
    return max((len(trace.x) for trace in panel.figure.data if trace.x is not None), default=0)
