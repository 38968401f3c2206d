"""Crowding and effective rank: by hand, and against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics.pairwise import cosine_similarity

from model_core.embeddings.crowding import crowding, effective_rank

CORNERS = np.eye(4, dtype=np.float32)[None]  # four rows along the axes


def test_rows_along_the_axes_are_not_crowded_and_fill_all_directions() -> None:
    assert crowding(CORNERS).tolist() == [0.0]
    assert effective_rank(CORNERS) == pytest.approx([4.0])


def test_rows_along_one_line_are_crowded_and_fill_one_direction() -> None:
    line = np.array([[[1.0, 2.0], [2.0, 4.0], [0.5, 1.0]]], np.float32)
    assert crowding(line) == pytest.approx([1.0])
    assert effective_rank(line) == pytest.approx([1.0])


def test_both_agree_with_other_libraries_at_every_step() -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 20, 6)).astype(np.float32)
    for step, crowded, rank in zip(
        vectors, crowding(vectors), effective_rank(vectors), strict=True
    ):
        cosines = cosine_similarity(step.astype(np.float64)) - 2 * np.eye(20)
        assert crowded == pytest.approx(cosines.max(axis=1).mean())
        squares = np.linalg.eigvalsh(step.T.astype(np.float64) @ step)  # of the singular values
        assert rank == pytest.approx(np.exp(entropy(np.sqrt(squares))))


def test_what_has_no_answer_is_not_a_number() -> None:
    broken = CORNERS.copy()
    broken[0, 1, 2] = np.nan
    with_zero = CORNERS.copy()
    with_zero[0, 1] = 0
    for vectors in (broken, with_zero, CORNERS[:, :1]):
        assert np.isnan(crowding(vectors)).all()
    assert np.isnan(effective_rank(broken)).all()
    assert np.isnan(effective_rank(np.zeros((1, 3, 2)))).all()
    assert effective_rank(with_zero) == pytest.approx([3.0])
