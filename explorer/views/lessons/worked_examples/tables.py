"""A step's numbers as a table that highlights those which share a statistic."""

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from explorer.charts.parts import theme
from explorer.views.lessons.worked_examples.formulas import EACH, Followed, as_text

READABLE = "font-size: 1.15rem;"  # from the last row
SHARED = theme.with_opacity(theme.CATEGORIES[0], 0.22)
CHOSEN = theme.with_opacity(theme.CHOSEN, 0.4)


def frame(cell: Followed, name: str, samples: list[str], features: list[str]) -> pd.DataFrame:
    """The numbers of one step; a statistic is a row or a column of its own."""
    values = cell.done.steps[name]
    if name in EACH:
        return pd.DataFrame(values, samples, features)
    if cell.done.over_samples:
        return pd.DataFrame(values, [name], features)
    return pd.DataFrame(values, samples, [name])


def styled(cell: Followed, name: str, samples: list[str], features: list[str]) -> Styler:
    """As `frame`, blue where numbers share the chosen cell's statistics, pink the cell itself."""
    table = frame(cell, name, samples, features)
    row, column = min(cell.sample, len(table) - 1), min(cell.feature, table.shape[1] - 1)
    colours = np.full(table.shape, READABLE, dtype=object)
    shared = f"{READABLE} background-color: {SHARED}"
    if cell.done.over_samples:
        colours[:, column] = shared
    elif cell.done.divisor is not None:
        colours[row] = shared
    colours[row, column] = f"{READABLE} background-color: {CHOSEN}; font-weight: 600"
    return table.map(as_text).style.apply(lambda _: colours, axis=None)


def long(cell: Followed, samples: list[str], features: list[str]) -> pd.DataFrame:
    """Every number of every step, a row each; a statistic has an empty sample or feature."""
    parts = []
    for name in cell.done.steps:
        table = frame(cell, name, samples, features).reset_index(names="sample")
        table = table.melt("sample", var_name="feature").assign(step=name)
        if name not in EACH:
            table["sample" if cell.done.over_samples else "feature"] = ""
        parts.append(table)
    return pd.concat(parts)[["step", "sample", "feature", "value"]]
