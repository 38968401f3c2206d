"""Who is near whom, and UMAP's fuzzy graph: against umap-learn, scikit-learn and by hand."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from model_core.projections.graph import (
    Nearest,
    memberships,
    nearest,
    rows_differ,
    scaled,
    squared_distances,
    union,
)
from tests.support.tables import clustered, distances, still, walk


def fuzzy(near: Nearest, informative: torch.Tensor | None = None) -> np.ndarray:
    """Our graph as matrices (S, N, N)."""
    steps, rows, _ = near.ids.shape
    keys, weights = union(near, torch.ones(steps).bool() if informative is None else informative)
    matrix = torch.zeros(steps * rows * rows, dtype=torch.float64)
    matrix[keys] = weights
    return matrix.view(steps, rows, rows).numpy()


def of_umap_learn(points: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Its fuzzy graph (N, N) of points (N, C), given the nearest, each row its own first one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap.umap_ import fuzzy_simplicial_set

        far = distances(points)
        np.fill_diagonal(far, -1)
        ids = far.argsort(axis=1, kind="stable")[:, :n_neighbors]
        matrix, _, _ = fuzzy_simplicial_set(
            points.astype(np.float32),
            n_neighbors,
            np.random.RandomState(0),
            "euclidean",
            knn_indices=ids,
            knn_dists=np.take_along_axis(far, ids, 1).clip(0).astype(np.float32),
        )
    return matrix.toarray()


def with_duplicates() -> np.ndarray:
    """Rows of which some have one equal, and some more equal ones than a neighbourhood has room."""
    vectors = walk(1, 40)[0]
    vectors[1] = vectors[0]
    vectors[10:20] = vectors[10]
    return vectors


TABLES = {
    "random": (walk(1, 60)[0], 15),
    "clustered": (clustered(1, 60)[0], 10),
    "duplicates": (with_duplicates(), 6),
    "two neighbours": (walk(1, 30)[0], 2),
    "three neighbours": (walk(1, 30)[0], 3),
    "all are neighbours": (walk(1, 12)[0], 12),
    "on a line": (np.arange(20.0)[:, None] ** 1.5, 5),
}


@pytest.mark.usefixtures("umap_learn")
@pytest.mark.parametrize("name", TABLES)
def test_the_fuzzy_graph_is_umap_learns(name: str) -> None:
    points, n_neighbors = TABLES[name]
    ours = fuzzy(nearest(scaled(points[None]), n_neighbors - 1))[0]
    np.testing.assert_allclose(ours, of_umap_learn(points, n_neighbors), atol=1e-4)


def test_memberships_of_a_row_by_hand() -> None:
    # sigma = 1 / ln 2: 1 + 1/2 + 1/2 is log2 of four, the row itself and its three neighbours
    seen = memberships(torch.tensor([3.0, 4.0, 4.0], dtype=torch.float64))
    np.testing.assert_allclose(seen, [1, 0.5, 0.5], rtol=1e-12)


def test_memberships_sum_to_the_logarithm_of_the_neighbours_and_the_nearest_has_one() -> None:
    seen = memberships(nearest(scaled(walk(2, 50)), 9).distances)
    np.testing.assert_allclose(seen.sum(-1), math.log2(10), rtol=1e-9)
    assert (seen[..., 0] == 1).all() and (seen.diff() <= 0).all()


def test_memberships_know_no_scale() -> None:
    far = nearest(scaled(walk(1, 50)), 9).distances
    np.testing.assert_allclose(memberships(far * 1e-6), memberships(far), rtol=1e-9)


def test_the_union_of_two_memberships_by_hand() -> None:
    # 0 names 1 alone, 1 names 2 alone, 2 names 1 alone, each with membership 1
    ids = torch.tensor([[[1], [2], [1]]])
    near = Nearest(ids, torch.tensor([[[2.0], [1.0], [1.0]]], dtype=torch.float64))
    assert fuzzy(near)[0].tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("table", [walk(3, 40), clustered(3, 40)])
def test_the_graph_is_symmetric_within_0_and_1_and_joins_nobody_to_itself(
    table: np.ndarray,
) -> None:
    seen = fuzzy(nearest(scaled(table), 7))
    np.testing.assert_array_equal(seen, seen.transpose(0, 2, 1))
    assert (seen >= 0).all() and (seen <= 1).all()
    assert (np.diagonal(seen, axis1=1, axis2=2) == 0).all()


def test_keys_ascend_and_name_every_joined_pair_once() -> None:
    keys, weights = union(nearest(scaled(walk(3, 40)), 7), torch.ones(3).bool())
    assert (keys.diff() > 0).all()
    assert keys.dtype == torch.int64 and weights.dtype == torch.float64


def test_a_step_that_is_not_telling_has_no_edges() -> None:
    near = nearest(scaled(walk(3, 20)), 5)
    seen, all_of_them = fuzzy(near, torch.tensor([True, False, True])), fuzzy(near)
    assert (seen[1] == 0).all()
    np.testing.assert_array_equal(seen[[0, 2]], all_of_them[[0, 2]])


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e-20, 1e20])
@pytest.mark.parametrize("rows", [3, 5, 7, 20, 65])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_equal_rows_say_nothing_whatever_their_mean_is_rounded_to(
    value: float, rows: int, kind: type
) -> None:
    equal: np.ndarray = np.full((1, rows, 3), value, kind)
    equal[0, :, 2] = 0.7
    assert not rows_differ(torch.from_numpy(equal)).any()
    assert not rows_differ(scaled(equal)).any()
    equal[0, 1, 0] = np.nextafter(kind(value), kind(np.inf))
    assert rows_differ(torch.from_numpy(equal)).all()


def test_only_numbers_can_say_something() -> None:
    vectors = np.ones((3, 4, 2))
    vectors[0, 0], vectors[1] = np.inf, np.nan
    vectors[2, 3] = 2
    assert rows_differ(torch.from_numpy(vectors)).tolist() == [False, False, True]


@pytest.mark.parametrize("k", [1, 7, 29])
def test_the_nearest_are_scikit_learns(k: int) -> None:
    vectors = walk(2, 30)
    near = nearest(torch.from_numpy(vectors.astype(float)), k)
    for step, ids, far in zip(vectors.astype(float), near.ids, near.distances, strict=True):
        model = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(step)
        expected, order = model.kneighbors()
        np.testing.assert_array_equal(ids, order)
        np.testing.assert_allclose(far, expected, rtol=1e-9)


def test_rows_that_are_no_numbers_are_nobodys_neighbours_and_have_none() -> None:
    vectors = walk(2, 12)
    vectors[1, 4, 2], vectors[1, 7] = np.nan, np.inf
    near = nearest(scaled(vectors), 11)
    assert near.distances[0].isfinite().all()
    assert near.distances[1, [4, 7]].isinf().all()
    others = [row for row in range(12) if row not in (4, 7)]
    assert near.distances[1, others].isfinite().sum(-1).tolist() == [9] * 10
    seen = fuzzy(near)[1]
    assert (seen[[4, 7]] == 0).all() and (seen[:, [4, 7]] == 0).all()
    left = fuzzy(nearest(scaled(vectors[1:, others]), 9))[0]
    assert (seen[np.ix_(others, others)] > 0).sum() == (left > 0).sum()


def test_scaled_vectors_are_centred_at_each_step_and_keep_their_proportions() -> None:
    vectors = walk(3, 20) * np.float32(1e30)
    points = scaled(vectors).numpy()
    np.testing.assert_allclose(points.mean(1), 0, atol=1e-12)
    expected = distances(vectors) / np.abs(vectors).max().astype(float)
    np.testing.assert_allclose(distances(points), expected, rtol=1e-6, atol=1e-12)


def test_squared_distances_are_those_and_exactly_0_between_equal_rows() -> None:
    vectors = with_duplicates()
    vectors[5] = np.nan
    points = scaled(vectors[None])
    asked = torch.tensor([0, 12, 30])
    seen = squared_distances(points[0], asked).numpy()
    expected = distances(points[0].numpy())[asked] ** 2
    np.testing.assert_allclose(seen, np.nan_to_num(expected, nan=np.inf), rtol=1e-9, atol=1e-13)
    assert (seen[0, :2] == 0).all() and (seen[1, 10:20] == 0).all()


def test_few_rows_that_are_numbers_among_many_find_each_other() -> None:
    vectors = walk(1, 300)
    vectors[0, 8:] = np.nan
    near = nearest(scaled(vectors), 10)
    assert near.distances[0, :8].isfinite().sum(-1).tolist() == [7] * 8
    assert near.distances[0, 8:].isinf().all()


def test_a_still_table_has_the_same_graph_at_every_step() -> None:
    seen = fuzzy(nearest(scaled(still(3, 30)), 8))
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], seen[2])
