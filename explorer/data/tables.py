"""Bounded caches around what takes time; keys name the run and its steps."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import streamlit as st

from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.embeddings import counts
from model_core.embeddings import neighbours as embeddings
from model_core.projections import PCA, axis_over_time, neighbours_kept, pca_over_time
from model_core.runs import Run

JUDGED = 500  # rows that ask for their neighbours when a map is judged while a reader waits
Move = Literal["step", "gradient"]
NEAR = 10  # nearest rows that are somebody's neighbours


class Judged(NamedTuple):
    """A linear map with its trustworthiness (S,) and share of neighbours kept (S,)."""

    map: PCA
    trust: np.ndarray
    kept: np.ndarray


def token_embeddings(moment: Moment) -> np.ndarray:
    """(S, N, C) of the N rows and S steps shown."""
    return vectors(moment, "tokens", tuple(moment.rows.tolist()))


def position_embeddings(moment: Moment) -> np.ndarray:
    """(S, T, C) at the steps shown."""
    return vectors(moment, "positions")


def vectors(moment: Moment, table: Table, rows: tuple[int, ...] = ()) -> np.ndarray:
    """(S, N, C) of a table at the steps shown: some rows of it, or all."""
    return _table(_recorded(moment), table, rows, moment.run)[_shown(moment)]


def pca(
    moment: Moment,
    table: Table,
    rows: tuple[int, ...] = (),
    dimensions: int = 2,
    basis: int | None = None,
) -> Judged:
    """The principal components of some rows of a table, over the steps shown."""
    key = f"{table}:{dimensions}:{basis}"
    return _pca(moment_key(moment), key, rows, vectors(moment, table, rows), dimensions, basis)


def axis(
    moment: Moment,
    table: Table,
    rows: tuple[int, ...],
    ends: tuple[tuple[int, ...], tuple[int, ...]],
    dimensions: int = 2,
    basis: int | None = None,
) -> Judged:
    """A custom axis between two sets of places among the rows."""
    key = f"{table}:{dimensions}:{basis}"
    vectors_ = vectors(moment, table, rows)
    return _axis(moment_key(moment), key, rows, ends, vectors_, dimensions, basis)


def moves(moment: Moment, table: Table, rows: tuple[int, ...], kind: Move) -> np.ndarray:
    """(S, N, C): the optimizer's steps, or the batch's gradients; NaN where not recorded."""
    return _moves(_recorded(moment), table, rows, kind, moment.run)[_shown(moment)]


def arrows(
    moment: Moment, table: Table, rows: tuple[int, ...], key: str, make: Callable[[], np.ndarray]
) -> np.ndarray:
    """(S, N, D) arrows of some rows on the map that `key` names, made once."""
    return _arrows(moment_key(moment), table, rows, key, make)


def turnover(moment: Moment, table: Table, rows: tuple[int, ...]) -> np.ndarray:
    """(S, N) share of each row's NEAR nearest that are new at each step shown."""
    return _turnover(moment_key(moment), table, rows, vectors(moment, table, rows))


def updates(moment: Moment) -> np.ndarray:
    """(S, V) how often each token was updated by the steps shown; ValueError without its text."""
    return _updates(_recorded(moment), moment.run)[_shown(moment)]


@st.cache_resource(max_entries=6, show_spinner=False)
def _table(when: str, table: Table, rows: tuple[int, ...], _run: Run) -> np.ndarray:
    read = _run.token_embeddings if table == "tokens" else _run.position_embeddings
    return read(rows or None)


@st.cache_resource(max_entries=32, show_spinner=False)
def _pca(
    when: str,
    key: str,
    rows: tuple[int, ...],
    _vectors: np.ndarray,
    _dimensions: int,
    _basis: int | None,
) -> Judged:
    return _judged(_vectors, pca_over_time(_vectors, _dimensions, _basis))


@st.cache_resource(max_entries=16, show_spinner=False)
def _axis(
    when: str,
    key: str,
    rows: tuple[int, ...],
    ends: tuple[tuple[int, ...], tuple[int, ...]],
    _vectors: np.ndarray,
    _dimensions: int,
    _basis: int | None,
) -> Judged:
    return _judged(_vectors, axis_over_time(_vectors, *ends, _dimensions, _basis))


def _judged(vectors: np.ndarray, pca: PCA) -> Judged:
    """Of many rows JUDGED evenly spaced ones ask for their neighbours: a reader waits."""
    count = vectors.shape[1]
    asking = np.unique(np.linspace(0, count - 1, min(count, JUDGED)).round().astype(int))
    return Judged(pca, *neighbours_kept(vectors, pca.layout, asking))


@st.cache_resource(max_entries=8, show_spinner=False)
def _moves(when: str, table: Table, rows: tuple[int, ...], kind: Move, _run: Run) -> np.ndarray:
    read = {
        ("tokens", "step"): _run.token_updates,
        ("tokens", "gradient"): _run.token_gradients,
        ("positions", "step"): _run.position_updates,
        ("positions", "gradient"): _run.position_gradients,
    }
    return read[table, kind](rows or None)


@st.cache_resource(max_entries=8, show_spinner=False)
def _arrows(
    when: str, table: Table, rows: tuple[int, ...], key: str, _make: Callable[[], np.ndarray]
) -> np.ndarray:
    return _make()


@st.cache_resource(max_entries=16, show_spinner=False)
def _turnover(when: str, table: Table, rows: tuple[int, ...], _vectors: np.ndarray) -> np.ndarray:
    return embeddings.turnover(_vectors, min(NEAR, _vectors.shape[1] - 1), "distance")


@st.cache_resource(max_entries=8, show_spinner=False)
def _updates(when: str, _run: Run) -> np.ndarray:
    return counts.updates(_run)


def _shown(moment: Moment) -> np.ndarray:
    return np.searchsorted(moment.run.steps, moment.steps)


def moment_key(moment: Moment) -> str:
    """Names a run with just these recorded steps: snapshots are added, never changed."""
    return f"{_recorded(moment)}:{hash(moment.steps.tobytes())}"


def _recorded(moment: Moment) -> str:
    """The same, whichever of its steps are shown."""
    return f"{identity(moment.run)}:{len(moment.run.steps)}:{moment.run.steps[-1]}"


def identity(run: Run) -> str:
    """Names one run, also when another of the same name takes its place."""
    return f"{run.path.resolve()}:{(run.path / 'run.json').stat().st_mtime_ns}"
