"""Encodes panels and their timeline as one block of bytes that a browser reads without copying."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, assert_never

import numpy as np
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from explorer.panels import (
    AnyPanel,
    Events,
    Letters,
    Listing,
    Machine,
    Mosaic,
    Panel,
    Roles,
    Text,
    Words,
    Writings,
)
from explorer.player.checks import (
    check_frame,
    check_keys,
    check_letters,
    check_listing,
    check_machine,
    check_mosaic,
    check_moving,
    check_text,
    check_timeline,
    check_ways,
    check_words,
)
from explorer.timeline import Timeline

ALIGNMENT = 8  # bytes: a browser's Float64Array must start at a multiple of eight


class _Arrays:
    """The arrays of a payload; the header refers to them by number.

    An array that several panels draw is sent once.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.chunks: list[bytes] = []
        self._size = 0
        # By id, which is unique only while the array lives: so each is held here.
        self._known: dict[int, tuple[np.ndarray, int]] = {}

    def add(self, array: np.ndarray) -> int:
        if id(array) not in self._known:
            self._known[id(array)] = array, self._append(array)
        return self._known[id(array)][1]

    def _append(self, array: np.ndarray) -> int:
        data = np.ascontiguousarray(array).tobytes()
        padded = data + bytes(-len(data) % ALIGNMENT)
        entry = {"dtype": array.dtype.name, "shape": array.shape, "offset": self._size}
        self.entries.append(entry)
        self.chunks.append(padded)
        self._size += len(padded)
        return len(self.entries) - 1


def encode(panels: Sequence[AnyPanel], timeline: Timeline, *, alone: bool = False) -> bytes:
    """The payload of a step clock: uint32 header length (little endian), JSON header, arrays.

    The arrays start at the first multiple of eight bytes after the header, and each at a multiple
    of eight from there. Equal panels and timelines give equal bytes.
    Panels that are `alone` have one step instead of all, but for Words and Letters.
    Raises ValueError when an array does not fit the timeline or cannot be drawn.
    """
    check_timeline(timeline)
    check_keys(panels)
    arrays = _Arrays()
    steps = 1 if alone else len(timeline.steps)
    header = {
        "alone": alone,
        "timeline": {
            "steps": arrays.add(np.asarray(timeline.steps, np.float64)),
            "epochs": arrays.add(np.asarray(timeline.epochs, np.float64)),
            "losses": arrays.add(np.asarray(timeline.losses, np.float64)),
            "trust": _optional(arrays, timeline.trust),
            "unit": str(timeline.unit),
            "clock": str(timeline.clock),
            "per": int(timeline.per),
            "ticks": [{"step": int(t.step), "label": str(t.label)} for t in timeline.ticks],
        },
        "panels": [_describe(panel, steps, len(timeline.steps), arrays) for panel in panels],
    }
    header["arrays"] = arrays.entries
    text = json.dumps(header, allow_nan=False).encode("ascii")
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    return b"".join([len(text).to_bytes(4, "little"), text, *arrays.chunks])


def _describe(panel: AnyPanel, steps: int, recorded: int, arrays: _Arrays) -> dict[str, Any]:
    """The header's entry of one panel; its arrays are added to `arrays`."""
    frame = panel.frame
    check_frame(frame, steps)
    common = {
        "key": frame.key,
        "title": frame.title,
        "alt": panel.alt,
        "span": frame.span,
        "rows": frame.rows,
        "height": frame.height,
        "notes": [str(note) for note in frame.notes],
    }
    match panel:
        case Words():
            check_words(panel, recorded)
            return common | _words(panel)
        case Writings():
            check_words(panel, recorded)
            return common | _writings(panel)
        case Mosaic():
            check_mosaic(panel, steps)
            return common | _mosaic(panel, arrays)
        case Machine():
            check_machine(panel, steps)
            return common | _machine(panel, arrays)
        case Letters():
            check_letters(panel, recorded)
            return common | _letters(panel, arrays)
        case Listing():
            check_listing(panel, steps)
            return common | _listing(panel, arrays)
        case Events():
            return common | {"kind": "events"}
        case Text():
            check_text(panel, steps)
            return common | _text(panel, arrays)
        case Panel():
            return common | _plot(panel, steps, arrays)
    assert_never(panel)


def _plot(panel: Panel, steps: int, arrays: _Arrays) -> dict[str, Any]:
    moving = [
        {"path": path, "array": arrays.add(check_moving(panel, path, array, steps)), "way": False}
        for path, array in panel.moving.items()
    ]
    ways = [
        {"path": path, "array": arrays.add(check_ways(panel, path, array, steps)), "way": True}
        for path, array in panel.ways.items()
    ]
    return {
        "kind": "plot",
        "figure": figure_json(panel.figure),
        "moving": moving + ways,
        "pickable": panel.picks is not None,
        "lasso": panel.lasso,
        "declutter": panel.declutter,
    }


def _writings(panel: Writings) -> dict[str, Any]:
    return {
        "kind": "writings",
        "texts": [str(text) for text in panel.texts],
        "steps": [int(step) for step in panel.steps],
    }


def _words(panel: Words) -> dict[str, Any]:
    return {
        "kind": "words",
        "texts": [str(text) for text in panel.texts],
        "faint": [[[int(end) for end in part] for part in parts] for parts in panel.faint],
        "beside": panel.beside,
        "table": panel.table,
    }


def _mosaic(panel: Mosaic, arrays: _Arrays) -> dict[str, Any]:
    return {
        "kind": "mosaic",
        "array": arrays.add(panel.weights),
        "size": int(panel.size),
        "selected": [int(number) for number in panel.selected],
        **_roles(panel.roles, arrays),
    }


def _machine(panel: Machine, arrays: _Arrays) -> dict[str, Any]:
    names = ("rows", "weights", "sizes", "next", "chances", "true")
    return {
        "kind": "machine",
        "arrays": {name: arrays.add(getattr(panel, name)) for name in names},
        "labels": [str(label) for label in panel.labels],
        "names": [str(name) for name in panel.names],
        "following": [int(one) for one in panel.following],
        "unread": {str(position): label for position, label in panel.unread.items()},
        "bounds": [float(end) for end in panel.bounds],
        "position": int(panel.position),
        "vocabulary": int(panel.vocabulary),
        "parameters": [int(count) for count in panel.parameters],
        **_roles(panel.roles, arrays),
    }


def _letters(panel: Letters, arrays: _Arrays) -> dict[str, Any]:
    return {
        "kind": "letters",
        "array": arrays.add(panel.points),
        "labels": [str(label) for label in panel.labels],
        "colours": [str(colour) for colour in panel.colours],
        "chosen": panel.chosen,
    }


def _listing(panel: Listing, arrays: _Arrays) -> dict[str, Any]:
    names = {str(n): picture for n, picture in enumerate(panel.pictures)}
    return {
        "kind": "listing",
        "array": arrays.add(panel.numbers),
        "arrays": {name: arrays.add(picture) for name, picture in names.items()},
        "lines": [asdict(row) for row in panel.rows],
        "headings": list(panel.headings),
        "names": [str(name) for name in panel.names],
        "says": panel.says,
        "lead": int(panel.lead),
        "nothing": panel.nothing,
        "bars": panel.bars,
        "pickable": panel.picks is not None,
    }


def _roles(roles: Roles | None, arrays: _Arrays) -> dict[str, Any]:
    return {
        "roles": arrays.add(roles.numbers) if roles else None,
        "role_names": [str(name) for name in roles.names] if roles else [],
    }


def _text(panel: Text, arrays: _Arrays) -> dict[str, Any]:
    return {
        "kind": "text",
        "array": None if panel.weights is None else arrays.add(panel.weights),
        "beneath": [str(words) for words in panel.beneath],
        "labels": [str(label) for label in panel.labels],
        "says": panel.says,
        "query": int(panel.query),
        "written": [int(position) for position in panel.written],
        "marked": {str(position): colour for position, colour in panel.marked.items()},
        "unread": {str(position): label for position, label in panel.unread.items()},
    }


def _optional(arrays: _Arrays, values: np.ndarray | None) -> int | None:
    return None if values is None else arrays.add(np.asarray(values, np.float64))


def figure_json(figure: go.Figure) -> str:
    """The figure as JSON without its template: axes, grid and fonts follow the page's theme."""
    plain = figure.to_dict()
    plain.get("layout", {}).pop("template", None)
    return json.dumps(plain, cls=PlotlyJSONEncoder)
