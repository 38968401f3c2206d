"""The token tables of several runs on one map."""

from typing import NamedTuple

import numpy as np

from explorer.data.tables import vectors
from explorer.views.compare.choose import Shared
from explorer.visit.moment import labels_of, moment_of, rows_shown
from model_core.embeddings.alignment import overlay, widened
from model_core.runs import Run

LEAST = 3  # tokens that all have
SHUFFLES = 5


class Maps(NamedTuple):
    """Points (S, N, 2) of the N tokens that all runs have, by run; `ids` are the first run's.

    `likeness` of each other run's last table to the first's, as `Overlay` has it; `chance`: the
    same after its rows are exchanged, mean over SHUFFLES. Few tokens in many channels always fit.
    """

    ids: list[int]
    tokens: list[str]
    labels: tuple[str, ...]
    points: dict[str, np.ndarray]
    likeness: dict[str, float]
    chance: dict[str, float]


def maps_of(shared: Shared) -> Maps | None:
    """None where the runs have too few tokens in common, or a last table is not finite."""
    first, *_ = shared.runs.values()
    tokens = [first.tokenizer.tokens[at] for at in rows_shown(first, 200)]
    where = {name: _places(run) for name, run in shared.runs.items()}
    tokens = [token for token in tokens if all(token in places for places in where.values())]
    if len(tokens) < LEAST:
        return None
    width = max(run.model_config.n_embd for run in shared.runs.values())
    rows = {name: tuple(places[token] for token in tokens) for name, places in where.items()}
    tables = {
        name: widened(vectors(moment_of(run), "tokens", rows[name]), width)
        for name, run in shared.runs.items()
    }
    lasts = {name: one for name, table in tables.items() if (one := _last(table)) is not None}
    if len(lasts) < len(tables):
        return None
    target = lasts[next(iter(shared.runs))].astype(np.float64)
    laid = {name: overlay(last, target) for name, last in lasts.items()}
    _, _, directions = np.linalg.svd(target - target.mean(axis=0), full_matrices=False)
    plane = np.zeros((width, 2))
    plane[:, : min(2, len(directions))] = directions[:2].T
    points = {
        name: ((one.moved(tables[name]) - target.mean(axis=0)) @ plane)[shared.indices(run)]
        for (name, run), one in zip(shared.runs.items(), laid.values(), strict=True)
    }
    ids = [*rows[first.name]]
    likeness = {name: one.likeness for name, one in list(laid.items())[1:]}
    chance = {name: _by_chance(lasts[name], target) for name in likeness}
    return Maps(ids, tokens, labels_of(first, np.array(ids)), points, likeness, chance)


def _by_chance(last: np.ndarray, target: np.ndarray) -> float:
    draws = np.random.default_rng(0)
    tried = [overlay(draws.permutation(last), target).likeness for _ in range(SHUFFLES)]
    return float(np.mean(tried))


def _places(run: Run) -> dict[str, int]:
    return {token: at for at, token in enumerate(run.tokenizer.tokens)}


def _last(table: np.ndarray) -> np.ndarray | None:
    """The last step (S, N, C) at which all are numbers."""
    whole = np.flatnonzero(np.isfinite(table).all(axis=(1, 2)))
    return table[whole[-1]] if len(whole) else None
