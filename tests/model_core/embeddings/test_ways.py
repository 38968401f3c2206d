"""The way of a row against ways drawn by hand, and SciPy's distances."""

import numpy as np
from scipy.spatial.distance import cosine, euclidean

from model_core.embeddings.ways import way
from model_core.runs import Run


def test_a_walk_around_a_corner_and_back() -> None:
    walk = np.array([[0, 0], [3, 0], [3, 4], [3, 4], [3, 0]], np.float32)
    found = way(walk)
    assert found.distance.tolist() == [0, 3, 5, 5, 3]
    assert found.length.tolist() == [0, 3, 7, 7, 11]
    np.testing.assert_array_equal(found.turn, [np.nan, np.nan, 90, np.nan, np.nan])
    assert abs(found.mean_cosine) < 1e-15
    assert found.far_at == 1, "3 is more than half of 3, already at the first corner"


def test_a_straight_line_does_not_turn_and_a_way_back_turns_half_round() -> None:
    line = np.outer(np.arange(4), [1.0, 2.0, 2.0])
    assert way(line).turn[2:].tolist() == [0, 0] and way(line).mean_cosine == 1
    there_and_back = way(line[[0, 3, 1]])
    assert there_and_back.turn[2] == 180 and there_and_back.mean_cosine == -1
    assert (there_and_back.distance[-1], there_and_back.length[-1]) == (3, 15)


def test_far_at_waits_for_the_last_time_that_the_row_was_near() -> None:
    out_and_home = np.array([[0.0], [9.0], [1.0], [3.0], [4.0]])
    assert way(out_and_home).far_at == 3


def test_what_does_not_move_or_is_no_number_has_no_turn() -> None:
    still = way(np.ones((3, 2)))
    assert still.length.tolist() == [0, 0, 0] and still.far_at is None
    assert np.isnan(still.turn).all() and np.isnan(still.mean_cosine)
    alone = way(np.ones((1, 2)))
    assert len(alone.turn) == len(alone.length) == 1 and alone.far_at is None
    lost = way(np.array([[0.0], [1.0], [np.nan]]))
    assert lost.far_at is None and np.isnan(lost.turn[-1])


def test_a_recorded_row_against_scipy(recorded: Run) -> None:
    row = recorded.token_embeddings()[:, 5].astype(np.float64)
    found, moves = way(row), np.diff(row, axis=0)
    last = len(row) - 1
    np.testing.assert_allclose(found.distance[last], euclidean(row[last], row[0]))
    steps = [euclidean(*pair) for pair in zip(row[1:], row[:-1], strict=True)]
    np.testing.assert_allclose(found.length, np.cumsum([0, *steps]))
    turns = [1 - cosine(*pair) for pair in zip(moves[1:], moves[:-1], strict=True)]
    np.testing.assert_allclose(np.cos(np.radians(found.turn[2:])), turns, atol=1e-12)
    np.testing.assert_allclose(found.mean_cosine, np.mean(turns))
