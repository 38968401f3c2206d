"""Two norms of the model compared: how what enters and what leaves them is distributed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from explorer import readings, session
from explorer.charts.arrays import extent, padded
from explorer.charts.histograms import histogram_panel
from explorer.charts.scales import bend_of, edges_between
from explorer.look import Look, Sentence
from explorer.normalizing.depth import OF_SIDES, Shown
from explorer.panels import Panel
from model_core.normalization import bin_shares, norm_names

BINS = 40


def compare(look: Look, sentence: Sentence, per_step: bool) -> Shown:
    """Histograms of two chosen norms, before and after; a bin means the same at every step."""
    names = norm_names(look.run.model_config.n_layer)
    sides = zip(st.columns(2), ("One norm", "Another norm"), (names, names[::-1]), strict=True)
    chosen = []
    for column, label, offered in sides:
        key = session.offer(label.lower(), offered)
        column.selectbox(label, offered, key=key, **session.KEPT)
        chosen.append(session.choice(key))
    seen = {name: readings.norm(look, sentence.ids, name) for name in chosen}
    panels = [
        _histogram({name: one[side] for name, one in seen.items()}, side, title)
        for side, title in (("in", "Before the norm"), ("out", "After it, behind gain and shift"))
    ]
    numbers = f"{len(sentence.ids)} tokens × {look.run.model_config.n_embd} channels"
    return Shown(
        panels,
        f"Each histogram holds the activations of all {numbers} at one norm. {OF_SIDES}",
        lambda at: [_table({name: (one["in"][at], one["out"][at]) for name, one in seen.items()})],
    )


def _histogram(values: Mapping[str, np.ndarray], side: str, title: str) -> Panel:
    """Of what (S, T, C) a norm takes in or puts out."""
    numbers = {name: array.reshape(len(array), -1) for name, array in values.items()}
    everything = np.stack(list(numbers.values()))
    bend = bend_of(everything)
    edges = edges_between(*padded(*extent(everything)), BINS, bend)
    return histogram_panel(
        {name: bin_shares(array, edges) for name, array in numbers.items()},
        edges,
        key=f"histogram-{side}",
        title=title,
        unit="activation",
        bend=bend,
        height=380,
    )


def _table(values: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Of what enters and leaves (T, C): mean and standard deviation of all numbers."""
    return pd.DataFrame(
        {
            "norm": name,
            "mean before": before.mean(),
            "std before": before.std(),
            "mean after": after.mean(),
            "std after": after.std(),
        }
        for name, (before, after) in values.items()
    )
