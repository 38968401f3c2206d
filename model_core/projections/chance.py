"""The trustworthiness that a map reaches by chance, and what a map's own means beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from model_core.projections.graph import rows_differ
from model_core.projections.trust import neighbours_kept

Verdict = Literal["no better than chance", "poor", "fair", "good"]
SHUFFLES = 5
SPREADS = 2.0  # standard deviations above chance that chance itself seldom reaches
POOR, FAIR = 1 / 3, 2 / 3  # of the way from chance to 1: up to here a map is poor, or fair
EXACT = 0.99  # trustworthiness of a map that keeps its neighbourhoods, whatever chance does


@dataclass(frozen=True)
class Chance:
    """What maps of shuffled tables reach: at `steps` (A,) their `mean` trustworthiness (A,).

    `spread` is the standard deviation over shuffles, pooled over these steps. It was measured when
    the table had `count` steps.
    """

    steps: np.ndarray
    mean: np.ndarray
    spread: float
    count: int

    def at(self, steps: np.ndarray) -> np.ndarray:
        """The mean (S,) at recorded steps (S,), linear between two that were measured by how many
        recorded steps lie between; NaN where none was."""
        if not len(self.steps):
            return np.full(len(steps), np.nan)
        return np.interp(np.arange(len(steps)), np.searchsorted(steps, self.steps), self.mean)


def chance(
    vectors: np.ndarray,
    steps: np.ndarray,
    lay_out: Callable[[Iterator[np.ndarray], np.ndarray], np.ndarray],
    *,
    anchors: int = 3,
    shuffles: int = SHUFFLES,
    rows: np.ndarray | None = None,
) -> Chance:
    """Trustworthiness by chance of a map of vectors (S, N, C) at recorded steps (S,).

    `lay_out` makes maps of K = `shuffles` shuffled tables (S, N, C) by the method that is judged,
    at some indices (A,) of their steps: (K, A, N, D). They are evenly spaced, `anchors` at most,
    where three rows are finite and two differ. `rows` as in `neighbours_kept`.
    """
    many = np.isfinite(vectors).all(2).sum(1) >= 3
    able = np.flatnonzero(many & rows_differ(torch.as_tensor(vectors)).numpy())
    at = able[np.unique(np.linspace(0, len(able) - 1, min(anchors, len(able))).round().astype(int))]
    if not len(at):
        return Chance(steps[at], np.zeros(0), 0.0, len(steps))
    drawn = []

    def tables() -> Iterator[np.ndarray]:  # one at a time: each is as large as the vectors
        for seed in range(shuffles):
            table = shuffled(vectors, seed)
            drawn.append(table[at])
            yield table

    layouts = lay_out(tables(), at)
    found = [neighbours_kept(*one, rows)[0] for one in zip(drawn, layouts, strict=True)]
    spread = float(np.sqrt(np.var(found, axis=0, ddof=1).mean()))
    return Chance(steps[at], np.mean(found, axis=0), spread, len(steps))


def shuffled(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Vectors (S, N, C) with each channel's numbers exchanged among the rows, equally at all steps.

    Every channel keeps its numbers, and what joined several channels of a row is gone. Rows that
    are not finite stay, and take no part at that step.
    """
    keys = np.random.default_rng(seed).random(vectors.shape[1:])
    finite = np.isfinite(vectors).all(2)
    if finite.all():
        return np.take_along_axis(vectors, keys.argsort(0)[None], axis=1)
    table = vectors.copy()
    for step, rows in enumerate(finite):
        table[step, rows] = np.take_along_axis(vectors[step, rows], keys[rows].argsort(0), axis=0)
    return table


def verdict(trust: float, mean: float, spread: float) -> Verdict:
    """What a map's trustworthiness means beside that of chance.

    No better than chance within SPREADS spreads of its mean; else by the share (trust - mean) /
    (1 - mean) of the way to a map that keeps all neighbours: poor up to POOR, fair up to FAIR. From
    EXACT on a map is good, even where chance is as exact: two channels on a plane.
    """
    if trust >= EXACT:
        return "good"
    if trust <= mean + SPREADS * spread:
        return "no better than chance"
    share = (trust - mean) / (1 - mean)
    return "poor" if share <= POOR else "fair" if share <= FAIR else "good"
