"""The chosen position's look-up, written out with its numbers."""

from collections.abc import Sequence

import numpy as np

from explorer.panels import Frame, Words
from explorer.views.tables.look_up.rows import LookedUp

CHANNEL = "channel"


def written_out(found: LookedUp, id_: int, frame: Frame) -> Words:
    """Token row, position row and sum of the chosen position, all channels, at each step."""
    rows = {f"row {id_}": found.of_tokens}
    if found.of_positions is not None:
        rows[f"+ row {found.at}"] = found.of_positions
    rows["= sum"] = found.entering
    cells = {name: _cells(values[:, found.chosen]) for name, values in rows.items()}
    wide = max(map(len, [CHANNEL, *cells]))
    cell = 1 + max(len(one) for steps in cells.values() for line in steps for one in line)
    channels = [str(channel) for channel in range(found.entering.shape[2])]
    texts = []
    for step in range(len(found.tokens)):
        lines = {CHANNEL: channels} | {name: steps[step] for name, steps in cells.items()}
        texts.append("\n".join(_line(name.ljust(wide), one, cell) for name, one in lines.items()))
    words = "The row of the token, the row of the position and their sum, at each step."
    return Words(frame, texts, alt=words, table=(wide, cell))


def _cells(values: np.ndarray) -> list[list[str]]:
    """The numbers (S, C) as they are written."""
    return [[f"{value:.4f}".replace("-", "−") for value in step] for step in values]


def _line(name: str, cells: Sequence[str], cell: int) -> str:
    return name + "".join(one.rjust(cell) for one in cells)
