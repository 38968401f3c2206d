"""The numbers of the settled step as tables, with torch's own module beside them."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from explorer.views.normalization.what_it_does.arithmetic import OneNumber
from explorer.views.normalization.what_it_does.batch import Block
from explorer.visit.export import digits, file_of, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from model_core.normalization import by_reference, normalized_members
from model_core.norms import LEARNED, NORMS

HEAD = 200  # numbers in the table; the CSV has all


def result(moment: Moment, block: Block, number: OneNumber) -> None:
    """The statistics at the settled step, and torch's own module beside them."""
    at, way = moment.at, number.way
    theirs = by_torch(block, at)[block.cell]
    with np.errstate(invalid="ignore"):  # of a diverged model
        difference = abs(way.result[at] - theirs)
    norm = NORMS[block.kind]
    spread = "variance" if norm.centres else "mean square"
    statistics = {"mean": [way.mean[at]], spread: [way.variance[at]]}
    table = pd.DataFrame(
        {
            "before the norm": [number.x[at]],
            "numbers that share": [way.numbers],
            **(statistics if norm.pools else {}),
            "before gain and shift": [way.normalized[at]],
            "after gain and shift": [way.result[at]],
            "torch's module": [theirs],
            "difference": [difference],
        }
    )
    st.markdown(f"**Step {moment.step:,}**, " + plain(block.cell_name))
    numbers(
        table,
        "The number",
        file_of(moment, "number"),
        placeholder="NaN",
        column_config=digits(["difference"], "%.1e"),
    )


def members(moment: Moment, block: Block) -> None:
    """The numbers that share, at the settled step."""
    names = list(block.sentences)
    cells = np.argwhere(block.members)
    learned = {name: values[moment.at] for name, values in block.learned.items()}
    steps = normalized_members(block.kind, block.numbers[moment.at], block.members, learned)
    table = pd.DataFrame(
        {
            "sentence": [names[b] for b, _, _ in cells],
            "position": cells[:, 1],
            "token": [block.sentences[names[b]][t] for b, t, _ in cells],
            "channel": cells[:, 2],
            "before the norm": steps["before"],
            "normalized": steps["normalized"],
            "after gain and shift": steps["result"],
            "torch's module": by_torch(block, moment.at)[block.members],
        }
    )
    count = f"{len(table):,}"
    shown = count if len(table) <= HEAD else f"the first {HEAD} of {count}"
    st.markdown(f"**The numbers that share**: {shown}")
    numbers(table.head(HEAD), "Numbers", file_of(moment, "shared"), csv=lambda: table)


def by_torch(block: Block, at: int) -> np.ndarray:
    """What torch's module in training mode makes of the block at one step: (B, T, C)."""
    x = block.numbers[at]
    if not NORMS[block.kind].exists:
        return x
    learned: dict[str, Any] = {
        name: values[at] if LEARNED[name].per_channel else values[at, :1]
        for name, values in block.learned.items()
    }
    tokens = x.reshape(-1, x.shape[-1])
    return by_reference(block.kind, tokens, **learned).reshape(x.shape)
