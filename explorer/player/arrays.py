"""The arrays of a payload, each at an offset where a browser reads it without copying."""

from typing import Any

import numpy as np

ALIGNMENT = 8  # bytes: a browser's Float64Array must start at a multiple of eight


class Arrays:
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
