from typing import Any

import numpy as np
import pytest

from explorer.charts.drift import LABELLED, drift_panel, map_panel

LAYOUT = np.array(
    [[[0, 0], [1, 1]], [[2, 0], [1, 3]], [[2, 4], [5, 3]]], np.float64
)  # (S=3, N=2, 2)
MAP: dict[str, Any] = {"key": "m", "title": "Map", "axis_titles": ("component 1", "component 2")}
DISTANCES = np.array([[0, 0], [1, 2], [3, 2.5]])
DRIFT: dict[str, Any] = {"key": "d", "title": "Drift"}


def test_every_point_stands_where_the_layout_says_at_that_step() -> None:
    panel = map_panel(LAYOUT, ["a", "b"], **MAP)
    np.testing.assert_array_equal(panel.moving["0.x"], LAYOUT[:, :, 0])
    np.testing.assert_array_equal(panel.moving["0.y"], LAYOUT[:, :, 1])


def test_the_range_holds_every_step_and_both_axes_have_one_scale() -> None:
    layout = map_panel(LAYOUT, ["a", "b"], **MAP).figure.layout
    assert layout.xaxis.range == (-0.25, 5.25) and layout.yaxis.range == (-0.2, 4.2)
    assert (layout.yaxis.scaleanchor, layout.yaxis.scaleratio) == ("x", 1)


def test_the_trail_ends_at_the_step_shown() -> None:
    panel = map_panel(LAYOUT, ["a", "b"], chosen=1, **MAP)
    nan = np.nan
    np.testing.assert_array_equal(panel.moving["2.x"], [[1, nan, nan], [1, 1, nan], [1, 1, 5]])
    np.testing.assert_array_equal(panel.moving["2.y"], [[1, nan, nan], [1, 3, nan], [1, 3, 3]])


def test_the_ring_goes_with_the_chosen_token_and_the_start_stays() -> None:
    panel = map_panel(LAYOUT, ["a", "b"], chosen=1, **MAP)
    np.testing.assert_array_equal(panel.moving["1.x"], [[1], [1], [5]])
    np.testing.assert_array_equal(panel.moving["1.y"], [[1], [3], [3]])
    start = panel.figure.data[3]
    assert (start.x[0], start.y[0], start.text[0]) == (1, 1, "start")
    assert not any(path.startswith("3.") for path in panel.moving)


def test_without_a_trail_or_a_chosen_token_there_is_none() -> None:
    assert len(map_panel(LAYOUT, ["a", "b"], chosen=1, trail=False, **MAP).figure.data) == 2
    assert len(map_panel(LAYOUT, ["a", "b"], **MAP).figure.data) == 1


def test_only_tokens_can_be_clicked() -> None:
    figure = map_panel(LAYOUT, ["a", "b"], chosen=0, colors=["x", "y"], **MAP).figure
    assert [trace.hoverinfo for trace in figure.data[1:]] == ["skip"] * 5
    assert list(figure.data[0].customdata) == [0, 1]


def test_a_point_with_half_a_place_is_not_drawn() -> None:
    layout = LAYOUT.copy()
    layout[1, 0, 1] = np.inf
    panel = map_panel(layout, ["a", "b"], **MAP)
    assert np.isnan(panel.moving["0.x"][1, 0]) and np.isnan(panel.moving["0.y"][1, 0])
    assert panel.alt.endswith("1 places are not finite.")


def test_categories_have_a_colour_and_a_legend_each() -> None:
    figure = map_panel(LAYOUT, ["a", "b"], colors=["vowel", "<b>"], **MAP).figure
    first, second = figure.data[0].marker.color
    assert first != second
    assert [(t.name, t.marker.color) for t in figure.data[1:]] == [
        ("vowel", first),
        ("&lt;b&gt;", second),
    ]


def test_numbers_colour_by_one_scale_over_all_steps() -> None:
    values = np.array([[0, 1], [2, np.nan], [4, 3]])
    panel = map_panel(LAYOUT, ["a", "b"], colors=values, color_title="entropy", **MAP)
    np.testing.assert_array_equal(panel.moving["0.marker.color"], values)
    marker = panel.figure.data[0].marker
    assert (marker.cmin, marker.cmax, marker.colorbar.title.text) == (0, 4, "entropy")


def test_categories_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one category for each of 2 tokens"):
        map_panel(LAYOUT, ["a", "b"], colors=["x"], **MAP)
    many = np.zeros((1, 8, 2))
    with pytest.raises(ValueError, match="8 categories, more than 7 colours"):
        map_panel(many, list("abcdefgh"), colors=list("abcdefgh"), **MAP)


def test_where_glyphs_would_cover_each_other_there_are_dots_and_it_is_said() -> None:
    count = LABELLED + 1
    panel = map_panel(np.zeros((1, count, 2)), ["a"] * count, **MAP)
    assert panel.figure.data[0].mode == "markers"
    assert f"More than {LABELLED} tokens: dots without glyphs." in panel.alt


def test_each_row_is_a_line_of_its_distances_with_a_gap_after_it() -> None:
    trace = drift_panel(DISTANCES, [0, 1, 10], ["a", "b"], **DRIFT).figure.data[0]
    nan = np.nan
    np.testing.assert_array_equal(trace.y, [0, 1, 3, nan, 0, 2, 2.5, nan])
    np.testing.assert_array_equal(trace.x[:3], [0, 1, 2])
    np.testing.assert_array_equal(trace.x[4:7], [0, 1, 2])
    assert trace.text[5] == "'b' (id 1)" and trace.customdata[6] == 10


def test_the_cursor_is_at_the_index_of_the_step_and_as_high_as_the_axis() -> None:
    panel = drift_panel(DISTANCES, [0, 1, 10], ["a", "b"], **DRIFT)
    np.testing.assert_array_equal(panel.moving["1.x"], [[0, 0], [1, 1], [2, 2]])
    assert panel.figure.data[1].y == panel.figure.layout.yaxis.range == (0, 3.15)
    axis = panel.figure.layout.xaxis
    assert (axis.range, axis.tickvals, axis.ticktext) == ((0, 2), (0, 1, 2), ("0", "1", "10"))


def test_a_dot_runs_along_the_chosen_line() -> None:
    panel = drift_panel(DISTANCES, [0, 1, 10], ["a", "b"], chosen=1, **DRIFT)
    np.testing.assert_array_equal(panel.figure.data[2].y, [0, 2, 2.5])
    np.testing.assert_array_equal(panel.moving["3.x"], [[0], [1], [2]])
    np.testing.assert_array_equal(panel.moving["3.y"], [[0], [2], [2.5]])


def test_alt_names_who_moved_most_and_least() -> None:
    alt = drift_panel(DISTANCES, [0, 1, 10], ["a", "b"], **DRIFT).alt
    assert "'a' has moved most, 3, and 'b' least, 2.5." in alt


def test_steps_that_do_not_ascend_or_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must ascend and be at least one, got \[0, 2, 1\]"):
        drift_panel(DISTANCES, [0, 2, 1], ["a", "b"], **DRIFT)
    with pytest.raises(ValueError, match=r"distances must have shape \(2, 2\), got \(3, 2\)"):
        drift_panel(DISTANCES, [0, 1], ["a", "b"], **DRIFT)
