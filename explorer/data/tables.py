"""Embedding tables of a run over the steps shown, their maps and what is measured of them."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import numpy as np

from explorer.data.cache import cached, recorded, shown
from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.embeddings import counts
from model_core.embeddings import neighbours as embeddings
from model_core.projections import (
    PCA,
    Chance,
    axis_over_time,
    chance,
    neighbours_kept,
    pca_over_time,
)

JUDGED = 500  # rows whose neighbours are compared to measure trust while a reader waits
SHUFFLED = 12  # steps of the shuffled tables that say what chance reaches
Move = Literal["step", "gradient"]
NEAR = 10  # nearest rows that count as neighbours


class Fit(NamedTuple):
    """How many dimensions a linear map has, and the step that it is fitted on: an index, or None
    for the `first_steps`."""

    dimensions: int = 2
    basis: int | None = None


AT_FIRST = Fit()


class Span(NamedTuple):
    """The steps that a map of so many dimensions is fitted on, by index: before the `last`."""

    dimensions: int
    first: int
    last: int


class Judged(NamedTuple):
    """A linear map with its trustworthiness (S,) and share of neighbours kept (S,), and what such
    a map reaches by chance."""

    map: PCA
    trust: np.ndarray
    kept: np.ndarray
    chance: Chance


def token_embeddings(moment: Moment) -> np.ndarray:
    """(S, N, C) of the N rows and S steps shown."""
    return vectors(moment, "tokens", tuple(moment.rows.tolist()))


def position_embeddings(moment: Moment) -> np.ndarray:
    """(S, T, C) at the steps shown."""
    return vectors(moment, "positions")


def vectors(moment: Moment, table: Table, rows: tuple[int, ...] = ()) -> np.ndarray:
    """(S, N, C) of a table at the steps shown: some rows of it, or all."""
    return _table(moment, table, rows)[_at(moment)]


def first_steps(moment: Moment) -> int:
    """How many of the steps shown a map of all steps is fitted on.

    All; while the run grows the largest power of two: between two fits points that were shown stay
    where they are.
    """
    count = len(moment.steps)
    return 1 << (count.bit_length() - 1) if moment.live else count


def pca(moment: Moment, table: Table, rows: tuple[int, ...] = (), fit: Fit = AT_FIRST) -> Judged:
    """The principal components of some rows of a table over the steps shown."""
    return _pca(moment, table, rows, _span(moment, fit))


def letters(moment: Moment) -> PCA:
    """The same of the tokens shown, not judged: at once, for a first picture."""
    return _letters(moment, first_steps(moment))


def axis(
    moment: Moment,
    table: Table,
    rows: tuple[int, ...],
    ends: tuple[tuple[int, ...], tuple[int, ...]],
    fit: Fit = AT_FIRST,
) -> Judged:
    """A custom axis between two sets of the rows, by their indices among them."""
    return _axis(moment, table, rows, ends, _span(moment, fit))


def _span(moment: Moment, fit: Fit) -> Span:
    if fit.basis is None:
        return Span(fit.dimensions, 0, first_steps(moment))
    at = fit.basis % len(moment.steps)
    return Span(fit.dimensions, at, at + 1)


@cached(32, shown)
def _pca(moment: Moment, table: Table, rows: tuple[int, ...], span: Span) -> Judged:
    return _judged(
        moment,
        vectors(moment, table, rows),
        lambda points, fitted: _principal(points, span.dimensions, fitted),
        span,
    )


@cached(8, shown)
def _letters(moment: Moment, first: int) -> PCA:
    return _principal(token_embeddings(moment), 2, np.arange(first))


def _principal(points: np.ndarray, dimensions: int, fitted: np.ndarray) -> PCA:
    """PCA; a map without a point where no row is finite."""
    if np.isfinite(points[fitted]).all(2).any():
        return pca_over_time(points, dimensions, fitted)
    steps, rows, channels = points.shape
    nowhere = np.full((steps, rows, dimensions), np.nan, np.float32)
    return PCA(nowhere, np.zeros(dimensions), np.zeros((dimensions, channels)), np.zeros(channels))


@cached(16, shown)
def _axis(
    moment: Moment,
    table: Table,
    rows: tuple[int, ...],
    ends: tuple[tuple[int, ...], tuple[int, ...]],
    span: Span,
) -> Judged:
    return _judged(
        moment,
        vectors(moment, table, rows),
        lambda points, fitted: axis_over_time(points, *ends, span.dimensions, fitted),
        span,
    )


def moves(moment: Moment, table: Table, rows: tuple[int, ...], kind: Move) -> np.ndarray:
    """(S, N, C): the optimizer's steps, or the batch's gradients; NaN where not recorded."""
    return _moves(moment, table, rows, kind)[_at(moment)]


@cached(8, shown)
def arrows(
    moment: Moment, table: Table, rows: tuple[int, ...], key: str, _make: Callable[[], np.ndarray]
) -> np.ndarray:
    """(S, N, D) arrows of some rows on the map that `key` names, made once."""
    return _make()


@cached(16, shown)
def turnover(moment: Moment, table: Table, rows: tuple[int, ...]) -> np.ndarray:
    """(S, N) share of each row's NEAR nearest that are new at each step shown."""
    points = vectors(moment, table, rows)
    return embeddings.turnover(points, min(NEAR, points.shape[1] - 1), "distance")


def updates(moment: Moment) -> np.ndarray:
    """(S, V) how often each token was updated by the steps shown; ValueError without its text."""
    return _updates(moment)[_at(moment)]


def _at(moment: Moment) -> np.ndarray:
    """The indices of the steps shown among those recorded."""
    return np.searchsorted(moment.run.steps, moment.steps)


def _judged(
    moment: Moment,
    points: np.ndarray,
    mapped: Callable[[np.ndarray, np.ndarray], PCA],
    span: Span,
) -> Judged:
    """The map fitted on a span of steps with its trust, and what chance reaches at some of the
    steps, on at most JUDGED evenly spaced rows."""
    asking, some = (_evenly(*pair) for pair in ((points.shape[1], JUDGED), (len(points), SHUFFLED)))
    some = np.union1d(some, [span.first])

    def by_chance(tables: Iterator[np.ndarray], at: np.ndarray) -> np.ndarray:
        fitted = np.flatnonzero((span.first <= some) & (some < span.last))
        return np.stack([mapped(table, fitted).layout[at] for table in tables])

    made = mapped(points, np.arange(span.first, span.last))
    known = chance(points[some], moment.steps[some], by_chance, rows=asking)
    return Judged(made, *neighbours_kept(points, made.layout, asking), known)


def _evenly(count: int, most: int) -> np.ndarray:
    """At most so many of `count` indices, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


@cached(12, recorded)  # of four runs that are compared, two each
def _table(moment: Moment, table: Table, rows: tuple[int, ...]) -> np.ndarray:
    run = moment.run
    read = run.token_embeddings if table == "tokens" else run.position_embeddings
    return read(rows or None)


@cached(8, recorded)
def _moves(moment: Moment, table: Table, rows: tuple[int, ...], kind: Move) -> np.ndarray:
    run = moment.run
    read = {
        ("tokens", "step"): run.token_updates,
        ("tokens", "gradient"): run.token_gradients,
        ("positions", "step"): run.position_updates,
        ("positions", "gradient"): run.position_gradients,
    }
    return read[table, kind](rows or None)


@cached(8, recorded)
def _updates(moment: Moment) -> np.ndarray:
    return counts.updates(moment.run)
