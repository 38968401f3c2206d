"""UMAP of all steps at once: its laws, with all pairs of rows and with some drawn."""

import math
from typing import Any

import numpy as np
import pytest

from model_core.projections import forces, joint, umap_over_time
from tests.support.refusals import refusal
from tests.support.tables import clustered, distances, still, turned, walk


@pytest.fixture(params=["all pairs", "drawn pairs"])
def _both_regimes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test once as few rows are laid out, and once as many are; in fewer rounds."""
    monkeypatch.setattr(joint, "COARSE", (100, 1.0))
    monkeypatch.setattr(joint, "FINE", (100, 0.3))
    if request.param == "drawn pairs":
        monkeypatch.setattr(forces, "ALL_PAIRS", 8)
        monkeypatch.setattr(joint, "ALL_PAIRS", 8)


both_regimes = pytest.mark.usefixtures("_both_regimes")


def laid_out(vectors: np.ndarray, **settings: Any) -> np.ndarray:
    return umap_over_time(vectors, **{"n_neighbors": 7} | settings)


LAID_OUT: dict[tuple[object, ...], np.ndarray] = {}


def expected(vectors: np.ndarray) -> np.ndarray:
    """What `laid_out` gives for just these: equal arguments give equal bits, as is tested below."""
    regime = (joint.COARSE, joint.FINE, joint.ALL_PAIRS)
    key = (*regime, vectors.dtype.str, vectors.shape, vectors.tobytes())
    if key not in LAID_OUT:
        LAID_OUT[key] = laid_out(vectors)
    return LAID_OUT[key].copy()


def jumps(layout: np.ndarray) -> np.ndarray:
    """How far rows come on average into each step but the first: (S - 1,)."""
    return np.linalg.norm(np.diff(layout, axis=0), axis=-1).mean(1)


CHANGES = {
    "turned": turned,
    "mirrored": lambda vectors: vectors * np.array([-1, *[1] * 7]),
    "shifted": lambda vectors: vectors.astype(float) + np.arange(8),
    "scaled": lambda vectors: vectors.astype(float) * 7.3,
}


@pytest.mark.parametrize("change", CHANGES)
def test_turning_shifting_and_scaling_all_vectors_leaves_the_distances(change: str) -> None:
    vectors = clustered()
    one = distances(expected(vectors))
    other = distances(laid_out(CHANGES[change](vectors)))
    assert np.abs(one - other).max() < 0.01 * one.max()


@pytest.mark.parametrize("factor", [2.0**-60, 4.0, 2.0**60])
@both_regimes
def test_scaling_by_a_power_of_two_changes_nothing(factor: float) -> None:
    vectors = walk(3, 20)
    seen = laid_out(vectors * np.float32(factor))
    np.testing.assert_array_equal(seen, expected(vectors))


@pytest.mark.parametrize("table", [walk(3, 20), clustered(3, 20)])
@both_regimes
def test_relabelled_rows_give_the_relabelled_map_to_the_bit(table: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(20)
    np.testing.assert_array_equal(laid_out(table[:, order]), expected(table)[:, order])


@pytest.mark.parametrize("steps", [2, 5, 30])
@both_regimes
def test_a_still_recording_gives_a_still_map_to_the_bit(steps: int) -> None:
    layout = laid_out(still(steps, 20))
    assert (layout == layout[0]).all()


@both_regimes
def test_equal_arguments_give_equal_bits() -> None:
    np.testing.assert_array_equal(laid_out(walk(3, 20), seed=3), laid_out(walk(3, 20), seed=3))


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("steps", [1, 2, 4])
@both_regimes
def test_every_row_has_a_place_at_every_step(steps: int, dimensions: int) -> None:
    layout = laid_out(walk(steps, 15), dimensions=dimensions)
    assert layout.shape == (steps, 15, dimensions) and layout.dtype == np.float32
    assert np.isfinite(layout).all()


def test_clusters_that_come_forth_come_apart_on_the_map() -> None:
    far = distances(laid_out(clustered(4, 30)))[-1]
    nearest = far.argsort(axis=1)[:, :7]
    assert (nearest % 3 == nearest[:, :1] % 3).all()


@both_regimes
def test_rows_that_are_equal_at_every_step_stand_close_together() -> None:
    vectors = walk(3, 20)
    vectors[:, 1] = vectors[:, 0]
    far = distances(laid_out(vectors))
    others = far[:, 0, 2:].mean()
    assert np.isfinite(far).all() and (far[:, 0, 1] < 0.5 * others).all()


@both_regimes
def test_a_row_that_is_no_number_has_no_place_and_all_others_have() -> None:
    vectors = walk(4, 20)
    vectors[1, 3, 2], vectors[2, 5] = np.nan, np.inf
    gone = ~np.isfinite(vectors).all(-1)
    layout = laid_out(vectors)
    assert np.isnan(layout[gone]).all() and np.isfinite(layout[~gone]).all()


@both_regimes
def test_what_else_a_row_with_a_number_that_is_not_finite_holds_does_not_matter() -> None:
    one, other = walk(3, 20), walk(3, 20)
    one[1, 4] = np.nan
    other[1, 4] = [np.inf, 1e30, 0, -5, 2]
    np.testing.assert_array_equal(laid_out(one), laid_out(other))


@both_regimes
def test_a_last_step_without_numbers_is_left_out_of_the_map() -> None:
    vectors = walk(4, 20)
    vectors[-1] = np.nan
    layout = laid_out(vectors)
    assert np.isnan(layout[-1]).all() and np.isfinite(layout[:-1]).all()


@pytest.mark.parametrize("rows", [3, 4])
def test_too_few_numbers_to_be_judged_are_laid_out_all_the_same(rows: int) -> None:
    vectors = walk(1, rows)
    vectors[0, 2:] = np.nan
    layout = laid_out(vectors, n_neighbors=3)
    assert np.isfinite(layout[0, :2]).all()


@pytest.mark.parametrize("step", [0, 2, 4])
@both_regimes
def test_a_step_whose_rows_are_all_equal_stands_like_those_beside_it(step: int) -> None:
    vectors = walk(5, 20)
    vectors[step] = 0.1
    layout = laid_out(vectors)
    beside = [layout[other] for other in (step - 1, step + 1) if 0 <= other < 5]
    wide = np.abs(layout).max()
    np.testing.assert_allclose(layout[step], np.mean(beside, axis=0), atol=0.05 * wide)


@both_regimes
def test_more_smoothness_makes_smaller_jumps() -> None:
    seen = [jumps(laid_out(walk(4, 20), smoothness=s)).mean() for s in (0, 1, 10, 100)]
    assert (np.diff(seen) < 0).all() and seen[-1] < 0.1 * seen[0]


@both_regimes
def test_steps_far_apart_may_differ_more() -> None:
    vectors = walk(3, 20)
    seen = jumps(laid_out(vectors, steps=np.array([0, 10, 1000])))
    other_way = jumps(laid_out(vectors, steps=np.array([0, 990, 1000])))
    assert seen[0] < seen[1] and other_way[0] > other_way[1]


@both_regimes
def test_equal_gaps_are_no_gaps() -> None:
    vectors = walk(3, 20)
    seen = laid_out(vectors, steps=np.array([5, 25, 45]))
    np.testing.assert_array_equal(seen, expected(vectors))


@pytest.mark.parametrize("new", [[4], [3, 4], [2], [0], [1, 3]])
@both_regimes
def test_known_places_stay_to_the_bit_and_new_steps_follow(new: list[int]) -> None:
    vectors = walk(5, 20)
    whole = expected(vectors)
    known = whole.copy()
    known[new] = np.nan
    grown = laid_out(vectors, known=known)
    old = [step for step in range(5) if step not in new]
    np.testing.assert_array_equal(grown[old], whole[old])
    assert np.isfinite(grown).all()
    assert jumps(grown).max() < 3 * jumps(whole).max()


@both_regimes
def test_a_map_of_which_nothing_is_known_any_more_is_laid_out_anew() -> None:
    vectors = walk(3, 20)
    forgotten = np.full((3, 20, 2), np.nan, np.float32)
    np.testing.assert_array_equal(laid_out(vectors, known=forgotten), expected(vectors))


@both_regimes
def test_a_row_that_is_a_number_again_stands_among_its_neighbours_wherever_the_map_is() -> None:
    vectors = still(4, 20)
    vectors[1, 7] = np.nan
    known = np.full((4, 20, 2), np.nan, np.float32)
    known[:2] = laid_out(vectors[:2]) + 30
    grown = laid_out(vectors, known=known)
    np.testing.assert_array_equal(grown[:2], known[:2])
    apart = distances(grown[2:])[:, 7]
    assert apart.max() < 2 * distances(grown[:1]).max()


@both_regimes
def test_a_new_step_is_laid_out_and_not_only_carried_on() -> None:
    vectors = clustered(5, 20)
    known = expected(vectors)
    known[-1] = np.nan
    grown = laid_out(vectors, known=known)
    assert (grown[-1] != grown[-2]).any()


@pytest.mark.parametrize("growing", [False, True])
@both_regimes
def test_progress_goes_up_from_0_to_1(growing: bool) -> None:
    vectors = walk(3, 15)
    shares: list[float] = []
    known = expected(vectors) if growing else None
    if known is not None:
        known[-1] = np.nan
    laid_out(vectors, known=known, progress=shares.append)
    assert shares[0] == 0 and 0.85 < shares[-1] <= 1
    assert (np.diff(shares) >= 0).all()


@both_regimes
def test_an_exception_from_progress_ends_the_work() -> None:
    heard = []

    def stop(share: float) -> None:
        heard.append(share)
        if share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        laid_out(walk(3, 15), progress=stop)
    assert heard[-1] < 0.3


WRONG: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "vectors must be (steps, rows, channels), got shape (5, 4)": (np.zeros((5, 4)), {}),
    "dimensions must be 2 or 3, got 4": (walk(), {"dimensions": 4}),
    "a map of neighbours needs at least 3 rows, got 2; PCA shows them": (walk(3, 2), {}),
    "n_neighbors must be in [2, 30] for 30 rows, got 1": (walk(), {"n_neighbors": 1}),
    "n_neighbors must be in [2, 30] for 30 rows, got 31": (walk(), {"n_neighbors": 31}),
    "no step has two different rows of finite numbers: nothing to map": (
        np.stack([np.full((9, 3), 0.1), np.full((9, 3), np.nan)]),
        {},
    ),
    "min_dist must be in [0, 1], got -0.1": (walk(), {"min_dist": -0.1}),
    "min_dist must be in [0, 1], got 1.5": (walk(), {"min_dist": 1.5}),
    "min_dist must be in [0, 1], got nan": (walk(), {"min_dist": math.nan}),
    "smoothness must be 0 or more, got -1": (walk(), {"smoothness": -1}),
    "smoothness must be 0 or more, got inf": (walk(), {"smoothness": math.inf}),
    "smoothness must be 0 or more, got nan": (walk(), {"smoothness": math.nan}),
    "known points must have shape (4, 30, 2), NaN where new, got (4, 30, 3)": (
        walk(),
        {"known": np.zeros((4, 30, 3))},
    ),
    "known points must have shape (4, 30, 2), NaN where new, got (3, 30, 2)": (
        walk(),
        {"known": np.zeros((3, 30, 2))},
    ),
    "steps must be 4 numbers, one for each table, got 3": (walk(), {"steps": np.arange(3)}),
    "steps must ascend, got 2 after 2": (walk(), {"steps": np.array([0, 2, 2, 3])}),
    "steps must ascend, got nan after 1": (walk(), {"steps": np.array([0, 1, np.nan, 3])}),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_laid_out_is_refused(words: str) -> None:
    vectors, settings = WRONG[words]
    assert refusal(laid_out, vectors, **settings) == words
