"""Bounded caches around what takes time; keys name the run, the steps and the text."""

import numpy as np
import streamlit as st

from explorer.look import Look
from model_core.projections import PCA, pca_over_time
from model_core.reading import Reader, Reading
from model_core.runs import Run


def token_embeddings(look: Look) -> np.ndarray:
    """(S, N, C) of the N rows and S steps shown."""
    return _tables(_moment(look), look.run)[0][_shown(look), : len(look.labels)]


def position_embeddings(look: Look) -> np.ndarray:
    """(S, T, C) at the steps shown."""
    return _tables(_moment(look), look.run)[1][_shown(look)]


def token_map(look: Look) -> PCA:
    return _pca(_moment(look), "tokens", token_embeddings(look))


def position_map(look: Look) -> PCA:
    return _pca(_moment(look), "positions", position_embeddings(look))


def reading(look: Look, ids: tuple[int, ...]) -> Reading:
    """What every step shown makes of a sentence."""
    return _reader(_identity(look.run), ids).at(look.run, look.steps)


@st.cache_resource(max_entries=4, show_spinner=False)
def _tables(moment: str, _run: Run) -> tuple[np.ndarray, np.ndarray]:
    return _run.token_embeddings(), _run.position_embeddings()


@st.cache_resource(max_entries=32, show_spinner=False)
def _pca(moment: str, of: str, _vectors: np.ndarray) -> PCA:
    return pca_over_time(_vectors)


@st.cache_resource(max_entries=16, show_spinner=False)
def _reader(identity: str, ids: tuple[int, ...]) -> Reader:
    return Reader(ids)


def _shown(look: Look) -> np.ndarray:
    return np.searchsorted(look.run.steps, look.steps)


def _moment(look: Look) -> str:
    """Names a run with just these recorded steps: snapshots are added, never changed."""
    return f"{_identity(look.run)}:{len(look.run.steps)}:{look.run.steps[-1]}:{len(look.steps)}"


def _identity(run: Run) -> str:
    """Names one run, also when another of the same name takes its place."""
    return f"{run.path.resolve()}:{(run.path / 'run.json').stat().st_mtime_ns}"
