from typing import Any

import numpy as np
import pytest

from explorer.charts.attention.heads import head_panel, mosaic
from explorer.charts.parts.squares import Labels
from explorer.levels import levels
from explorer.panels import Frame, Mosaic, Roles

WEIGHTS = np.array(
    [[[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]], [[1, 0, 0], [0, 1, 0], [0, 0.75, 0.25]]]
)
LABELS = ["k", "o", "k"]  # S=2, T=3
NOBODY = 255
HEAD: dict[str, Any] = {"frame": Frame("h", "Head")}


def random_weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, shape)


def test_a_level_of_the_mosaic_is_the_nearest_to_its_weight() -> None:
    weights = random_weights(2, 2, 3, 5, 5)
    found = levels(weights)
    below = weights[..., *np.tril_indices(5)]
    assert found.dtype == np.uint8 and found.shape == below.shape == (2, 2, 3, 15)
    assert np.abs(found / 254 - below).max() <= 1 / 508 + 1e-7


def test_levels_stand_one_query_after_the_other_without_masked_keys() -> None:
    weights = np.array([[4, 9, 9], [5, 6, 9], [7, 8, 9]]) / 254
    assert levels(weights).tolist() == [4, 5, 6, 7, 8, 9]


def test_zero_and_one_are_exact_in_the_mosaic_and_nothing_wraps_around() -> None:
    column = [0.0, 1.0, 1.0000001, -1e-9, np.nan, np.inf, -np.inf]
    weights = np.repeat(column, 7).reshape(7, 7)
    first_keys = np.cumsum([0, 1, 2, 3, 4, 5, 6])
    assert levels(weights)[first_keys].tolist() == [0, 254, 254, 0, 255, 255, 255]
    assert np.isnan(weights[4]).all(), "what is given stays as it is"


def heads(weights: np.ndarray, **change: Any) -> Mosaic:
    return mosaic(levels(weights), weights.shape[-1], frame=Frame("m", "Heads"), **change)


def test_the_mosaic_names_the_sharpest_head_and_keeps_what_is_selected() -> None:
    weights = np.full((1, 2, 2, 3, 3), 1 / 3)
    weights[0, 1, 0] = np.eye(3)
    panel = heads(weights, selected=(1, 1))
    assert "head 0 of layer 1 is the sharpest: its queries give 1 to one key" in panel.alt
    assert panel.selected == (1, 1)


def test_the_sharpest_of_random_heads_is_the_one_that_plain_numpy_finds() -> None:
    weights = np.tril(random_weights(1, 3, 4, 6, 6))
    weights[0, 2, 3] += np.tri(6) * (1 - weights[0, 2, 3].max(-1, keepdims=True))
    peak = (np.rint(weights[0, 2, 3].max(-1) * 254) / 254).mean()
    assert f"head 3 of layer 2 is the sharpest: its queries give {peak:.3g}" in heads(weights).alt


def test_what_is_not_finite_is_counted_where_it_can_be_read() -> None:
    weights = np.full((1, 1, 1, 3, 3), np.nan)
    assert "6 weights are not finite" in heads(weights).alt
    assert "not finite" not in heads(np.zeros((1, 1, 1, 3, 3))).alt


def test_the_mosaic_says_which_heads_have_a_role_at_the_last_step() -> None:
    roles = np.full((2, 2, 2), NOBODY, np.uint8)
    roles[0, 0, 0] = 0
    roles[1, 1, 0] = 1
    panel = heads(np.zeros((2, 2, 2, 3, 3)), roles=Roles(roles, ["sink", "induction"]))
    assert "At the last step head 0 of layer 1 is induction." in panel.alt


def test_levels_are_told_of_queries_by_as_many_keys() -> None:
    for shape in ((1, 1, 1, 3, 4), (0, 0), (3,)):
        with pytest.raises(ValueError, match="queries by as many keys, got shape"):
            levels(np.zeros(shape))


def test_the_mosaic_wants_the_levels_of_as_many_queries_as_it_is_told() -> None:
    with pytest.raises(
        ValueError, match=r"of 4 queries must be \(S, L, H, 10\), got \(1, 1, 1, 6\)"
    ):
        mosaic(np.zeros((1, 1, 1, 6), np.uint8), 4, frame=Frame("m", "Heads"))


def test_a_head_shows_its_weights_and_leaves_masked_cells_blank() -> None:
    drawn = head_panel(WEIGHTS, Labels(LABELS), **HEAD).moving["0.z"]
    below = np.tri(3, dtype=bool)
    np.testing.assert_array_equal(drawn[:, below], WEIGHTS[:, below].astype(np.float32))
    assert np.isnan(drawn[:, ~below]).all()


def test_the_colours_of_a_head_are_fixed_to_zero_and_one() -> None:
    trace = head_panel(0.1 * WEIGHTS, Labels(LABELS), **HEAD).figure.data[0]
    assert (trace.zmin, trace.zmax) == (0, 1)


def test_queries_are_rows_from_the_top_and_keys_are_columns_of_square_cells() -> None:
    layout = head_panel(WEIGHTS, Labels(LABELS), **HEAD).figure.layout
    assert layout.yaxis.title.text == "query (reads)" and layout.yaxis.range == (2.5, -0.5)
    assert layout.xaxis.title.text == "key (is read)" and layout.xaxis.range == (-0.5, 2.5)
    assert layout.yaxis.scaleanchor == "x"
    assert layout.xaxis.ticktext == layout.yaxis.ticktext == ("k 0", "o", "k 2")


def test_hover_tells_query_and_key_in_words() -> None:
    trace = head_panel(WEIGHTS, Labels(["a", "b", "<b>"]), **HEAD).figure.data[0]
    assert trace.hovertemplate == (
        "query '%{text}' at %{y:d} gives %{z:.3~p} of its attention to "
        "key '%{customdata}' at %{x:d}<extra></extra>"
    )
    assert trace.text[2][0] == "&lt;b&gt;" and trace.customdata[2][0] == "a"


def test_the_frame_of_a_query_holds_what_it_may_read() -> None:
    (frame,) = head_panel(WEIGHTS, Labels(LABELS, query=1), **HEAD).figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 1.5, 0.5, 1.5)


def test_alt_of_a_head_names_its_largest_weight_beyond_the_first_query() -> None:
    assert "is 1: 'o' at 1 reads 'o' at 1." in head_panel(WEIGHTS, Labels(LABELS), **HEAD).alt
