"""One basis for all steps, against scikit-learn and closed forms."""

import numpy as np
import pytest
from sklearn.decomposition import PCA as Reference

from model_core.projections import axis_over_time, pca_over_time
from tests.support.refusals import refusal


def moving(steps: int = 5, rows: int = 20, channels: int = 7, seed: int = 0) -> np.ndarray:
    """A table that drifts, with axes of clearly different variance: (S, N, C) float32."""
    draw = np.random.default_rng(seed)
    scales = np.linspace(3, 0.5, channels)
    vectors = draw.normal(size=(steps, rows, channels)).cumsum(0) * scales + draw.normal(
        size=channels
    )
    return vectors.astype(np.float32)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_map_is_scikit_learns_of_all_steps_together(dimensions: int) -> None:
    vectors = moving()
    seen = pca_over_time(vectors, dimensions)
    reference = Reference(dimensions, svd_solver="full").fit(vectors.reshape(-1, 7).astype(float))
    signs = np.sign((seen.components * reference.components_).sum(1))
    np.testing.assert_allclose(seen.components, signs[:, None] * reference.components_, atol=1e-6)
    np.testing.assert_allclose(seen.mean, reference.mean_, atol=1e-6)
    np.testing.assert_allclose(seen.explained, reference.explained_variance_ratio_, atol=1e-8)
    layout = reference.transform(vectors.reshape(-1, 7)) * signs
    assert seen.layout.shape == (5, 20, dimensions)
    assert seen.layout.dtype == np.float32
    np.testing.assert_allclose(seen.layout.reshape(-1, dimensions), layout, atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_each_axis_points_to_the_farthest_row_of_the_first_step(seed: int) -> None:
    for vectors in (moving(seed=seed), -moving(seed=seed)):
        layout = pca_over_time(vectors, 3).layout[0]
        away = layout - layout.mean(0)
        assert (away[np.abs(away).argmax(0), range(3)] > 0).all()


def test_where_the_first_rows_are_equal_the_largest_coefficient_is_positive() -> None:
    vectors = moving()
    vectors[0] = 0.1
    components = pca_over_time(vectors, 3).components
    assert (components[range(3), np.abs(components).argmax(1)] > 0).all()


def test_mirrored_vectors_give_the_same_map() -> None:
    one, other = pca_over_time(moving()), pca_over_time(-moving())
    np.testing.assert_allclose(one.layout, other.layout, atol=1e-4)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_points_stay_while_steps_come_that_the_axes_are_not_fitted_on(dimensions: int) -> None:
    vectors, basis = moving(9), np.arange(4)
    shown = [pca_over_time(vectors[:count], dimensions, basis).layout for count in (4, 5, 9)]
    for layout in shown[1:]:
        np.testing.assert_array_equal(layout[:4], shown[0])
    alone = pca_over_time(vectors[:4], dimensions).components
    np.testing.assert_array_equal(pca_over_time(vectors, dimensions, basis).components, alone)


def test_axes_are_orthonormal() -> None:
    components = pca_over_time(moving(), 3).components
    np.testing.assert_allclose(components @ components.T, np.eye(3), atol=1e-12)


def test_points_on_a_line_are_explained_by_one_axis() -> None:
    along = np.array([[0.0, 1, 3], [4, 5, 6]])  # at the first step the last row is the farthest
    vectors = along[..., None] * np.array([3.0, 4.0])
    seen = pca_over_time(vectors)
    np.testing.assert_allclose(seen.components[0], [0.6, 0.8], atol=1e-12)
    np.testing.assert_allclose(seen.explained, [1, 0], atol=1e-12)
    np.testing.assert_allclose(seen.layout[..., 0], 5 * (along - along.mean()), atol=1e-5)
    np.testing.assert_allclose(seen.layout[..., 1], 0, atol=1e-5)


def test_what_stands_still_stands_still_on_the_map() -> None:
    vectors = moving()
    vectors[:, 3] = vectors[0, 3]
    layout = pca_over_time(vectors).layout
    assert (layout[:, 3] == layout[0, 3]).all()


def test_with_fewer_channels_than_dimensions_the_last_axes_are_zero() -> None:
    seen = pca_over_time(moving(channels=1), 3)
    np.testing.assert_allclose(seen.explained, [1, 0, 0])
    assert (seen.components[1:] == 0).all()
    assert (seen.layout[..., 1:] == 0).all()
    assert (seen.layout[..., 0] != 0).any()


def test_rows_that_are_no_numbers_are_left_out_and_have_no_place() -> None:
    vectors = moving()
    vectors[2, 5] = np.nan
    vectors[4, 0, 3] = np.inf
    whole = np.isfinite(vectors).all(-1)
    seen = pca_over_time(vectors)
    reference = Reference(2, svd_solver="full").fit(vectors[whole].astype(float))
    np.testing.assert_allclose(seen.explained, reference.explained_variance_ratio_, atol=1e-8)
    assert np.isnan(seen.layout[~whole]).all()
    assert np.isfinite(seen.layout[whole]).all()


def test_a_table_without_any_number_is_refused() -> None:
    words = refusal(pca_over_time, np.full((2, 3, 4), np.nan))
    assert words == "no row of the table has only finite numbers; choose an earlier step"


@pytest.mark.parametrize("shape", [(1, 1, 4), (3, 5, 4)])
def test_equal_rows_stand_on_one_place_and_explain_nothing(shape: tuple[int, ...]) -> None:
    seen = pca_over_time(np.full(shape, 7.0, dtype=np.float32))
    assert (seen.layout == 0).all()
    assert seen.explained.tolist() == [0, 0]


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_tiny_and_huge_numbers_keep_their_proportions(scale: float) -> None:
    one, other = pca_over_time(moving()), pca_over_time(moving() * np.float64(scale))
    np.testing.assert_allclose(other.explained, one.explained, rtol=1e-5)
    np.testing.assert_allclose(other.layout / np.float32(scale), one.layout, rtol=1e-3, atol=1e-4)


def test_the_same_vectors_always_give_the_same_map() -> None:
    assert np.array_equal(pca_over_time(moving()).layout, pca_over_time(moving()).layout)


def test_vectors_of_another_shape_are_refused() -> None:
    assert (
        refusal(pca_over_time, np.zeros((2, 3)))
        == "vectors must be (steps, rows, channels), got shape (2, 3)"
    )


@pytest.mark.parametrize("basis", [0, -1, 2])
def test_the_axes_of_one_step_are_scikit_learns_fitted_on_that_step(basis: int) -> None:
    vectors = moving()
    seen = pca_over_time(vectors, 3, basis)
    reference = Reference(3, svd_solver="full").fit(vectors[basis].astype(float))
    signs = np.sign((seen.components * reference.components_).sum(1))
    np.testing.assert_allclose(seen.components, signs[:, None] * reference.components_, atol=1e-6)
    layout = reference.transform(vectors.reshape(-1, 7)) * signs
    np.testing.assert_allclose(seen.layout.reshape(-1, 3), layout, atol=1e-4)


def test_what_is_explained_is_of_all_steps_whatever_the_basis() -> None:
    vectors = moving()
    seen = pca_over_time(vectors, 2, basis=0)
    variance = vectors.reshape(-1, 7).astype(float).var(0).sum()
    expected = seen.layout.reshape(-1, 2).astype(float).var(0) / variance
    np.testing.assert_allclose(seen.explained, expected, rtol=1e-5)
    assert seen.explained.sum() < pca_over_time(vectors, 2).explained.sum()


@pytest.mark.parametrize("basis", [5, -6])
def test_a_step_that_is_not_there_is_refused(basis: int) -> None:
    words = refusal(pca_over_time, moving(), basis=basis)
    assert words == f"basis must be one of 5 steps, got {basis}"


def test_arrows_are_where_moved_vectors_lie_on_the_map() -> None:
    vectors = moving()
    moves = moving(seed=1)
    seen = pca_over_time(vectors)
    moved = (vectors.astype(float) + moves - seen.mean) @ seen.components.T
    np.testing.assert_allclose(seen.arrows(moves), moved - seen.layout, atol=1e-4)
    assert seen.arrows(moves).dtype == np.float32


def test_a_move_that_is_no_number_has_no_arrow() -> None:
    moves = moving()
    moves[1, 2, 3], moves[2, 4] = np.nan, np.inf
    gone = ~np.isfinite(moves).all(-1)
    arrows = pca_over_time(moving()).arrows(moves)
    assert not np.isfinite(arrows[gone]).any() and np.isfinite(arrows[~gone]).all()


def test_an_axis_by_hand() -> None:
    # From (0, 0) to (6, 8): 10 long, half way at (3, 4); across it lies (4, -3) / 5.
    vectors = np.array([[[0.0, 0.0], [6.0, 8.0], [7.0, 1.0], [3.0, 4.0]]])
    seen = axis_over_time(vectors, [0], [1])
    np.testing.assert_allclose(seen.components, [[0.6, 0.8], [0.8, -0.6]], atol=1e-12)
    np.testing.assert_allclose(seen.layout[0, :, 0], [-5, 5, 0, 0], atol=1e-6)
    across = np.array([0, 0, 5, 0]) - 1.25  # around the mean of all
    np.testing.assert_allclose(seen.layout[0, :, 1], across, atol=1e-6)


@pytest.mark.parametrize("basis", [None, 0, -1, 2])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_an_axis_leads_from_mean_to_mean_and_0_lies_half_way(
    dimensions: int, basis: int | None
) -> None:
    vectors, start, end = moving(), [1, 4, 7], [2, 3]
    seen = axis_over_time(vectors, start, end, dimensions, basis)
    at = slice(None) if basis is None else [basis]
    first, last = (vectors[at][:, rows].astype(float).mean((0, 1)) for rows in (start, end))
    direction = (last - first) / np.linalg.norm(last - first)
    np.testing.assert_allclose(seen.components[0], direction, atol=1e-9)
    np.testing.assert_allclose(seen.components @ seen.components.T, np.eye(dimensions), atol=1e-9)
    places = (np.stack([first, last]) - seen.mean) @ seen.components[0]
    half = np.linalg.norm(last - first) / 2
    np.testing.assert_allclose(places, [-half, half], rtol=1e-6)


def test_the_other_axes_are_principal_in_what_is_orthogonal_to_the_first() -> None:
    vectors = moving()
    seen = axis_over_time(vectors, [0], [1], 3)
    points = vectors.reshape(-1, 7).astype(float)
    axis = seen.components[0]
    rest = points - np.outer(points @ axis, axis)
    reference = Reference(2, svd_solver="full").fit(rest).components_
    np.testing.assert_allclose(np.abs((seen.components[1:] * reference).sum(1)), 1, atol=1e-9)


def test_an_axis_without_ends_or_length_is_refused() -> None:
    for name, start, end in (("start", [], [1]), ("end", [1], [])):
        words = refusal(axis_over_time, moving(), start, end)
        assert words == f"the axis has no token at its {name}; choose one at least"
    words = refusal(axis_over_time, moving(), [1, 2], [2, 1])
    assert words == "both ends of the axis have the same mean; choose other tokens"


def test_ends_of_which_no_row_is_a_number_are_refused() -> None:
    vectors = moving()
    vectors[:, 3] = np.nan
    words = refusal(axis_over_time, vectors, [3], [1])
    assert words == "no row of the table has only finite numbers; choose an earlier step"
