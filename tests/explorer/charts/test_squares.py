import numpy as np
import pytest

from explorer.charts.attention.heads import head_panel
from explorer.charts.attention.stages import stage_panels
from explorer.charts.parts.squares import KEY, NAMED, QUERY, Labels, Style, masked, square
from explorer.panels import Frame

WEIGHTS = np.random.default_rng(0).uniform(0, 1, (2, 3, 3))


def test_what_is_masked_is_blank_above_the_diagonal_and_where_not_finite() -> None:
    weights = WEIGHTS.copy()
    weights[1, 2, 0] = np.inf
    drawn = masked(weights)
    below = np.tri(3, dtype=bool)
    np.testing.assert_array_equal(drawn[0][below], WEIGHTS[0][below].astype(np.float32))
    assert np.isnan(drawn[:, ~below]).all() and np.isnan(drawn[1, 2, 0])
    assert np.isfinite(weights[:, ~below]).all()  # what was given is untouched


def test_what_is_masked_already_is_given_back_itself() -> None:
    once = masked(WEIGHTS)
    assert masked(once) is once
    infinite = once.copy()
    infinite[0, 1, 0] = np.inf
    assert masked(infinite) is not infinite and np.isnan(masked(infinite)[0, 1, 0])
    assert masked(once.astype(np.float64)).dtype == np.float32


def test_a_head_and_its_last_stage_share_one_array() -> None:
    weights = masked(WEIGHTS)
    head = head_panel(weights, Labels("abc"), frame=Frame("h", "Head"))
    last = stage_panels(WEIGHTS, weights, 4, Labels("abc", 2, 1))[-1]
    assert head.moving["0.z"] is weights and last.moving["0.z"] is weights


@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 3), (0, 3, 3)])
def test_what_is_not_square_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"weights must have shape \(S"):
        masked(np.full(shape, np.nan, np.float32))


def test_a_place_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"query must be in \[0, 3\), got 3"):
        Labels("abc", query=3)
    with pytest.raises(ValueError, match=r"key_position must be in \[0, 3\), got -1"):
        Labels("abc", query=1, key=-1)


def test_cells_of_a_very_long_text_tell_positions_only() -> None:
    values = np.zeros((NAMED + 1, NAMED + 1), np.float32)
    text = Labels(["a"] * (NAMED + 1))
    figure = square(values, text, Style(f"{QUERY} reads {KEY}", {}), 400)
    (cells,) = figure.data
    assert cells.text is None and cells.customdata is None
    assert cells.hovertemplate == "query at %{y:d} reads key at %{x:d}<extra></extra>"
