"""What trust means: of noise, of a planted structure, and of the runs that come with the app."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA as Reference
from sklearn.manifold import trustworthiness as reference

import explorer.recorded
from model_core.projections import Chance, chance, neighbours_kept, pca_over_time, verdict
from model_core.projections.chance import shuffled
from model_core.runs import Run
from tests.support.tables import turned, walk

RECORDED = Path(explorer.recorded.__file__).parent


def by_pca(tables: Iterator[np.ndarray], at: np.ndarray) -> np.ndarray:
    return np.stack([pca_over_time(table).layout[at] for table in tables])


def judged(vectors: np.ndarray) -> list[str]:
    """What a map by PCA is called at the first and the last step."""
    steps = np.arange(len(vectors))
    trusted, known = (
        neighbours_kept(vectors, pca_over_time(vectors).layout)[0],
        chance(vectors, steps, by_pca),
    )
    means = known.at(steps)
    return [verdict(trusted[s], means[s], known.spread) for s in (0, -1)]


def noise(seed: int, rows: int = 60, channels: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, rows, channels)).astype(np.float32)


def planted(kind: str) -> np.ndarray:
    """Three steps of clusters, or of a plane, in 16 channels with a little noise."""
    draw = np.random.default_rng(0)
    where = draw.normal(size=(60, 2))
    if kind == "clusters":
        angles = 2 * np.pi * (np.arange(60) % 5) / 5
        where = 6 * np.stack([np.cos(angles), np.sin(angles)], 1) + 0.2 * where
    flat = np.concatenate([where, np.zeros((60, 14))], axis=1)
    table = turned(np.repeat(flat[None], 3, axis=0)) + 0.02 * draw.normal(size=(3, 60, 16))
    return table.astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_a_map_of_noise_is_no_better_than_chance(seed: int) -> None:
    assert judged(noise(seed)) == ["no better than chance"] * 2


@pytest.mark.parametrize("kind", ["clusters", "plane"])
def test_a_map_of_a_planted_structure_is_good(kind: str) -> None:
    assert judged(planted(kind)) == ["good"] * 2


@pytest.mark.parametrize(
    "name, trusted, by_chance, words",
    [
        ("english", (0.593, 0.742), (0.604, 0.679), ("no better than chance", "poor")),
        ("quick-brown-fox", (0.807, 0.908), (0.811, 0.853), ("no better than chance", "fair")),
    ],
)
def test_the_recorded_runs_beside_scikit_learns_pca_and_trustworthiness(
    name: str,
    trusted: tuple[float, float],
    by_chance: tuple[float, float],
    words: tuple[str, str],
) -> None:
    vectors = Run.open(RECORDED / name).token_embeddings()
    rows = vectors.reshape(-1, vectors.shape[2])
    second = [reference(v, Reference(2).fit(rows).transform(v), n_neighbors=10) for v in vectors]
    np.testing.assert_allclose((second[0], second[-1]), trusted, atol=6e-4)
    found = []
    for seed in range(100, 112):  # other shuffles than ours
        draw = np.random.default_rng(seed)
        order = [draw.permutation(vectors.shape[1]) for _ in range(vectors.shape[2])]
        mixed = np.stack([vectors[:, one, c] for c, one in enumerate(order)], axis=2)
        fitted = Reference(2).fit(mixed.reshape(rows.shape))
        found.append([reference(v, fitted.transform(v)) for v in mixed[[0, -1]]])
    expected, spread = np.mean(found, 0), np.std(found, 0, ddof=1)
    np.testing.assert_allclose(expected, by_chance, atol=1.5 * spread.max())
    known = chance(vectors, np.arange(len(vectors)), by_pca)
    ends = known.at(np.arange(len(vectors)))[[0, -1]]
    assert (np.abs(ends - expected) < 3 * spread / np.sqrt(5) + 3 * spread / np.sqrt(12)).all()
    assert 0.5 < known.spread / spread.mean() < 2
    assert judged(vectors) == list(words)


def test_shuffled_channels_keep_their_numbers_and_lose_what_joins_them() -> None:
    vectors = walk(4, 50, 6)
    table = shuffled(vectors, 3)
    np.testing.assert_array_equal(np.sort(table, axis=1), np.sort(vectors, axis=1))
    np.testing.assert_array_equal(table, shuffled(vectors, 3))
    assert (table != shuffled(vectors, 4)).mean() > 0.9
    from_where = (table[0, :, None] == vectors[0, None]).argmax(1)  # (N, C)
    assert (table == np.take_along_axis(vectors, from_where[None], axis=1)).all()  # at all steps
    assert np.abs(np.corrcoef(from_where.T) - np.eye(6)).max() < 0.5


def test_rows_that_are_no_numbers_stay_and_the_others_are_exchanged() -> None:
    vectors = walk(3, 20)
    vectors[1, 4, 2], vectors[2] = np.nan, np.inf
    table = shuffled(vectors, 0)
    rest = np.delete(np.arange(20), 4)
    np.testing.assert_array_equal(table[1, 4], vectors[1, 4])
    np.testing.assert_array_equal(np.sort(table[1, rest], 0), np.sort(vectors[1, rest], 0))
    assert chance(vectors, np.array([0, 5, 9]), by_pca).steps.tolist() == [0, 5]
    known = chance(np.full_like(vectors, np.nan), np.arange(3), by_pca)
    assert np.isnan(known.at(np.arange(3))).all()


def test_chance_between_measured_steps_is_linear_in_recorded_steps() -> None:
    known = Chance(np.array([0, 100]), np.array([0.6, 0.8]), 0.01, 3)
    np.testing.assert_allclose(known.at(np.array([0, 1, 100, 200])), [0.6, 0.7, 0.8, 0.8])


@pytest.mark.parametrize(
    "trust, words",
    [
        (0.5, "no better than chance"),
        (0.64, "no better than chance"),
        (0.65, "poor"),
        (0.73, "poor"),
        (0.74, "fair"),
        (0.86, "fair"),
        (0.87, "good"),
    ],
)
def test_a_verdict_by_hand(trust: float, words: str) -> None:
    # chance 0.6 ± 0.02; a third of the way to 1 is 0.733, two thirds 0.867
    assert verdict(trust, 0.6, 0.02) == words


def test_an_exact_map_is_good_even_where_chance_is_as_exact() -> None:
    assert judged(walk(3, 30, 2)) == ["good", "good"]
