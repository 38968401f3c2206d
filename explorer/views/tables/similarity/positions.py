"""Positions: similarity by distance, and waves, beside sinusoids and random numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.similarity import cosines_panel, profile_panel
from explorer.charts.parts.rows import Rows
from explorer.data import similarity
from explorer.data.similarity import PAIRED, Waves
from explorer.panels import AnyPanel, Frame
from explorer.views.tables.similarity.part import Part
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.moment import Moment
from explorer.visit.rows import position_rows
from model_core.embeddings.similarity import by_distance, random_spectrum, sinusoids, spectrum

SINUSOIDS, RANDOM = "sinusoids (Vaswani et al. 2017)", "random numbers"
SLOW = 2  # turns over the block, at most, of a slow wave


FORMULA = (
    r"P_{2i}(t) = \sin\frac{t}{10000^{2i/C}}, \quad P_{2i+1}(t) = \cos\frac{t}{10000^{2i/C}}, "
    r"\qquad \mathrm{share}_k \propto \sum_c \Big\lvert \sum_t P_c(t)\, e^{-2\pi i k t/T} "
    r"\Big\rvert^2"
)
WORDS = (
    "**By distance**: the mean cosine of all pairs of positions so far apart. **Waves**: each "
    "channel as a sum of waves over the positions (Fourier), squares summed over channels; 0 "
    "turns is what all positions share. Sinusoids are not learned: they are drawn as the "
    "reference for what a table of positions can be. Random numbers have every wave alike."
)


def part(moment: Moment) -> Part:
    found = similarity.waves(moment)
    count, channels = moment.run.model_config.block_size, moment.run.model_config.n_embd
    fixed = sinusoids(count, channels)[None]
    panels: list[AnyPanel] = [_heatmap(moment, count)]
    if count > 1:
        panels.append(_by_distance(moment, found, fixed))
    panels.append(_waves(moment, found, fixed))

    def told(settled: Moment) -> None:
        with drawer():
            _numbers(settled, found)

    return Part(
        panels,
        told,
        FORMULA,
        WORDS,
        "similarity.by_distance, similarity.spectrum, similarity.sinusoids",
    )


def _heatmap(moment: Moment, count: int) -> AnyPanel:
    pairs = min(count, PAIRED)
    values = similarity.cosines(moment, "positions", tuple(range(pairs)))
    some = f"first {pairs} of {count:,}" if pairs < count else str(count)
    title = f"Cosines of the {some} positions, in their order"
    return cosines_panel(values, _rows(moment, pairs), Frame("cosines", title, 5, 520, rows=2))


def _by_distance(moment: Moment, found: Waves, fixed: np.ndarray) -> AnyPanel:
    """Beside that of sinusoids (1, T, C)."""
    pairs = found.by_distance.shape[1] + 1
    beside = {SINUSOIDS: by_distance(fixed[:, :pairs])[0], RANDOM: np.zeros(pairs - 1)}
    return profile_panel(
        np.arange(1, pairs),
        found.by_distance,
        beside,
        Frame("by-distance", _near(moment, found), 7, 264),
        ("positions apart", "mean cosine"),
    )


def _waves(moment: Moment, found: Waves, fixed: np.ndarray) -> AnyPanel:
    """Beside those of sinusoids (1, T, C)."""
    count = fixed.shape[1]
    return profile_panel(
        np.arange(count // 2 + 1),
        found.spectrum,
        {SINUSOIDS: spectrum(fixed)[0], RANDOM: random_spectrum(count)},
        Frame("waves", _slow(moment, found), 7, 264),
        (f"turns over the {count} positions", "share of the table"),
    )


def _numbers(settled: Moment, found: Waves) -> None:
    left, right = st.columns(2)
    far, wave = found.by_distance[settled.at], found.spectrum[settled.at]
    with left:
        apart = np.arange(1, len(far) + 1)
        table = pd.DataFrame({"positions apart": apart, "mean cosine": far})
        numbers(table, "By distance", file_of(settled, "by-distance"), height=260)
    with right:
        table = pd.DataFrame({"turns": np.arange(len(wave)), "share": wave})
        numbers(table, "Waves", file_of(settled, "waves"), height=260)


def _rows(moment: Moment, count: int) -> Rows:
    """The first positions; the chosen one is the query, where it is one of them."""
    rows = position_rows(moment)
    chosen = rows.chosen if rows.chosen is not None and rows.chosen < count else None
    return replace(rows, labels=rows.labels[:count], chosen=chosen)


def _near(moment: Moment, found: Waves) -> str:
    last = found.by_distance[-1]
    if not np.isfinite(last[0]):
        return "No two positions can be compared"
    middle = len(last) // 2
    far = "" if len(last) < 3 else f", {middle + 1} apart {last[middle]:.2f}"
    return (
        f"Side by side, positions have a cosine of {last[0]:.2f}{far} (step {moment.steps[-1]:,})"
    )


def _slow(moment: Moment, found: Waves) -> str:
    last, count = found.spectrum[-1, : SLOW + 1].sum(), moment.run.model_config.block_size
    if not np.isfinite(last):
        return "Waves: no numbers to add up"
    chance = random_spectrum(count)[: SLOW + 1].sum()
    return (
        f"Slow waves, up to {SLOW} turns, are {last:.0%} of the table at step "
        f"{moment.steps[-1]:,}; of random numbers {chance:.0%}"
    )
