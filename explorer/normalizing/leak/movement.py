"""What the models of a run make of a batch and of the same batch changed: bounded caches."""

from typing import NamedTuple

import numpy as np
import streamlit as st
from torch import Tensor

from explorer import readings
from explorer.cache import identity
from explorer.look import Look, evenly
from explorer.normalizing.leak.changes import SIZES, Batch
from model_core.config import ModelConfig
from model_core.normalization import (
    CASES,
    TRAINING,
    BatchStatistics,
    batch_statistics,
    distances,
    leaks,
    relative,
    with_running_averages,
)
from model_core.runs import Run

WORK = 5e10  # multiplications that a reader waits for, about two seconds
FEWEST = 16  # steps shown, however long they take
A_LAYER = 2e8  # what a layer costs beside its multiplications, told in them
AGAIN = WORK / 2  # at every step where a reader settles
REPEATS = (2, 8)  # batches drawn of each size: at least, at most


class Drawn(NamedTuple):
    """Sizes of the batches compared, ascending, and how many are drawn of each."""

    sizes: tuple[int, ...]
    repeats: int


class Seen(NamedTuple):
    """At S steps: what moved in each of the five CASES at K places, and batch statistics.

    `largest` (S, 5, K): over channels and tokens. `spread` (S, 5, K): the standard deviation of
    what stands there. `tokens` (S, K, upto): of each token under batch norm in training mode, in
    standard deviations of the place. `statistics` (S, norms, C) each, of the other windows.
    """

    largest: np.ndarray
    spread: np.ndarray
    tokens: np.ndarray
    statistics: BatchStatistics

    @property
    def relative(self) -> np.ndarray:
        """`largest` in standard deviations of the place: (S, 5, K); 0 where nothing moved."""
        return relative(self.largest, self.spread)


def bounded(look: Look, batch: Batch) -> Look:
    """As many steps as can be read while somebody waits; the view says when they are not all."""
    tokens = 10 * batch.idx.numel() + batch.held_back.numel() + batch.others.numel()
    config = look.run.model_config
    work = tokens * _multiplications(config) + (config.n_layer + 1) * A_LAYER
    return evenly(look, max(int(WORK / work), FEWEST))


def seen(look: Look, batch: Batch) -> Seen:
    """What the models of the steps shown make of the batch before and after the change."""
    key, of_run = batch.key, identity(look.run)
    with st.spinner("Reading both batches with every norm …"):
        each = [_seen(of_run, int(step), key, look.run, batch) for step in look.steps]
    parts = [np.stack(part) for part in list(zip(*each, strict=True))[:3]]
    statistics = [np.stack(part) for part in zip(*(one.statistics for one in each), strict=True)]
    return Seen(parts[0], parts[1], parts[2], BatchStatistics(*statistics))


def drawn(config: ModelConfig) -> Drawn:
    """As many batches as can be read again at every step: first fewer of each, then none so large.

    Two sizes are always compared; one token alone, which has no variance, never.
    """
    fewest, most = REPEATS
    windows = AGAIN / (config.block_size * _multiplications(config))
    sizes = SIZES if config.block_size > 1 else SIZES[1:]
    while len(sizes) > 2 and fewest * sum(sizes) > windows:
        sizes = sizes[:-1]
    return Drawn(sizes, min(max(int(windows / sum(sizes)), fewest), most))


def distances_at(look: Look) -> np.ndarray:
    """How far off the batches `drawn` are at the settled step: (sizes, norms)."""
    of, windows = drawn(look.run.model_config), readings.windows(look)
    return _distances(identity(look.run), look.step, of, look.run, windows)


def _multiplications(config: ModelConfig) -> int:
    """Of one token, those in attention's softmax left out."""
    return config.n_embd * (12 * config.n_layer * config.n_embd + config.vocab_size)


@st.cache_resource(max_entries=512, show_spinner=False)
def _seen(of_run: str, step: int, batch_key: str, _run: Run, _batch: Batch) -> Seen:
    """Of one step, without the first axis."""
    model = _run.model_at(step)
    settled = with_running_averages(model, _batch.held_back)
    found = leaks(model, settled, _batch.idx, _batch.changed, upto=_batch.upto)
    return Seen(
        np.stack([found[case].moved.max(1) for case in CASES]),
        np.stack([found[case].spread for case in CASES]),
        relative(found[TRAINING].moved, found[TRAINING].spread[:, None]),
        batch_statistics(settled, _batch.others),
    )


@st.cache_resource(max_entries=64, show_spinner="Reading batches of all sizes …")
def _distances(of_run: str, step: int, of: Drawn, _run: Run, _windows: Tensor) -> np.ndarray:
    model = with_running_averages(_run.model_at(step), _windows)
    return distances(model, _windows, of.sizes, of.repeats)
