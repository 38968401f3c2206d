"""Encodes panels and their timeline as one block of bytes that a browser reads without copying."""

import json
from collections.abc import Sequence

import numpy as np

from explorer.panels import AnyPanel
from explorer.player.arrays import ALIGNMENT, Arrays
from explorer.player.checks import check_keys, check_timeline
from explorer.player.entries import entry
from explorer.timeline import Timeline


def encode(panels: Sequence[AnyPanel], timeline: Timeline, *, alone: bool = False) -> bytes:
    """The payload of a step clock: uint32 header length (little endian), JSON header, arrays.

    The arrays start at the first multiple of eight bytes after the header, and each at a multiple
    of eight from there. Equal panels and timelines give equal bytes.
    Panels that are `alone` have one step instead of all, but for Words and Letters.
    Raises ValueError when an array does not fit the timeline or cannot be drawn.
    """
    check_timeline(timeline)
    check_keys(panels)
    arrays = Arrays()
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
        "panels": [entry(panel, steps, len(timeline.steps), arrays) for panel in panels],
    }
    header["arrays"] = arrays.entries
    text = json.dumps(header, allow_nan=False).encode("ascii")
    text += b" " * (-(4 + len(text)) % ALIGNMENT)
    return b"".join([len(text).to_bytes(4, "little"), text, *arrays.chunks])


def _optional(arrays: Arrays, values: np.ndarray | None) -> int | None:
    return None if values is None else arrays.add(np.asarray(values, np.float64))
