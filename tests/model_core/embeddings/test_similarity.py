"""Tests of similarity, against loops, SciPy and scikit-learn."""

from itertools import permutations

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.signal import periodogram
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import cosine_similarity

from model_core.embeddings.similarity import (
    analogy,
    by_distance,
    cluster_order,
    cosines,
    most_alike,
    random_spectrum,
    sinusoids,
    spectrum,
)


def vectors(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_cosines_are_scikit_learns_and_a_zero_row_has_none() -> None:
    rows = vectors(7, 3)
    np.testing.assert_allclose(cosines(rows).numpy(), cosine_similarity(rows), atol=1e-6)
    rows[2], rows[4, 0] = 0, np.inf
    lost = np.isnan(cosines(rows).numpy())
    assert lost[2].all() and lost[4].all() and lost[:, 2].all() and lost.sum() == 7 * 4 - 4


def test_the_most_alike_pairs_are_those_of_all_pairs_one_after_the_other() -> None:
    table = vectors(2, 6, 3)
    table[1, 2] = 0  # without a direction
    values = np.stack([cosines(step).numpy() for step in table])
    pairs, found = most_alike(values, 4)
    for at, step in enumerate(values):
        every = [(step[i, j], i, j) for i in range(6) for j in range(i) if not np.isnan(step[i, j])]
        best = sorted(every, reverse=True)[:4]
        np.testing.assert_array_equal(found[at], [cosine for cosine, _, _ in best])
        assert [set(pair) for pair in pairs[at].tolist()] == [{i, j} for _, i, j in best]
    pairs, found = most_alike(values[:, :3, :3], 4)  # of three pairs, at one step one is a number
    assert found.shape == (2, 3) and np.isfinite(found).sum(1).tolist() == [3, 1]
    assert pairs[1].tolist() == [[0, 1], [-1, -1], [-1, -1]]


def test_the_order_keeps_clusters_together_and_its_neighbours_are_as_near_as_they_can_be() -> None:
    middles = np.eye(3)[[0, 1, 2, 0, 1, 2]] * 5
    rows = (middles + vectors(6, 3) / 4).astype(np.float32)
    order = cluster_order(rows)
    assert sorted(order.tolist()) == list(range(6))
    assert [one % 3 for one in order[::2]] == [one % 3 for one in order[1::2]]
    apart = 1 - cosine_similarity(rows)
    tree = linkage(pdist(rows, "cosine"), "average")
    depth = cophenet(tree)  # an order is a tree's when no cluster is torn
    square = np.zeros((6, 6))
    square[np.triu_indices(6, 1)] = depth
    square += square.T

    def length(way: tuple[int, ...]) -> float:
        return sum(apart[one, other] for one, other in zip(way, way[1:], strict=False))

    def is_leaves(way: tuple[int, ...]) -> bool:
        levels = [square[one, other] for one, other in zip(way, way[1:], strict=False)]
        return all(
            square[way[i], way[j]] == pytest.approx(max(levels[i:j]))
            for i in range(6)
            for j in range(i + 1, 6)
        )

    best = min(length(way) for way in permutations(range(6)) if is_leaves(way))
    assert length(tuple(order.tolist())) == pytest.approx(best, abs=1e-6)


def test_rows_without_a_direction_are_last_in_the_order() -> None:
    rows = vectors(6, 3)
    rows[1] = 0
    assert cluster_order(rows)[-1] == 1 and len(cluster_order(rows)) == 6
    assert cluster_order(rows[:2]).tolist() == [0, 1]
    assert cluster_order(np.zeros((3, 2), np.float32)).tolist() == [0, 1, 2]


def test_an_analogy_is_the_cosine_to_a_minus_b_plus_c_one_row_after_the_other() -> None:
    table = vectors(2, 9, 4)
    found = analogy(table, (0, 1, 2, 5), 4)
    for at, step in enumerate(table.astype(float)):
        wanted = step[0] - step[1] + step[2]
        near = {
            row: float(step[row] @ wanted / np.linalg.norm(step[row]) / np.linalg.norm(wanted))
            for row in range(9)
            if row > 2
        }
        order = sorted(near, key=lambda row: -near[row])
        assert found.ids[at].tolist() == order[:4]
        np.testing.assert_allclose(found.cosines[at], [near[row] for row in order[:4]], rtol=1e-6)
        assert found.rank[at] == order.index(5) + 1
        steps = step[[0, 5]] - step[[1, 2]]
        assert found.parallel[at] == pytest.approx(cosine_similarity(steps)[0, 1])


def test_a_planted_parallelogram_is_found() -> None:
    table = vectors(1, 40, 16)
    table[0, 7] = table[0, 3] - table[0, 1] + table[0, 2]
    found = analogy(table, (3, 1, 2, 7))
    assert found.ids[0, 0] == 7 and found.rank[0] == 1 and found.parallel[0] == pytest.approx(1)


def test_an_analogy_without_another_row_or_with_one_of_its_own_has_no_rank() -> None:
    table = vectors(1, 3, 4)
    found = analogy(table, (0, 1, 2, 2))
    assert found.ids.tolist() == [[-1, -1, -1]] and np.isnan(found.rank).all()
    table[0, 2] = np.nan
    assert np.isnan(analogy(table, (0, 1, 2, 1)).parallel).all()


def test_similarity_by_distance_is_the_mean_over_all_such_pairs() -> None:
    table = vectors(2, 6, 3)
    found = by_distance(table)
    for at, step in enumerate(table):
        pairs = cosine_similarity(step)
        for apart in range(1, 6):
            known = np.mean([pairs[one, one + apart] for one in range(6 - apart)])
            assert found[at, apart - 1] == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("count", [8, 9])
def test_the_spectrum_is_scipys_periodogram_and_adds_up_to_one(count: int) -> None:
    table = vectors(1, count, 3)
    known = periodogram(table[0].astype(float), axis=0, detrend=False, scaling="spectrum")[1]
    share = known.sum(1) / known.sum()
    np.testing.assert_allclose(spectrum(table)[0], share, rtol=1e-6)
    assert spectrum(table).sum() == pytest.approx(1)
    many = np.mean([spectrum(vectors(1, count, 3, seed=seed))[0] for seed in range(400)], axis=0)
    np.testing.assert_allclose(many, random_spectrum(count), atol=0.02)


def test_a_pure_wave_has_its_share_and_a_table_of_zeros_none() -> None:
    turns = np.cos(2 * np.pi * 3 * np.arange(16) / 16)
    assert spectrum(turns[None, :, None]).argmax() == 3
    assert spectrum(turns[None, :, None]).max() == pytest.approx(1)
    assert np.isnan(spectrum(np.zeros((1, 4, 2)))).all()


def test_sinusoids_are_those_of_the_paper() -> None:
    table = sinusoids(7, 5)
    for t in range(7):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 5)
            assert table[t, 2 * i] == pytest.approx(np.sin(angle), abs=1e-6)
            if 2 * i + 1 < 5:
                assert table[t, 2 * i + 1] == pytest.approx(np.cos(angle), abs=1e-6)
