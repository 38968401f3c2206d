"""Bounded caches around what takes time; keys name the run and its steps."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import streamlit as st

from explorer.look import Look
from model_core import counts, embeddings
from model_core.config import Table
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


def token_embeddings(look: Look) -> np.ndarray:
    """(S, N, C) of the N rows and S steps shown."""
    return vectors(look, "tokens", tuple(look.rows.tolist()))


def position_embeddings(look: Look) -> np.ndarray:
    """(S, T, C) at the steps shown."""
    return vectors(look, "positions")


def vectors(look: Look, table: Table, rows: tuple[int, ...] = ()) -> np.ndarray:
    """(S, N, C) of a table at the steps shown: some rows of it, or all."""
    return _table(_recorded(look), table, rows, look.run)[_shown(look)]


def pca(
    look: Look,
    table: Table,
    rows: tuple[int, ...] = (),
    dimensions: int = 2,
    basis: int | None = None,
) -> Judged:
    """The principal components of some rows of a table, over the steps shown."""
    key = f"{table}:{dimensions}:{basis}"
    return _pca(moment(look), key, rows, vectors(look, table, rows), dimensions, basis)


def axis(
    look: Look,
    table: Table,
    rows: tuple[int, ...],
    ends: tuple[tuple[int, ...], tuple[int, ...]],
    dimensions: int = 2,
    basis: int | None = None,
) -> Judged:
    """A custom axis between two sets of places among the rows."""
    key = f"{table}:{dimensions}:{basis}"
    vectors_ = vectors(look, table, rows)
    return _axis(moment(look), key, rows, ends, vectors_, dimensions, basis)


def moves(look: Look, table: Table, rows: tuple[int, ...], kind: Move) -> np.ndarray:
    """(S, N, C): the optimizer's steps, or the batch's gradients; NaN where not recorded."""
    return _moves(_recorded(look), table, rows, kind, look.run)[_shown(look)]


def arrows(
    look: Look, table: Table, rows: tuple[int, ...], key: str, make: Callable[[], np.ndarray]
) -> np.ndarray:
    """(S, N, D) arrows of some rows on the map that `key` names, made once."""
    return _arrows(moment(look), table, rows, key, make)


def turnover(look: Look, table: Table, rows: tuple[int, ...]) -> np.ndarray:
    """(S, N) share of each row's NEAR nearest that are new at each step shown."""
    return _turnover(moment(look), table, rows, vectors(look, table, rows))


def updates(look: Look) -> np.ndarray:
    """(S, V) how often each token was updated by the steps shown; ValueError without its text."""
    return _updates(_recorded(look), look.run)[_shown(look)]


@st.cache_resource(max_entries=6, show_spinner=False)
def _table(moment: str, table: Table, rows: tuple[int, ...], _run: Run) -> np.ndarray:
    read = _run.token_embeddings if table == "tokens" else _run.position_embeddings
    return read(rows or None)


@st.cache_resource(max_entries=32, show_spinner=False)
def _pca(
    moment: str,
    key: str,
    rows: tuple[int, ...],
    _vectors: np.ndarray,
    _dimensions: int,
    _basis: int | None,
) -> Judged:
    return _judged(_vectors, pca_over_time(_vectors, _dimensions, _basis))


@st.cache_resource(max_entries=16, show_spinner=False)
def _axis(
    moment: str,
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
def _moves(moment: str, table: Table, rows: tuple[int, ...], kind: Move, _run: Run) -> np.ndarray:
    read = {
        ("tokens", "step"): _run.token_updates,
        ("tokens", "gradient"): _run.token_gradients,
        ("positions", "step"): _run.position_updates,
        ("positions", "gradient"): _run.position_gradients,
    }
    return read[table, kind](rows or None)


@st.cache_resource(max_entries=8, show_spinner=False)
def _arrows(
    moment: str, table: Table, rows: tuple[int, ...], key: str, _make: Callable[[], np.ndarray]
) -> np.ndarray:
    return _make()


@st.cache_resource(max_entries=16, show_spinner=False)
def _turnover(moment: str, table: Table, rows: tuple[int, ...], _vectors: np.ndarray) -> np.ndarray:
    return embeddings.turnover(_vectors, min(NEAR, _vectors.shape[1] - 1), "distance")


@st.cache_resource(max_entries=8, show_spinner=False)
def _updates(moment: str, _run: Run) -> np.ndarray:
    return counts.updates(_run)


def _shown(look: Look) -> np.ndarray:
    return np.searchsorted(look.run.steps, look.steps)


def moment(look: Look) -> str:
    """Names a run with just these recorded steps: snapshots are added, never changed."""
    return f"{_recorded(look)}:{hash(look.steps.tobytes())}"


def _recorded(look: Look) -> str:
    """The same, whichever of its steps are shown."""
    return f"{identity(look.run)}:{len(look.run.steps)}:{look.run.steps[-1]}"


def identity(run: Run) -> str:
    """Names one run, also when another of the same name takes its place."""
    return f"{run.path.resolve()}:{(run.path / 'run.json').stat().st_mtime_ns}"
