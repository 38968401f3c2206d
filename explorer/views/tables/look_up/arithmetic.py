"""The chosen position's look-up, written out with its numbers."""

import numpy as np

from explorer.views.tables.look_up.rows import LookedUp

WIDE = 5  # channels in a line


def written_out(found: LookedUp, label: str, id_: int) -> list[str]:
    """Token row, position row and sum of the chosen position, a text a step."""
    rows = {f"row {id_}": found.of_tokens[:, found.chosen]}
    if found.of_positions is not None:
        rows[f"+ row {found.at}"] = found.of_positions[:, found.chosen]
    rows["= sum"] = found.entering[:, found.chosen]
    opening = f"'{label}' at position {found.at} has id {id_}"
    return [
        "\n".join([opening, *_lines({name: values[step] for name, values in rows.items()})])
        for step in range(len(found.tokens))
    ]


def _lines(rows: dict[str, np.ndarray]) -> list[str]:
    """The rows (C,) below each other, WIDE channels at a time."""
    channels = len(rows["= sum"])
    wide = max(len("channel"), *map(len, rows))
    lines = []
    for first in range(0, channels, WIDE):
        some = range(first, min(first + WIDE, channels))
        lines.append("channel".ljust(wide) + "".join(f"{channel:>9}" for channel in some))
        for name, values in rows.items():
            numbers = (f"{values[channel]:9.4f}".replace("-", "−") for channel in some)
            lines.append(name.ljust(wide) + "".join(numbers))
    return lines
