"""Arrows on a map of neighbours: exact on a linear map, but for the ridge."""

import numpy as np
import pytest

from model_core.projections import arrows_on_map
from tests.support.tables import still, turned, walk


def linear(vectors: np.ndarray, dimensions: int = 2) -> np.ndarray:
    """A linear map of vectors (..., C) that is no projection: (..., dimensions)."""
    matrix = np.random.default_rng(8).normal(size=(vectors.shape[-1], dimensions))
    return vectors.astype(np.float64) @ matrix + 3


def directions(vectors: np.ndarray) -> np.ndarray:
    return np.random.default_rng(9).normal(size=vectors.shape)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_arrows_are_the_moves_themselves_on_a_linear_map(dimensions: int) -> None:
    vectors = walk(3, 40)
    moves = directions(vectors)
    expected = linear(vectors + moves, dimensions) - linear(vectors, dimensions)
    seen = arrows_on_map(vectors, linear(vectors, dimensions), moves)
    assert seen.shape == expected.shape and seen.dtype == np.float32
    off = np.linalg.norm(seen - expected, axis=-1) / np.linalg.norm(moves, axis=-1)
    assert np.median(off) < 0.02 and off.max() < 0.2  # the ridge


def test_an_arrow_is_the_formula_for_one_row() -> None:
    vectors, ridge = walk(1, 12)[0].astype(float), 1e-3
    layout, moves = walk(1, 12, 2, 5)[0], directions(vectors)
    near = np.linalg.norm(vectors - vectors[0], axis=1).argsort()[1:5]
    X, Y = vectors[near] - vectors[0], layout[near].astype(float) - layout[0]
    least = ridge * (X**2).sum(1).mean()
    # by least squares in the channels: (X' X + ridge I)^-1 X' Y, the same by the push-through law
    fitted = np.linalg.solve(X.T @ X + least * np.eye(5), X.T @ Y)
    seen = arrows_on_map(vectors[None], layout[None], moves[None], n_neighbors=5)
    np.testing.assert_allclose(seen[0, 0], moves[0] @ fitted, rtol=1e-4)


def test_what_is_orthogonal_to_all_neighbours_is_not_in_the_arrow() -> None:
    vectors = walk(2, 20)
    vectors[..., 4] = 0
    moves = np.zeros(vectors.shape)
    moves[..., 4] = 7
    np.testing.assert_allclose(arrows_on_map(vectors, walk(2, 20, 2, 5), moves), 0, atol=1e-6)


def test_arrows_turn_with_the_map_and_not_with_the_vectors() -> None:
    vectors, layout = walk(2, 20), walk(2, 20, 2, 5)
    moves = directions(vectors)
    seen = arrows_on_map(vectors, layout, moves)
    again = arrows_on_map(turned(vectors), layout, turned(moves))
    np.testing.assert_allclose(again, seen, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        arrows_on_map(vectors, turned(layout), moves), turned(seen), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("what", range(3))
def test_a_row_without_vector_place_or_move_has_no_arrow_and_all_others_have(what: int) -> None:
    vectors, layout, moves = walk(2, 20), walk(2, 20, 2, 5), walk(2, 20, 5, 6)
    (vectors, layout, moves)[what][1, 3] = np.nan
    if what == 0:
        layout[1, 3] = np.nan  # such a row is on no map
    seen = arrows_on_map(vectors, layout, moves)
    gone = np.zeros((2, 20), bool)
    gone[1, 3] = True
    assert np.isnan(seen[gone]).all()
    assert np.isfinite(seen[~gone]).all()


def test_a_neighbour_without_a_place_bends_no_arrow() -> None:
    vectors = walk(1, 40)
    moves, layout = directions(vectors), linear(vectors) + 1000
    layout[0, 3] = np.nan
    expected = linear(moves) - 3
    off = np.linalg.norm(arrows_on_map(vectors, layout, moves) - expected, axis=-1)
    assert np.nanmax(off / np.linalg.norm(moves, axis=-1)) < 0.2  # the ridge


def test_equal_rows_have_arrows_of_length_0() -> None:
    vectors = np.full((2, 6, 3), 0.1, np.float32)
    seen = arrows_on_map(vectors, still(2, 6, 2), np.ones((2, 6, 3)))
    np.testing.assert_allclose(seen, 0, atol=1e-6)
