"""How rows move and who is near them: by hand, by law, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from model_core.embeddings import neighbours as embeddings
from model_core.embeddings.neighbours import (
    Change,
    Metric,
    biography,
    drift,
    moved,
    nearest,
    neighbours,
    pairs_since,
    tokens_changed_most,
    turnover,
)
from model_core.runs import Run
from tests.support.refusals import refusal

# four places on a square's corners and one far out: (S=1, N=5, C=2)
SQUARE = np.array([[[0, 1], [1, 1], [1, 2], [0, 2], [9, 9]]], np.float32)
metrics = pytest.mark.parametrize("metric", ["cosine", "distance"])
# whole numbers: many rows are equal, parallel, equally far, or nothing but zeros
SMALL = arrays(np.float32, (3, 6, 2), elements=st.integers(-2, 2).map(float))


def walk(steps: int = 4, rows: int = 30, channels: int = 5, seed: int = 0) -> np.ndarray:
    """A table that drifts: (S, N, C) float32."""
    draw = np.random.default_rng(seed)
    return draw.normal(size=(steps, rows, channels)).cumsum(0).astype(np.float32)


def turned(vectors: np.ndarray) -> np.ndarray:
    """All rows turned by the same rotation."""
    channels = vectors.shape[-1]
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(channels, channels)))[0]
    return vectors @ basis


# --- movement ------------------------------------------------------------------------------------


def test_drift_is_the_distance_from_the_first_step() -> None:
    rows = [
        [[0, 0], [1, 1]],
        [[3, 4], [1, 1]],
        [[0, 0], [1, 2]],  # who comes back has not drifted
    ]
    assert drift(np.array(rows, dtype=np.float32)).tolist() == [[0, 0], [5, 0], [0, 1]]


def test_moved_is_the_distance_from_the_step_before() -> None:
    rows = [[[0, 0], [1, 1]], [[3, 4], [1, 1]], [[0, 0], [1, 2]]]
    assert moved(np.array(rows, dtype=np.float32)).tolist() == [[0, 0], [5, 0], [5, 1]]


@given(arrays(np.float32, (4, 3, 2), elements=st.floats(-1000, 1000, width=32)))
def test_drift_is_zero_at_first_and_knows_no_direction(vectors: np.ndarray) -> None:
    seen = drift(vectors)
    assert seen.shape == (4, 3)
    assert (seen[0] == 0).all()
    assert (seen >= 0).all()
    np.testing.assert_array_equal(seen, drift(-vectors))


@given(arrays(np.float32, (4, 3, 2), elements=st.floats(-1000, 1000, width=32)))
def test_no_way_is_shorter_than_the_straight_one(vectors: np.ndarray) -> None:
    assert (moved(vectors).cumsum(0) >= drift(vectors) * (1 - 1e-6)).all()


def test_a_row_that_is_no_number_has_no_drift_and_spoils_no_other() -> None:
    vectors = np.zeros((3, 2, 2), dtype=np.float32)
    vectors[1, 0] = np.nan
    seen = drift(vectors)
    assert np.isnan(seen[1, 0])
    assert np.isfinite(np.delete(seen.ravel(), 2)).all()


def test_a_row_that_is_no_number_has_moved_nowhere_that_could_be_told() -> None:
    vectors = np.zeros((4, 2, 2), dtype=np.float32)
    vectors[1, 0] = np.inf
    expected = [[0, 0], [np.inf, 0], [np.inf, 0], [0, 0]]
    np.testing.assert_array_equal(moved(vectors), expected)


def test_rows_that_are_almost_out_of_range_still_have_a_distance() -> None:
    vectors = np.array([[[0, 0]], [[3e30, 4e30]]], dtype=np.float32)
    np.testing.assert_allclose(drift(vectors), np.array([[0], [5e30]]))
    np.testing.assert_array_equal(moved(vectors), drift(vectors))


def test_rows_of_a_recorded_run_drift(recorded: Run) -> None:
    for table in (recorded.token_embeddings(), recorded.position_embeddings()):
        seen = drift(table)
        assert seen.dtype == moved(table).dtype == np.float32
        assert (seen[-1] > 0).all()


# --- neighbours ----------------------------------------------------------------------------------


def test_the_nearest_by_distance_come_first_and_equally_near_ones_by_id() -> None:
    ids, values = neighbours(SQUARE, 1, 4, "distance")
    assert ids.tolist() == [[0, 2, 3, 4]]
    np.testing.assert_allclose(values, [[1, 1, 2**0.5, 128**0.5]], rtol=1e-7)


def test_the_nearest_by_cosine_point_the_same_way_however_long_they_are() -> None:
    ids, values = neighbours(SQUARE, 1, 4, "cosine")
    assert ids.tolist() == [[4, 2, 0, 3]]  # as steep; steeper; two straight up
    np.testing.assert_allclose(values, [[1, 3 / 10**0.5, 0.5**0.5, 0.5**0.5]], rtol=1e-6)


def test_what_is_returned_has_the_steps_first_and_the_types_it_says() -> None:
    ids, values = neighbours(walk(), 3, 7, "cosine")
    assert (ids.shape, ids.dtype) == ((4, 7), np.int64)
    assert (values.shape, values.dtype) == ((4, 7), np.float32)


def test_distances_are_scikit_learns_at_every_step() -> None:
    vectors = walk()
    ids, values = neighbours(vectors, 3, 10, "distance")
    for step, seen, far in zip(vectors.astype(float), ids, values, strict=True):
        model = NearestNeighbors(n_neighbors=11, algorithm="brute").fit(step)
        distances, expected = model.kneighbors(step[3:4])
        assert seen.tolist() == expected[0, 1:].tolist()
        np.testing.assert_allclose(far, distances[0, 1:], rtol=1e-6)


def test_cosines_are_scikit_learns_at_every_step() -> None:
    vectors = walk()
    ids, values = neighbours(vectors, 3, 10, "cosine")
    for step, seen, near in zip(vectors.astype(float), ids, values, strict=True):
        similar = cosine_similarity(step)[3]
        similar[3] = -2
        assert seen.tolist() == np.argsort(-similar)[:10].tolist()
        np.testing.assert_allclose(near, similar[seen], atol=1e-7)


@metrics
@given(vectors=SMALL)
def test_values_never_come_nearer_and_equal_ones_are_in_the_order_of_ids(
    metric: Metric, vectors: np.ndarray
) -> None:
    ids, values = neighbours(vectors, 2, 5, metric)
    far = -values if metric == "cosine" else values
    for row, numbers in zip(ids, far, strict=True):
        known = [(number, i) for number, i in zip(numbers, row, strict=True) if i >= 0]
        assert known == sorted(known)
        assert len(set(row[row >= 0])) == len(known) and 2 not in row


@metrics
def test_rows_that_are_no_numbers_are_nobodys_neighbours_and_have_none(metric: Metric) -> None:
    vectors = walk(steps=2, rows=5)
    vectors[1, 0, 2] = np.nan
    vectors[1, 3] = np.inf
    ids, values = neighbours(vectors, 1, 4, metric)
    assert sorted(ids[0]) == [0, 2, 3, 4]
    assert sorted(ids[1, :2]) == [2, 4] and ids[1, 2:].tolist() == [-1, -1]
    np.testing.assert_array_equal(np.isnan(values), ids < 0)
    assert (neighbours(vectors, 3, 4, metric).ids[1] == -1).all()


def test_a_row_of_zeros_has_a_distance_but_no_cosine() -> None:
    vectors = np.array([[[0, 0], [3, 4], [3, 3]]], np.float32)
    assert neighbours(vectors, 0, 2, "cosine").ids.tolist() == [[-1, -1]]
    assert neighbours(vectors, 1, 2, "cosine").ids.tolist() == [[2, -1]]
    assert neighbours(vectors, 1, 2, "distance").values.tolist() == [[1, 5]]


def test_numbers_at_both_ends_of_float32_still_have_neighbours() -> None:
    for scale in (1e-40, 1e36):
        ids, values = neighbours((SQUARE * scale).astype(np.float32), 1, 4, "cosine")
        assert ids.tolist() == [[4, 2, 0, 3]]
        np.testing.assert_allclose(values[0, 0], 1, rtol=1e-6)


def test_more_neighbours_than_there_are_other_rows_are_refused() -> None:
    said = "count must be at least 1 and less than the number of rows, 5, got {}"
    for count in (0, 5, 6):
        assert refusal(neighbours, SQUARE, 0, count, "cosine") == said.format(count)
        assert refusal(nearest, SQUARE[0], count, "cosine") == said.format(count)
        assert refusal(turnover, SQUARE, count, "cosine") == said.format(count)


@pytest.mark.parametrize("row", [-1, 5])
def test_a_row_that_the_table_does_not_have_is_refused(row: int) -> None:
    assert refusal(neighbours, SQUARE, row, 2, "cosine") == f"row must be in [0, 5), got {row}"


# --- neighbours of all rows ----------------------------------------------------------------------


@metrics
@given(vectors=SMALL)
def test_all_rows_at_once_have_the_neighbours_each_has_alone(
    metric: Metric, vectors: np.ndarray
) -> None:
    alone = [neighbours(vectors[:1], row, 4, metric).ids[0] for row in range(6)]
    np.testing.assert_array_equal(nearest(vectors[0], 4, metric), alone)


@metrics
@pytest.mark.parametrize("block", [1, 100, 10**6])
def test_it_does_not_matter_how_many_rows_are_compared_at_once(
    metric: Metric, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = walk(rows=40)[-1]
    vectors[7] = np.nan
    vectors[20:30] = vectors[11]
    expected = [neighbours(vectors[None], row, 6, metric).ids[0] for row in range(40)]
    monkeypatch.setattr(embeddings, "BLOCK", block)
    np.testing.assert_array_equal(nearest(vectors, 6, metric), expected)


def test_neighbours_far_from_the_origin_are_told_apart() -> None:
    """|x|² + |y|² - 2 x·y alone has lost all digits of these distances."""
    vectors = walk()[-1].astype(float)
    np.testing.assert_array_equal(
        nearest(vectors + 1e8, 5, "distance"), nearest(vectors.round(7), 5, "distance")
    )


def test_of_equal_rows_the_lowest_ids_are_the_neighbours() -> None:
    equal = np.full((500, 64), 0.1, np.float32)
    for metric in ("cosine", "distance"):
        seen = nearest(equal, 3, metric)
        assert seen[0].tolist() == [1, 2, 3] and seen[2].tolist() == [0, 1, 3]
        assert (seen[3:] == [0, 1, 2]).all()
        assert neighbours(equal[None], 2, 3, metric).ids.tolist() == [[0, 1, 3]]


def test_rows_that_point_the_same_way_are_equally_near_by_cosine() -> None:
    ways = np.outer(np.arange(1, 50), [1, 2, 5, 3, 7]).astype(np.float32)
    assert nearest(ways, 3, "cosine")[30].tolist() == [0, 1, 2]
    assert neighbours(ways[None], 30, 3, "cosine").ids.tolist() == [[0, 1, 2]]


@metrics
def test_fewer_rows_than_asked_for_leave_no_neighbour_at_the_end(metric: Metric) -> None:
    vectors = walk(rows=5)[0]
    vectors[[1, 2]] = np.nan
    seen = nearest(vectors, 4, metric)
    assert (seen[[1, 2]] == -1).all() and (seen[:, 2:] == -1).all()
    assert (seen[[0, 3, 4], :2] >= 0).all()
    assert (nearest(np.full((4, 2), np.nan), 3, metric) == -1).all()


def test_turning_all_rows_leaves_their_neighbours() -> None:
    vectors = walk()[-1]
    for metric in ("cosine", "distance"):
        np.testing.assert_array_equal(
            nearest(vectors, 8, metric), nearest(turned(vectors), 8, metric)
        )


def test_moving_all_rows_alike_leaves_their_neighbours_by_distance() -> None:
    vectors = walk()[-1].astype(float)
    np.testing.assert_array_equal(
        nearest(vectors, 8, "distance"), nearest(vectors + 17.5, 8, "distance")
    )


def test_stretching_each_row_leaves_its_neighbours_by_cosine() -> None:
    vectors = walk()[-1].astype(float)
    longer = vectors * np.linspace(0.1, 50, 30)[:, None]
    np.testing.assert_array_equal(nearest(vectors, 8, "cosine"), nearest(longer, 8, "cosine"))


def test_a_larger_set_of_neighbours_begins_with_the_smaller() -> None:
    vectors = walk()[-1]
    np.testing.assert_array_equal(
        nearest(vectors, 9, "distance")[:, :4], nearest(vectors, 4, "distance")
    )


# --- change --------------------------------------------------------------------------------------


def test_turnover_is_the_share_of_neighbours_that_are_new() -> None:
    line = np.array([[[0], [1], [2], [9], [10]], [[0], [1], [8], [9], [10]]], np.float32)
    # the two nearest are 12 02 10 42 32, then 12 02 34 42 32
    assert turnover(line, 2, "distance").tolist() == [[0] * 5, [0, 0, 1, 0, 0]]
    line[1, 2] = 5.5  # 3 is nearest, 1 and 4 are equally near
    assert turnover(line, 2, "distance")[1].tolist() == [0, 0, 0.5, 0, 0]


@metrics
def test_turnover_is_that_of_the_sets_that_scikit_learn_finds(metric: Metric) -> None:
    vectors = walk().astype(float)
    found = []
    for step in vectors:
        ways = {"cosine": "cosine", "distance": "euclidean"}
        model = NearestNeighbors(n_neighbors=5, algorithm="brute", metric=ways[metric]).fit(step)
        found.append([set(ids) for ids in model.kneighbors(return_distance=False)])
    expected = np.zeros((4, 30))
    for s in (1, 2, 3):
        expected[s] = [len(now - old) / 5 for old, now in zip(found[s - 1], found[s], strict=True)]
    seen = turnover(vectors, 5, metric)
    assert seen.dtype == np.float32 and seen[1:].any()
    np.testing.assert_allclose(seen, expected, atol=1e-7)


@metrics
def test_a_still_recording_has_no_turnover(metric: Metric) -> None:
    assert (turnover(np.repeat(walk(steps=1), 3, axis=0), 5, metric) == 0).all()


def test_turning_and_stretching_the_whole_table_is_no_turnover() -> None:
    first = walk(steps=1)[0]
    vectors = np.stack([first, turned(first), 3 * turned(first)])
    for metric in ("cosine", "distance"):
        assert (turnover(vectors, 5, metric) == 0).all()


@metrics
def test_a_row_that_is_no_number_has_no_turnover_while_it_is_none(metric: Metric) -> None:
    vectors = np.repeat(walk(steps=1, rows=4), 3, axis=0)
    vectors[1, 2] = np.nan
    seen = turnover(vectors, 3, metric)
    assert np.isnan(seen[:, 2]).tolist() == [False, True, False]
    assert seen[1, [0, 1, 3]].tolist() == [0, 0, 0]  # who left is not new
    np.testing.assert_allclose(seen[2], [1 / 3, 1 / 3, 1, 1 / 3])


def test_a_biography_tells_who_came_and_left_and_when() -> None:
    ids = np.array([[3, 5], [5, 3], [5, 7], [2, 4], [-1, -1], [-1, -1], [4, -1]])
    assert biography(ids, np.array([0, 1, 2, 10, 20, 30, 40])) == [
        Change(2, entered=(7,), left=(3,)),
        Change(10, entered=(2, 4), left=(5, 7)),
        Change(20, entered=(), left=(2, 4)),
        Change(40, entered=(4,), left=()),
    ]


def test_a_single_recorded_step_has_no_biography() -> None:
    assert biography(np.array([[3, 5]]), np.array([0])) == []


def test_replaying_a_biography_gives_the_last_neighbours(recorded: Run) -> None:
    ids = neighbours(recorded.token_embeddings(), 5, 6, "cosine").ids
    present = set(ids[0].tolist())
    for change in biography(ids, recorded.steps):
        present = (present - set(change.left)) | set(change.entered)
    assert present == set(ids[-1].tolist())


def test_the_tokens_changed_most_have_the_largest_sums_and_equal_ones_go_by_id() -> None:
    shares = np.array([[0, 0, 0, 0], [0.5, 1, np.nan, 0.5], [0.25, np.nan, np.nan, 0.25]])
    assert tokens_changed_most(shares, 3).tolist() == [1, 0, 3]
    assert tokens_changed_most(shares, 4).tolist() == [1, 0, 3, 2]
    assert tokens_changed_most(np.tile([0.0, 1.0], (3, 50)), 4).tolist() == [1, 3, 5, 7]


@pytest.mark.parametrize("count", [0, 5])
def test_more_changed_tokens_than_there_are_are_refused(count: int) -> None:
    said = f"count must be in [1, 4] for 4 rows, got {count}"
    assert refusal(tokens_changed_most, np.zeros((2, 4)), count) == said


def test_a_pair_counts_from_when_both_are_nearest_and_stay_so() -> None:
    near, far = [1.0, 0.0], [0.0, 1.0]
    first = [near, [1.0, 0.3], far, [0.4, 1.0]]  # 0 with 1, 2 with 3
    other = [near, far, [1.0, 0.3], [0.4, 1.0]]  # 0 with 2, 1 with 3
    assert pairs_since(np.array([first, other, first, first]), "cosine") == [(2, 0, 1), (2, 2, 3)]
    assert pairs_since(np.array([first, first]), "cosine") == [(0, 0, 1), (0, 2, 3)]


def test_rows_without_a_direction_are_in_no_pair() -> None:
    assert pairs_since(np.zeros((2, 3, 2)), "cosine") == []
