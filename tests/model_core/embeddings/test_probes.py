"""Linear probes: against scikit-learn's ridge; what is planted is found, what is shuffled not."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from model_core.embeddings.probes import USUAL, folds, probes, targets_of
from model_core.embeddings.properties import Property
from model_core.embeddings.relations import LEVEL, corrected

DRAW = np.random.default_rng(1)
N, C = 30, 4
VECTORS = DRAW.normal(size=(2, N, C)).astype(np.float32)
TOLD = Property("told", VECTORS[0, :, 0] + VECTORS[0, :, 2] + DRAW.normal(size=N) / 4)
KINDS = Property("kinds", (VECTORS[0, :, 1] > 0) + 2.0 * (VECTORS[0, :, 3] > 1), kinds=True)
NOISE = Property("noise", np.append(DRAW.normal(size=N - 4), [np.nan] * 4))
PROPERTIES = [TOLD, KINDS, NOISE]


def by_sklearn(rows: np.ndarray, targets: np.ndarray) -> float:
    """The share of the targets' variance that ridge regression explains in left-out folds."""
    of = np.empty(len(rows), int)
    for number, part in enumerate(folds(len(rows))):
        of[part] = number
    rows = (rows - rows.mean(0)) / rows.std(0)
    guessed = cross_val_predict(Ridge(alpha=rows.shape[1]), rows, targets, cv=PredefinedSplit(of))
    guessed = guessed.reshape(targets.shape)
    return r2_score(targets, guessed, multioutput="variance_weighted")


@pytest.mark.parametrize("at", range(3))
def test_what_is_explained_is_what_sklearns_ridge_explains_on_left_out_folds(at: int) -> None:
    one = PROPERTIES[at]
    explained = probes(VECTORS, PROPERTIES, 9).explained[:, at]
    for rows, value in zip(VECTORS.astype(np.float64), explained, strict=True):
        assert value == pytest.approx(by_sklearn(rows[one.known], targets_of(one)), abs=1e-5)


def test_chance_and_p_are_those_of_shuffled_targets() -> None:
    draws, targets = np.random.default_rng(0), targets_of(KINDS)
    rows = VECTORS[0].astype(np.float64)
    others = [by_sklearn(rows, targets[draws.permutation(N)]) for _ in range(60)]
    found = probes(VECTORS[:1], [KINDS], 60)
    assert found.chance[0, 0] == pytest.approx(np.quantile(others, USUAL), abs=1e-5)
    own = found.explained[0, 0]
    assert found.p[0, 0] == (1 + sum(one >= own for one in others)) / 61


def test_rows_that_are_not_finite_tell_nothing() -> None:
    vectors = VECTORS.copy()
    vectors[1, 3, 0] = np.nan
    found = probes(vectors, PROPERTIES, 9)
    for part in found:
        assert np.isfinite(part[0]).all() and np.isnan(part[1]).all()
    assert np.isnan(probes(vectors[1:], PROPERTIES, 9).p).all()


def test_what_is_planted_is_found_and_at_most_one_in_twenty_shuffles_has_any() -> None:
    found = corrected(probes(VECTORS[:1], PROPERTIES, 499).p)[0] <= LEVEL
    assert found.tolist() == [True, True, False]
    seeds = [np.random.default_rng(seed).permutation(N) for seed in range(200)]
    chance = corrected(probes(VECTORS[0][seeds], PROPERTIES, 499).p) <= LEVEL
    assert chance.any(1).mean() <= 0.05
