"""Two norms of the model compared: how what enters and what leaves them is distributed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.arrays import extent, padded
from explorer.charts.parts.histograms import histogram_panel
from explorer.charts.parts.labels import counted
from explorer.charts.parts.scales import Scale, bend_of, edges_between
from explorer.data import layers
from explorer.panels import Frame, Panel
from explorer.views.lessons.norms import gain_and_shift
from explorer.views.normalization.for_engineers.part import Part, norm_sites
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of
from model_core.normalization import bin_shares

BINS = 40


def compare(moment: Moment, sentence: Sentence, _per_step: bool) -> Part:
    """Histograms of two chosen norms, before and after; a bin means the same at every step."""
    names, config = norm_sites(moment), moment.run.model_config
    with st.container(horizontal=True):
        chosen = (
            one_of(
                st.selectbox,
                "normalization.first",
                "One norm",
                names,
                label_visibility="collapsed",
            ),
            one_of(
                st.selectbox,
                "normalization.second",
                "Another norm",
                names[::-1],
                label_visibility="collapsed",
            ),
        )
    seen = {name: layers.norm(moment, sentence.ids, name) for name in chosen}
    titles = {"in": "Before the norm", "out": f"After it and its {gain_and_shift(config.norm)}"}
    panels = [
        _histogram({name: one[side] for name, one in seen.items()}, side, title)
        for side, title in titles.items()
    ]
    tokens = counted(len(sentence.ids), "token")
    over = f"all {tokens} of your sentence × {config.n_embd} channels"
    return Part(
        panels,
        f"Histograms, means and standard deviations are over {over} at one norm.",
        lambda at: {f"Over {over}": _table(seen, at)},
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
        Frame(f"histogram-{side}", title, height=500),
        Scale("activation", bend=bend),
    )


def _table(seen: Mapping[str, Mapping[str, np.ndarray]], at: int) -> pd.DataFrame:
    """Mean and standard deviation of all T·C numbers before and after each norm."""
    rows = []
    for name, sides in seen.items():
        row: dict[str, object] = {"norm": name}
        for side, label in (("in", "before"), ("out", "after")):
            numbers = sides[side][at].astype(np.float64)  # squares leave float32 sooner
            row |= {f"mean {label}": numbers.mean(), f"std {label}": numbers.std()}
        rows.append(row)
    return pd.DataFrame(rows)
