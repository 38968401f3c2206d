"""Turns panels and their timeline into one block of bytes that a browser reads without copying."""

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from explorer.panels import Mosaic, Panel, Timeline, Words

ALIGNMENT = 8  # bytes: a browser's Float64Array must start at a multiple of eight
PATH = re.compile(r"(layout|\d{1,4})((?:\.[A-Za-z][A-Za-z0-9_]*(?:\[\d{1,4}\])*)+)")
# A path is walked and written to in the browser: these names would reach beyond the figure.
FORBIDDEN = {"constructor", "prototype"}


class _Arrays:
    """Collects the arrays of a payload; each gets a number that the header refers to.

    An array that several panels draw is sent once.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.chunks: list[bytes] = []
        self._size = 0
        # By id, which names an array only while it lives: so each is held here.
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


def encode(panels: Sequence[Panel | Mosaic | Words], timeline: Timeline) -> bytes:
    """The payload of a step clock: uint32 header length (little endian), JSON header, arrays.

    The arrays start at the first multiple of eight bytes after the header, and each at a multiple
    of eight from there. The same panels and timeline give the same bytes.
    Raises ValueError when an array does not fit the timeline or cannot be drawn.
    """
    check_timeline(timeline)
    check_keys(panels)
    arrays = _Arrays()
    steps = len(timeline.steps)
    header = {
        "timeline": {
            "steps": arrays.add(np.asarray(timeline.steps, np.float64)),
            "epochs": arrays.add(np.asarray(timeline.epochs, np.float64)),
            "losses": arrays.add(np.asarray(timeline.losses, np.float64)),
            "trust": _optional(arrays, timeline.trust),
            "ticks": [{"step": int(t.step), "label": str(t.label)} for t in timeline.ticks],
        },
        "panels": [_describe(panel, steps, arrays) for panel in panels],
    }
    header["arrays"] = arrays.entries
    text = json.dumps(header, allow_nan=False).encode("ascii")
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    return b"".join([len(text).to_bytes(4, "little"), text, *arrays.chunks])


def check_timeline(timeline: Timeline) -> None:
    """Raises ValueError unless all arrays are equally long, steps ascend and trust is a share."""
    steps = np.asarray(timeline.steps)
    if steps.ndim != 1 or len(steps) == 0:
        raise ValueError(f"a timeline needs at least one recorded step, got shape {steps.shape}")
    if (np.diff(steps) <= 0).any():
        raise ValueError("recorded steps must ascend without repetition")
    for name in ("epochs", "losses", "trust"):
        values = getattr(timeline, name)
        if values is not None and np.shape(values) != steps.shape:
            raise ValueError(f"{name} {np.shape(values)} do not fit {len(steps)} recorded steps")
    if timeline.trust is not None:
        check_trust(np.asarray(timeline.trust, np.float64))


def check_trust(trust: np.ndarray) -> None:
    """Raises ValueError when a known value of trust (S,) is outside [0, 1]."""
    outside = trust[~np.isnan(trust) & ~((trust >= 0) & (trust <= 1))]
    if len(outside):
        raise ValueError(f"trust must be in [0, 1] or NaN for unknown, got {outside[0]:g}")


def check_keys(panels: Sequence[Panel | Mosaic | Words]) -> None:
    """Raises ValueError when two panels have the same key: a Pick could not tell them apart."""
    keys = [panel.key for panel in panels]
    doubles = sorted({key for key in keys if keys.count(key) > 1})
    if doubles:
        raise ValueError(f"panel keys must differ, got {doubles[0]!r} twice")


def _describe(panel: Panel | Mosaic | Words, steps: int, arrays: _Arrays) -> dict[str, Any]:
    """The header's entry of one panel; its arrays are added to `arrays`."""
    common = {
        "key": panel.key,
        "title": panel.title,
        "alt": panel.alt,
        "span": panel.span,
        "rows": panel.rows if isinstance(panel, Panel) else 1,
        "height": panel.height,
    }
    if not 1 <= panel.span <= 12:
        raise ValueError(f"panel {panel.key!r}: span must be in [1, 12], got {panel.span}")
    if isinstance(panel, Words):
        if len(panel.texts) != steps:
            raise ValueError(
                f"panel {panel.key!r}: {len(panel.texts)} texts for {steps} recorded steps"
            )
        return common | {"kind": "words", "texts": [str(text) for text in panel.texts]}
    if isinstance(panel, Mosaic):
        check_mosaic(panel, steps)
        where = [int(number) for number in panel.selected]
        return common | {"kind": "mosaic", "array": arrays.add(panel.weights), "selected": where}
    moving = [
        {"path": path, "array": arrays.add(check_moving(panel, path, array, steps))}
        for path, array in panel.moving.items()
    ]
    return common | {
        "kind": "plot",
        "figure": figure_json(panel.figure),
        "moving": moving,
        "pickable": panel.pickable,
        "lasso": panel.lasso,
        "declutter": panel.declutter,
    }


def _optional(arrays: _Arrays, values: np.ndarray | None) -> int | None:
    return None if values is None else arrays.add(np.asarray(values, np.float64))


def check_moving(panel: Panel, path: str, array: np.ndarray, steps: int) -> np.ndarray:
    """The array, or ValueError if it is not something that moves with the step."""
    where = f"panel {panel.key!r}, {path!r}"
    match = PATH.fullmatch(path)
    if match is None or FORBIDDEN & set(re.split(r"[.\[\]]", path)):
        raise ValueError(f"{where}: write '<trace>.<attribute>' or 'layout.<attribute>'")
    if match[1] != "layout" and int(match[1]) >= len(panel.figure.data):
        raise ValueError(f"{where}: the figure has {len(panel.figure.data)} traces")
    if array.dtype not in (np.float32, np.uint8):
        raise ValueError(f"{where}: must be float32 or uint8, got {array.dtype}")
    if not 1 <= array.ndim <= 3 or len(array) != steps:
        raise ValueError(f"{where}: shape {array.shape} does not fit {steps} recorded steps")
    return array


def check_mosaic(panel: Mosaic, steps: int) -> None:
    """Raises ValueError unless weights are (S, L, H, T, T) uint8 and `selected` is one of them."""
    weights = panel.weights
    if weights.dtype != np.uint8:
        raise ValueError(f"panel {panel.key!r}: weights must be uint8, got {weights.dtype}")
    shape = weights.shape
    if weights.ndim != 5 or shape[0] != steps or shape[3] != shape[4] or 0 in shape:
        raise ValueError(
            f"panel {panel.key!r}: weights {shape} must be ({steps}, layers, heads, time, time)"
        )
    layer, head = panel.selected
    if not (0 <= layer < shape[1] and 0 <= head < shape[2]):
        raise ValueError(f"panel {panel.key!r}: no head {panel.selected} in {shape[1:3]}")


def figure_json(figure: go.Figure) -> str:
    """The figure as JSON without its template: axes, grid and fonts follow the page's theme."""
    plain = figure.to_dict()
    plain.get("layout", {}).pop("template", None)
    return json.dumps(plain, cls=PlotlyJSONEncoder)
