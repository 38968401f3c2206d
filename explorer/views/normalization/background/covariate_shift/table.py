"""The numbers of a layer's inputs as a table, at the settled step and at all."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from explorer.data.layer_inputs import AlignedSpread
from explorer.visit.export import File, numbers
from explorer.visit.moment import Moment
from model_core.normalization import QUANTILES


def table(moment: Moment, shown: Sequence[AlignedSpread]) -> None:
    """The settled step's numbers, and those of all steps to take away."""
    st.markdown(
        f"**At step {moment.step:,}**, over the tokens of the sentence; moved since "
        f"step {moment.steps[0]:,}, in standard deviations of that step"
    )
    numbers(
        _rows(shown, [moment.at]),
        "All steps",
        File(moment.run.name, "inputs", None),
        csv=lambda: _rows(shown, range(len(moment.steps))),
    )


def _rows(shown: Sequence[AlignedSpread], steps: Iterable[int]) -> pd.DataFrame:
    """For each of these steps one row a distribution, with the step that is its own."""
    return pd.DataFrame([_row(one, at) for at in steps for one in shown])


def _row(one: AlignedSpread, at: int) -> dict[str, object]:
    index, channels = one.indices[at], one.relative("channel_shift")[at]
    levels = zip(QUANTILES, one.of("quantiles")[at], strict=True)
    row: dict[str, object] = {
        "numbers": one.name,
        "step": int(one.steps[index]) if index >= 0 else None,
        "mean": one.of("mean")[at],
        "std": one.of("std")[at],
        **{f"{100 * level:g}%": value for level, value in levels},
        "moved": one.relative("shift")[at],
        "moved, as values": one.of("shift")[at],
        "moved each step": one.relative("rate")[at],
    }
    if len(channels) > 1:
        known = np.isfinite(channels).all()
        row["each channel moved, mean"] = channels.mean()
        row["most moved channel"] = int(channels.argmax()) if known else None
        row["it moved"] = channels.max()
    return row
