"""How far rows moved, by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model_core.embeddings import drift
from model_core.runs import Run


def test_drift_is_the_distance_from_the_first_step() -> None:
    rows = [
        [[0, 0], [1, 1]],
        [[3, 4], [1, 1]],
        [[0, 0], [1, 2]],  # who comes back has not drifted
    ]
    assert drift(np.array(rows, dtype=np.float32)).tolist() == [[0, 0], [5, 0], [0, 1]]


@given(arrays(np.float32, (4, 3, 2), elements=st.floats(-1000, 1000, width=32)))
def test_drift_is_zero_at_first_and_knows_no_direction(vectors: np.ndarray) -> None:
    seen = drift(vectors)
    assert seen.shape == (4, 3)
    assert (seen[0] == 0).all()
    assert (seen >= 0).all()
    np.testing.assert_array_equal(seen, drift(-vectors))


def test_a_row_that_is_no_number_has_no_drift_and_spoils_no_other() -> None:
    vectors = np.zeros((3, 2, 2), dtype=np.float32)
    vectors[1, 0] = np.nan
    seen = drift(vectors)
    assert np.isnan(seen[1, 0])
    assert np.isfinite(np.delete(seen.ravel(), 2)).all()


def test_rows_that_are_almost_out_of_range_still_have_a_distance() -> None:
    vectors = np.array([[[0, 0]], [[3e30, 4e30]]], dtype=np.float32)
    np.testing.assert_allclose(drift(vectors), np.array([[0], [5e30]]))


def test_rows_of_a_recorded_run_drift(recorded: Run) -> None:
    for table in (recorded.token_embeddings(), recorded.position_embeddings()):
        seen = drift(table)
        assert seen.dtype == np.float32
        assert (seen[-1] > 0).all()
