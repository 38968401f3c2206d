"""What the models of a run make of a batch and of the same batch changed: bounded caches."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import streamlit as st
from torch import Tensor

from explorer.data.cache import cached, settled
from explorer.data.losses import windows
from explorer.visit.moment import Moment, evenly
from model_core.config import ModelConfig
from model_core.normalization import (
    CASES,
    BatchStatistics,
    batch_statistics,
    distances,
    filling_windows,
    leaks,
    relative,
    with_running_averages,
)
from model_core.runs import Run

WORK = 5e10  # multiplications that a reader waits for, about two seconds
FEWEST = 16  # steps shown, however long they take
A_LAYER = 2e8  # what a layer costs beside its multiplications, counted as such
AGAIN = WORK / 2  # at every step where a reader settles
REPEATS = (2, 8)  # batches drawn of each size: at least, at most
SIZES = tuple(2**power for power in range(7))  # sentences in a batch


@dataclass(frozen=True)
class Batch:
    """A batch `idx` (B, T), the typed sentence first, and the same batch `changed`.

    Measured on the sentence's first `upto` tokens. `others` (B, block_size) are windows of the
    validation text that fill a batch of that size, `held_back` (N, block_size) those that running
    averages are computed from where a run has none. `key` names all of it.
    """

    idx: Tensor
    changed: Tensor
    upto: int
    others: Tensor
    held_back: Tensor

    @property
    def key(self) -> str:
        tensors = [self.idx, self.changed, self.others, self.held_back]
        parts = [str(part.shape).encode() + part.numpy().tobytes() for part in tensors]
        return sha256(f"{self.upto}".encode() + b"".join(parts)).hexdigest()


class Drawn(NamedTuple):
    """Sizes of the batches compared, ascending, and how many are drawn of each."""

    sizes: tuple[int, ...]
    repeats: int


class Seen(NamedTuple):
    """At S steps: what moved in each of N CASES at K sites, and batch statistics.

    `largest` (S, N, K): over channels and tokens. `spread` (S, N, K): the standard deviation of the
    activations. `tokens` (S, N, K, upto): of each token, in standard deviations of the site.
    `statistics` (S, norms, C) each, of the other windows.
    """

    largest: np.ndarray
    spread: np.ndarray
    tokens: np.ndarray
    statistics: BatchStatistics

    @property
    def relative(self) -> np.ndarray:
        """`largest` in standard deviations of the site: (S, N, K); 0 where nothing moved."""
        return relative(self.largest, self.spread)


@cached(4)
def pool(moment: Moment) -> Tensor:
    """The windows that a batch is filled with: (B, block_size). ValueError without its text."""
    return filling_windows(moment.run, SIZES[-1])


def bounded(moment: Moment, batch: Batch) -> Moment:
    """As many steps as can be read in about two seconds; the view says if they are not all."""
    tokens = 10 * batch.idx.numel() + batch.held_back.numel() + batch.others.numel()
    config = moment.run.model_config
    work = tokens * _multiplications(config) + (config.n_layer + 1) * A_LAYER
    return evenly(moment, max(int(WORK / work), FEWEST))


def seen(moment: Moment, batch: Batch) -> Seen:
    """What the models of the steps shown make of the batch before and after the change."""
    key, run = batch.key, moment.run
    with st.spinner("Reading both batches with every norm …"):
        each = [_seen(run, int(step), key, batch) for step in moment.steps]
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


def distances_at(moment: Moment) -> np.ndarray:
    """How far off the batches `drawn` are at the settled step: (sizes, norms)."""
    return _distances(moment, drawn(moment.run.model_config))


def _multiplications(config: ModelConfig) -> int:
    """Of one token, those in attention's softmax left out."""
    return config.n_embd * (12 * config.n_layer * config.n_embd + config.vocab_size)


@cached(512)
def _seen(run: Run, step: int, key: str, _batch: Batch) -> Seen:
    """Of one step, without the first axis; `key` is that of the batch."""
    model = run.model_at(step)
    settled = with_running_averages(model, _batch.held_back)
    found = leaks(model, settled, _batch.idx, _batch.changed, upto=_batch.upto)
    return Seen(
        np.stack([found[case].moved.max(1) for case in CASES]),
        np.stack([found[case].spread for case in CASES]),
        np.stack([relative(found[case].moved, found[case].spread[:, None]) for case in CASES]),
        batch_statistics(settled, _batch.others),
    )


@cached(64, settled, spinner="Reading batches of all sizes …")
def _distances(moment: Moment, of: Drawn) -> np.ndarray:
    held_back = windows(moment)
    model = with_running_averages(moment.run.model_at(moment.step), held_back)
    return distances(model, held_back, of.sizes, of.repeats)
