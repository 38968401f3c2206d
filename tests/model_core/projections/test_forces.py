"""What pulls rows together and apart: against umap-learn's curve and torch's own derivatives."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from model_core.projections import forces as module
from model_core.projections.forces import (
    ALL_PAIRS,
    TOUCHING,
    AllPairs,
    Curve,
    Forces,
    Graph,
    SomePairs,
    forces,
)
from model_core.projections.graph import nearest, scaled
from tests.support.tables import clustered, still, walk

Kind = Callable[[Graph, Curve], Forces]
CURVE = Curve(1.577, 0.895)
regimes = pytest.mark.parametrize("kind", [AllPairs, partial(SomePairs, seed=0)])


def graph_of(vectors: np.ndarray, k: int = 7) -> Graph:
    return Graph.of(nearest(scaled(vectors), k), torch.ones(len(vectors)).bool())


def dense(graph: Graph) -> Tensor:
    """Weights as matrices (S, N, N)."""
    matrix = torch.zeros(graph.steps, graph.rows, graph.rows)
    matrix[graph.step, graph.row, graph.other] = graph.weight
    return matrix


def places_of(graph: Graph, dimensions: int = 2) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return 5 * torch.randn(graph.steps, graph.rows, dimensions, generator=draw)


def objective(places: Tensor, graph: Graph, curve: Curve) -> Tensor:
    """UMAP's, as the docstring of `umap_over_time` writes it, without smoothness; float64."""
    rows = torch.arange(graph.rows)
    i, j = torch.meshgrid(rows, rows, indexing="ij")
    i, j = i[i < j], j[i < j]
    p = dense(graph).double()
    d = p.sum(-1)
    r = 5 * (d[:, i] + d[:, j]) / (2 * graph.rows)
    squares = ((places[:, i] - places[:, j]) ** 2).sum(-1)
    q = 1 / (1 + curve.a * squares**curve.b)
    return (-p[:, i, j] * q.log() - r * (1 - q).log()).sum()


@pytest.mark.usefixtures("umap_learn")
@pytest.mark.parametrize("min_dist", [0.0, 0.1, 0.25, 0.5, 0.8, 0.99, 1.0])
def test_the_curve_is_umap_learns(min_dist: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap.umap_ import find_ab_params

        expected = find_ab_params(1.0, min_dist)
    curve = Curve.fitted(min_dist)
    np.testing.assert_allclose([curve.a, curve.b], expected, rtol=1e-6)


def test_attraction_and_repulsion_are_derivatives_by_the_squared_distance() -> None:
    squares = torch.logspace(-4, 3, 50, dtype=torch.float64, requires_grad=True)
    q = 1 / (1 + CURVE.a * squares**CURVE.b)
    (pull,) = torch.autograd.grad(-q.log().sum(), squares, retain_graph=True)
    (push,) = torch.autograd.grad(-(1 - q).log().sum(), squares)
    fixed = squares.detach()
    torch.testing.assert_close(CURVE.attraction(fixed), 2 * pull, rtol=1e-9, atol=0)
    softened = -2 * push * fixed / (fixed + TOUCHING)
    torch.testing.assert_close(CURVE.repulsion(fixed), softened, rtol=1e-9, atol=0)


def test_forces_on_one_place_and_far_away_are_finite() -> None:
    squares = torch.tensor([0.0, 1e-30, 1e30])
    assert CURVE.attraction(squares).isfinite().all()
    assert CURVE.repulsion(squares).isfinite().all()
    assert CURVE.repulsion(squares)[2] == 0


@pytest.mark.parametrize("dimensions", [2, 3, 5])
@pytest.mark.parametrize("table", [walk(3, 25), clustered(3, 25)])
def test_all_pairs_are_the_derivative_of_the_whole_objective(
    table: np.ndarray, dimensions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOUCHING", 1e-9)
    graph = graph_of(table)
    places = places_of(graph, dimensions)
    exact = places.double().requires_grad_()
    (expected,) = torch.autograd.grad(objective(exact, graph, CURVE), exact)
    seen = AllPairs(graph, CURVE)(places)
    torch.testing.assert_close(seen.double(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("table", [walk(2, 40), clustered(2, 40)])
def test_drawn_pairs_are_all_pairs_on_average(table: np.ndarray) -> None:
    graph = graph_of(table)
    places = places_of(graph)
    some, draws = SomePairs(graph, CURVE, 0), 1000
    seen = torch.stack([some(places) for _ in range(draws)])
    error = seen.std(0) / draws**0.5
    off = (seen.mean(0) - AllPairs(graph, CURVE)(places)) / error
    assert off.abs().max() < 5  # of 160 standard normal numbers
    assert 0.8 < off.square().mean() < 1.3


@regimes
def test_what_pulls_is_pulled_as_much(kind: Kind) -> None:
    graph = graph_of(walk(3, 30))
    seen = kind(graph, CURVE)(places_of(graph))
    torch.testing.assert_close(seen.sum(1), torch.zeros(3, 2), rtol=0, atol=1e-4)


@regimes
def test_equal_steps_feel_the_same_to_the_bit(kind: Kind) -> None:
    graph = graph_of(still(4, 30))
    places = places_of(graph)[:1].repeat(4, 1, 1)
    seen = kind(graph, CURVE)(places)
    assert torch.equal(seen, seen[:1].repeat(4, 1, 1))


def test_draws_follow_the_seed() -> None:
    graph = graph_of(walk(2, 30))
    places = places_of(graph)
    one, same, other = (SomePairs(graph, CURVE, seed)(places) for seed in (3, 3, 4))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_few_rows_meet_all_others_and_many_meet_some() -> None:
    few, many = (graph_of(walk(1, rows), 3) for rows in (ALL_PAIRS, ALL_PAIRS + 1))
    assert isinstance(forces(few, CURVE, 0), AllPairs)
    assert isinstance(forces(many, CURVE, 0), SomePairs)


def test_some_steps_of_a_graph_are_the_graph_of_those_steps() -> None:
    vectors = walk(5, 20)
    seen = graph_of(vectors).only(torch.tensor([1, 4]))
    assert (seen.steps, seen.rows) == (2, 20)
    torch.testing.assert_close(dense(seen), dense(graph_of(vectors))[[1, 4]], rtol=0, atol=0)


def test_degrees_are_sums_of_weights() -> None:
    graph = graph_of(walk(3, 20))
    torch.testing.assert_close(graph.degrees(), dense(graph).sum(-1))
