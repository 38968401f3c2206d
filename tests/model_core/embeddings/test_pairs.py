"""Mean cosines of pairs, against loops over pairs."""

from itertools import combinations

import numpy as np
import pytest

from model_core.embeddings.pairs import alike, different_rows, of_one_kind, side_by_side

KINDS = ["vowel", "vowel", "mark", "consonant", "consonant", "consonant"]


def vectors(seed: int = 0, steps: int = 3, rows: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(steps, rows, 4)).astype(np.float32)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_means_are_those_over_every_pair_once() -> None:
    table = vectors()
    found = alike(table, of_one_kind(KINDS))
    for at, step in enumerate(table):
        pairs = {True: [], False: []}  # type: dict[bool, list[float]]
        for i, j in combinations(range(6), 2):
            pairs[KINDS[i] == KINDS[j]].append(cosine(step[i], step[j]))
        assert found.within[at] == pytest.approx(np.mean(pairs[True]), abs=1e-5)
        assert found.between[at] == pytest.approx(np.mean(pairs[False]), abs=1e-5)


def test_positions_side_by_side_are_the_pairs_one_apart() -> None:
    step = vectors(steps=1)
    near = [cosine(step[0, at], step[0, at + 1]) for at in range(5)]
    assert alike(step, side_by_side(6)).within[0] == pytest.approx(np.mean(near), abs=1e-5)


def test_a_row_without_a_direction_counts_in_no_pair() -> None:
    table = vectors(steps=2)
    table[0, 0], table[1, 5, 0] = 0, np.nan
    found = alike(table, of_one_kind(KINDS))
    four = [cosine(table[0, i], table[0, j]) for i, j in combinations((3, 4, 5), 2)]
    assert found.within[0] == pytest.approx(np.mean(four), abs=1e-5)
    assert np.isfinite(found.within[1]) and np.isfinite(found.chance).all()


def test_where_no_pair_belongs_together_there_is_no_mean() -> None:
    found = alike(vectors(), of_one_kind(list("abcdef")))
    assert np.isnan(found.within).all() and np.isfinite(found.between).all()


def test_chance_is_seldom_passed_by_random_rows_and_by_a_planted_kind_it_is() -> None:
    kinds = of_one_kind(list("aabbbccccd"))
    passed = 0
    for seed in range(200):
        table = vectors(seed, steps=1, rows=10)
        table[:, :] += 1  # a direction that all share is no kind
        found = alike(table, kinds)
        passed += bool(found.within[0] > found.chance[0])
    assert passed <= 5  # 1 % of 200 and two standard deviations
    planted = vectors(steps=1, rows=10)
    planted[:, :2] += 5
    planted[:, 2:5] -= 5
    found = alike(planted, kinds)
    assert found.within[0] > found.chance[0] > found.between[0]


def test_equal_rows_count_once() -> None:
    table = vectors(steps=2)
    table[1, 3:] = table[1, 0]
    assert different_rows(table).tolist() == [6, 3]
    assert len({tuple(row) for row in table[1].tolist()}) == 3
