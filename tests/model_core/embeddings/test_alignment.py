"""One table turned onto another: planted rotations are found, SciPy agrees."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist
from scipy.stats import ortho_group

from model_core.embeddings.alignment import overlay, widened
from tests.support.refusals import refusal

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(20, 5))


def test_a_table_that_was_only_turned_and_moved_is_found_again() -> None:
    turned = TABLE @ ortho_group.rvs(5, random_state=1) + 3.0
    found = overlay(turned, TABLE)
    np.testing.assert_allclose(found.moved(turned), TABLE, atol=1e-12)
    assert found.likeness == pytest.approx(1)


def test_rotation_and_likeness_agree_with_scipy() -> None:
    other = RNG.normal(size=(20, 5))
    found = overlay(TABLE, other)
    rotation, _ = orthogonal_procrustes(TABLE - TABLE.mean(0), other - other.mean(0))
    np.testing.assert_allclose(found.rotation, rotation, atol=1e-12)
    *_, disparity = procrustes(other, TABLE)
    assert found.likeness == pytest.approx(1 - disparity)
    moved = found.moved(TABLE)
    np.testing.assert_allclose(pdist(moved), pdist(TABLE), atol=1e-12)  # no distance changes


def test_further_channels_change_no_distance() -> None:
    wide = widened(TABLE, 8)
    assert wide.shape == (20, 8) and (wide[:, 5:] == 0).all()
    assert overlay(wide, widened(TABLE @ ortho_group.rvs(5, random_state=2), 8)).likeness == (
        pytest.approx(1)
    )


def test_what_cannot_be_laid_over_each_other_is_refused() -> None:
    assert "must agree and be finite" in refusal(overlay, TABLE, TABLE[:3])
    assert "must agree and be finite" in refusal(overlay, TABLE, np.full_like(TABLE, np.nan))
    assert np.isnan(overlay(np.zeros((4, 2)), np.ones((4, 2))).likeness)
