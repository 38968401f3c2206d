import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from model_core.embeddings.measures import row_measures


def test_lengths_and_ranks_are_those_of_scipy() -> None:
    now, first, before = np.random.default_rng(0).normal(size=(3, 20, 5)).astype(np.float32)
    found = row_measures(now, first, before)
    np.testing.assert_allclose(found["norm"], cdist(now, np.zeros((1, 5)))[:, 0])
    np.testing.assert_array_equal(found["rank"], rankdata(-found["norm"], "ordinal"))
    np.testing.assert_allclose(found["drift"], np.diag(cdist(now, first)))
    np.testing.assert_allclose(found["move"], np.diag(cdist(now, before)))


def test_of_equal_rows_the_lower_id_is_first_and_a_row_without_numbers_last() -> None:
    now = np.array([[np.nan], [3], [-4], [3]], np.float32)
    assert row_measures(now, now, now)["rank"].tolist() == [4, 2, 1, 3]
