"""How far a map can be trusted: against scikit-learn, sets counted plainly, and known answers."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as reference

from model_core.projections import Trust, neighbours_kept, trust, umap_over_time
from model_core.projections.trust import movement, trustworthiness
from tests.support.tables import clustered, distances, still, turned, walk


def places(steps: int = 4, rows: int = 30, seed: int = 5) -> np.ndarray:
    """A map that has little to do with the vectors."""
    return walk(steps, rows, 2, seed)


def plainly_kept(vectors: np.ndarray, layout: np.ndarray, k: int, rows: list[int]) -> float:
    """Share of the k nearest on the map that are so in truth, of one step, by sets."""
    true, shown = (distances(table).argsort(1)[:, 1 : k + 1] for table in (vectors, layout))
    return float(np.mean([len({*true[row]} & {*shown[row]}) / k for row in rows]))


@pytest.mark.parametrize("rows", [4, 5, 12, 21, 22, 60])
def test_trustworthiness_is_scikit_learns_and_kept_counts_sets(rows: int) -> None:
    vectors, layout = walk(3, rows), places(3, rows)
    k = min(10, (rows - 1) // 2)
    trusted, kept = neighbours_kept(vectors, layout)
    expected = [reference(v, p, n_neighbors=k) for v, p in zip(vectors, layout, strict=True)]
    np.testing.assert_allclose(trusted, expected, rtol=1e-9)
    by_sets = [plainly_kept(v, p, k, [*range(rows)]) for v, p in zip(vectors, layout, strict=True)]
    np.testing.assert_allclose(kept, by_sets, rtol=1e-9)
    np.testing.assert_array_equal(trustworthiness(vectors, layout), trusted)


def test_a_map_with_all_distances_is_trusted_wholly() -> None:
    vectors = walk(3, 30, 2)
    for layout in (vectors, turned(vectors), 5 * vectors + 1):
        assert [part.tolist() for part in neighbours_kept(vectors, layout)] == [[1] * 3] * 2


def test_some_rows_ask_for_their_neighbours_among_all() -> None:
    vectors, layout = walk(2, 30), places(2, 30)
    each = np.array([neighbours_kept(vectors, layout, np.array([row])) for row in range(30)])
    for rows in ([3], [3, 7, 20], [*range(30)]):
        seen = neighbours_kept(vectors, layout, np.array(rows))
        np.testing.assert_allclose(seen, each[rows].mean(0), rtol=1e-9)
        by_sets = [plainly_kept(*step, 10, rows) for step in zip(vectors, layout, strict=True)]
        np.testing.assert_allclose(seen[1], by_sets, rtol=1e-9)
    np.testing.assert_allclose(neighbours_kept(vectors, layout), each.mean(0), rtol=1e-9)


def test_rows_that_are_no_numbers_or_have_no_place_are_left_out() -> None:
    vectors, layout = walk(2, 30), places(2, 30)
    vectors[:, 4, 0], vectors[:, 9], layout[:, 20] = np.nan, np.inf, np.nan
    left = np.delete(np.arange(30), [4, 9, 20])
    seen = neighbours_kept(vectors, layout)
    np.testing.assert_allclose(seen, neighbours_kept(vectors[:, left], layout[:, left]))
    asked = neighbours_kept(vectors, layout, np.array([4, 5, 20, 21]))
    np.testing.assert_allclose(asked, neighbours_kept(vectors, layout, np.array([5, 21])))
    assert np.isnan(neighbours_kept(vectors, layout, np.array([4, 20]))).all()


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows_have_no_neighbours_to_judge(rows: int) -> None:
    assert np.isnan(neighbours_kept(walk(2, rows), places(2, rows))).all()
    broken = walk(2, 20)
    broken[1, rows:] = np.nan
    trusted, kept = neighbours_kept(broken, places(2, 20))
    assert np.isfinite([trusted[0], kept[0]]).all() and np.isnan([trusted[1], kept[1]]).all()


def moving_vectors() -> dict[str, np.ndarray]:
    """Five steps of the same neighbourhoods, moved all together."""
    one = walk(1, 30)[0].astype(float)
    turns = [np.eye(5)]
    for step in range(4):
        turns.append(turned(np.eye(5)[None], seed=step)[0])
    return {
        "turned": np.stack([one @ turn for turn in turns]),
        "shifted": np.stack([one + 3 * step for step in range(5)]),
        "scaled": np.stack([one * 1.7**step for step in range(5)]),
        "still": np.stack([one] * 5),
    }


@pytest.mark.parametrize("how", moving_vectors())
def test_whatever_moves_while_all_vectors_move_together_is_the_map(how: str) -> None:
    layout = places(5, 30)
    by_model, by_map = movement(moving_vectors()[how], layout)
    way = np.linalg.norm(np.diff(layout, axis=0), axis=-1)
    np.testing.assert_allclose(by_model, 0, atol=1e-4)
    np.testing.assert_allclose(by_map[1:], way, atol=1e-4)
    assert (by_map[0] == 0).all()


def test_a_map_that_does_not_move_has_no_movement_to_divide() -> None:
    judged = trust(walk(), still(4, 30, 2))
    assert (judged.by_model == 0).all() and (judged.by_map == 0).all()
    assert np.isnan(judged.model_share).all()


def one_goes_over(steps: int = 6, rows: int = 60) -> np.ndarray:
    """Row 0 goes evenly from cluster 0 to cluster 1, and all others stand still."""
    table = clustered(2, rows)[-1]
    vectors = np.repeat(table[None], steps, axis=0)
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    vectors[:, 0] = (1 - share) * table[0] + share * table[4] + 0.01
    return vectors


def test_the_way_of_a_row_that_goes_over_alone_is_mostly_the_models() -> None:
    vectors = one_goes_over()
    layout = umap_over_time(vectors, n_neighbors=10, smoothness=0.1)
    model, map_ = (part.sum(0) for part in movement(vectors, layout, 10))
    assert np.linalg.norm(layout[-1, 0] - layout[0, 0]) > 5  # it did go over
    assert model[0] > 2 * map_[0]
    assert model[1:].mean() < 0.01 * model[0]


def test_the_whole_way_on_which_the_neighbours_send_a_row_is_the_models() -> None:
    vectors = one_goes_over(2)
    old = umap_over_time(vectors, n_neighbors=10)[:1]
    layout = np.concatenate([old, old])
    asked_for = [np.array([10.0, 0.0]), np.array([-10.0, 0.0])]
    by_model, by_map = [], []
    for way in asked_for:
        layout[1, 0] = old[0, 0] + way
        model, map_ = movement(vectors, layout, 10)
        by_model.append(model[1, 0])
        by_map.append(map_[1, 0])
    # of two opposite ways one is asked for in part, and the other one not at all
    assert min(by_model) == 0 and max(by_model) > 0
    assert max(by_map) == pytest.approx(10, rel=1e-5)


@pytest.mark.parametrize("along, across", [(0.5, 0.0), (1.0, 0.0), (3.0, 0.0), (-1.0, 0), (0.5, 2)])
def test_movement_by_hand(along: float, across: float) -> None:
    # Row 0 has one neighbour: row 1 before and row 2 after, at (0, 0) and (4, 0) on the map.
    vectors = np.array([[[0.0], [1.0], [9.0]], [[8.0], [1.0], [9.0]]])
    layout = np.array([[[0.0, 0.0], [0.0, 0.0], [4.0, 0.0]]] * 2)
    layout[1, 0] += (4 * along, across)
    by_model, by_map = movement(vectors, layout, n_neighbors=2)
    model = 4 * min(max(along, 0), 1)
    assert by_model[1, 0] == pytest.approx(model, rel=1e-6)
    assert by_map[1, 0] == pytest.approx(np.hypot(4 * along - model, across), rel=1e-6)


def test_rows_that_are_no_numbers_have_no_movement() -> None:
    vectors, layout = walk(), places()
    vectors[2, 3], layout[2, 3] = np.nan, np.nan
    by_model, by_map = movement(vectors, layout)
    whole = np.ones((4, 30), bool)
    whole[2:, 3] = False
    assert np.isfinite(by_model[whole]).all() and np.isfinite(by_map[whole]).all()
    assert np.isnan(by_map[2:, 3]).all()


@pytest.mark.parametrize("value", [0.1, 0.0])
def test_a_step_whose_rows_are_all_equal_asks_for_nothing(value: float) -> None:
    vectors, layout = walk(), places()
    vectors[2] = value
    by_model, by_map = movement(vectors, layout)
    assert (by_model[2:] == 0).all() and (by_model[1] > 0).any()
    way = np.linalg.norm(np.diff(layout, axis=0), axis=-1)
    np.testing.assert_allclose(by_map[2:], way[1:], rtol=1e-5)


def test_a_neighbour_without_a_place_before_draws_nobody_to_the_maps_origin() -> None:
    # Row 0 goes from row 1 to row 3, which had no place: where to, nobody can tell.
    vectors = np.array([[[0.0], [1.0], [9.0], [np.nan]], [[0.0], [1.0], [9.0], [-0.5]]])
    layout = np.array([[[50.0, 0], [51.0, 0], [59.0, 0], [np.nan, np.nan]]] * 2)
    layout[1, 0, 0], layout[1, 3] = 40, 50
    by_model, by_map = movement(vectors, layout, n_neighbors=2)
    assert (by_model[1, 0], by_map[1, 0]) == (0, 10)


def judged() -> Trust:
    return trust(walk(), places())


def test_trust_is_trustworthiness_neighbours_kept_and_movement() -> None:
    seen, (trusted, kept) = judged(), neighbours_kept(walk(), places())
    model, map_ = movement(walk(), places())
    for part, expected in zip(vars(seen).values(), (trusted, kept, model, map_), strict=True):
        np.testing.assert_array_equal(part, expected)


def test_the_models_share_is_of_all_movement_that_led_to_a_step() -> None:
    seen = judged()
    share = seen.by_model.sum(1) / np.maximum((seen.by_model + seen.by_map).sum(1), 1e-30)
    assert np.isnan(seen.model_share[0])
    np.testing.assert_allclose(seen.model_share[1:], share[1:], rtol=1e-5)
    assert (share[1:] > 0).all() and (share[1:] < 1).all()


def test_some_steps_joined_to_the_others_are_all() -> None:
    whole = judged()
    again = Trust.joined([whole.only(np.array([0, 1])), whole.only(np.array([2, 3]))])
    for part, expected in zip(vars(again).values(), vars(whole).values(), strict=True):
        np.testing.assert_array_equal(part, expected)
    np.testing.assert_array_equal(whole.only(np.array([2])).by_map, whole.by_map[[2]])
