from typing import Any

import numpy as np
import pytest

from explorer.charts.normalization.depth import Sites, depth_panel, token_depth_panel
from explorer.charts.normalization.model import Drawn, model_panel
from explorer.charts.normalization.strips import strips_panel
from explorer.charts.normalization.variants import lengths_panel
from explorer.charts.normalization.way import way_panel
from explorer.charts.parts import theme
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame

NAMES = ["blocks.0.ln1", "ln_f"]
SERIES = {"before": np.array([[1, 10], [2, 100]]), "after": np.array([[1, 1], [1, 1]])}
DEPTH: dict[str, Any] = {"frame": Frame("n", "Spread")}
VALUES = np.array([[[1, 10, 100], [0.1, 1, 10]]])  # (S=1, K=2, T=3)


def test_each_series_is_a_line_over_the_depth_that_moves_with_the_step() -> None:
    panel = depth_panel(SERIES, Sites(NAMES), scale=Scale("std"), **DEPTH)
    assert [trace.name for trace in panel.figure.data] == ["before", "after"]
    np.testing.assert_array_equal(panel.moving["0.y"], SERIES["before"])
    np.testing.assert_array_equal(panel.moving["1.y"], SERIES["after"])
    assert panel.figure.layout.xaxis.ticktext == ("blocks.0.ln1", "ln_f")


def test_places_that_are_no_parts_of_a_model_are_not_called_a_depth() -> None:
    losses = {"none": np.array([3.0, 2.0]), "batch-pre": np.array([3.0, 1.0])}
    panel = lengths_panel(losses, [4, 8], frame=Frame("l", "Windows"))
    axis = panel.figure.layout.xaxis
    assert (axis.title.text, axis.ticktext) == ("tokens in a window", ("4", "8"))
    said = "Windows: lines over 2 points (tokens in a window), 1 recorded step, in nats per token."
    assert panel.alt.startswith(said) and not panel.moving


def test_one_scale_holds_all_series_and_steps() -> None:
    low, high = depth_panel(
        SERIES, Sites(NAMES), scale=Scale("std"), **DEPTH
    ).figure.layout.yaxis.range
    np.testing.assert_allclose([low, high], [1 - 4.95, 100 + 4.95], rtol=1e-6)


def test_a_logarithmic_axis_has_its_range_in_powers_of_ten() -> None:
    axis = depth_panel(
        SERIES, Sites(NAMES), scale=Scale("std", log=True), **DEPTH
    ).figure.layout.yaxis
    assert axis.type == "log"
    np.testing.assert_allclose(axis.range, [-0.1, 2.1], rtol=1e-6)
    assert axis.ticktext == ("1", "2", "5", "10", "20", "50", "100")


def test_per_step_ranges_follow_the_step() -> None:
    moving = depth_panel(
        SERIES, Sites(NAMES), scale=Scale("std", log=True, per_step=True), **DEPTH
    ).moving
    np.testing.assert_allclose(
        moving["layout.yaxis.range"], [[-0.05, 1.05], [-0.1, 2.1]], rtol=1e-6
    )


def test_what_is_not_positive_is_a_gap_on_a_logarithmic_scale_only() -> None:
    series = {"before": np.array([[0.0, -1.0], [2.0, np.inf]])}
    moving = depth_panel(series, Sites(NAMES), scale=Scale("std", log=True), **DEPTH).moving
    np.testing.assert_array_equal(moving["0.y"], [[np.nan, np.nan], [2, np.nan]])
    moving = depth_panel(series, Sites(NAMES), scale=Scale("std"), **DEPTH).moving
    np.testing.assert_array_equal(moving["0.y"], [[0, -1], [2, np.nan]])


def test_a_legend_only_where_there_is_more_than_one_series() -> None:
    assert depth_panel(SERIES, Sites(NAMES), scale=Scale("std"), **DEPTH).figure.layout.showlegend
    alone = {"before": SERIES["before"]}
    assert not depth_panel(
        alone, Sites(NAMES), scale=Scale("std"), **DEPTH
    ).figure.layout.showlegend


def test_alt_names_the_norms_of_the_extremes() -> None:
    alt = depth_panel(SERIES, Sites(NAMES), scale=Scale("std"), **DEPTH).alt
    assert "before is lowest at blocks.0.ln1 (2) and highest at ln_f (100)." in alt


def test_tokens_are_rows_and_norms_columns() -> None:
    panel = token_depth_panel(VALUES, Sites(NAMES), list("aba"), scale=Scale("std"), **DEPTH)
    np.testing.assert_array_equal(
        panel.moving["0.z"][0], [[1, np.float32(0.1)], [10, 1], [100, 10]]
    )
    assert panel.figure.layout.yaxis.ticktext == ("a 0", "b", "a 2")


def test_a_logarithmic_colour_tells_the_number_itself() -> None:
    panel = token_depth_panel(
        VALUES, Sites(NAMES), list("abc"), scale=Scale("std", log=True), **DEPTH
    )
    coloured, told = panel.moving["0.z"], panel.moving["0.customdata"]
    np.testing.assert_allclose(coloured[0], [[0, -1], [1, 0], [2, 1]], atol=1e-6)
    np.testing.assert_allclose(10.0**coloured, told, rtol=1e-5)
    bar = panel.figure.data[0].colorbar
    np.testing.assert_allclose(10 ** np.array(bar.tickvals), [float(t) for t in bar.ticktext])


def test_alt_names_token_and_norm_of_the_extremes() -> None:
    alt = token_depth_panel(VALUES, Sites(NAMES), list("abc"), scale=Scale("std"), **DEPTH).alt
    assert "from 0.1 ('a' at 0, ln_f) to 100 ('c' at 2, blocks.0.ln1)." in alt


def test_names_that_do_not_fit_are_refused_with_the_series_named() -> None:
    with pytest.raises(ValueError, match=r"before must have shape \(S, 1\), got \(2, 2\)"):
        depth_panel(SERIES, Sites(["ln_f"]), scale=Scale("std"), **DEPTH)


def test_nan_is_written_over_the_parts_that_hold_it_and_the_first_failing_part_is_framed() -> None:
    drawn = Drawn(["a", "b", "c"], ["stream", "norm", "MLP"], ["", "block 0", "block 0"], first=1)
    values, lost = np.array([[1.0, np.nan, 3], [2, np.nan, 4]]), np.array([[0, 0, 0], [0, 5, 1]])
    panel = model_panel({"x": values}, lost, drawn, Frame("k", "T"), Scale("u", log=True))
    assert np.isfinite(panel.moving["1.y"]).tolist() == [[False] * 3, [False, True, True]]
    assert panel.figure.data[1].text == ("NaN",) * 3 and panel.figure.data[0].connectgaps
    assert (panel.figure.layout.shapes[-1].x0, panel.figure.layout.shapes[-1].x1) == (0.5, 1.5)
    assert panel.alt.endswith("At the last step 2 parts hold NaN or infinity, first b.")


def test_the_way_of_numbers_has_their_means_and_says_what_is_not_finite() -> None:
    stages = {"before": np.array([[1.0, 3], [np.inf, 1]]), "after": np.array([[-1.0, 1], [0, 0]])}
    panel = way_panel(stages, 1, Frame("k", "T"))
    np.testing.assert_array_equal(panel.moving["1.x"][0], [1, 3, -1, 1])
    np.testing.assert_array_equal(panel.moving["2.x"][0], [2, 0])
    np.testing.assert_array_equal(panel.moving["3.x"][0], [3, 1])
    assert np.isfinite(panel.moving["4.x"]).tolist() == [[False, False], [True, False]]
    assert "before there is NaN or infinity; after it is 0, the mean 0." in panel.alt


def test_strips_are_lit_where_a_token_moved_and_zero_is_no_light() -> None:
    moved = {"batch": np.array([[0.0, 2.0]]), "layer": np.zeros((1, 2))}
    panel = strips_panel(moved, ["a", "b"], Frame("k", "T"), unit="u")
    rows = panel.moving["0.z"][0]
    assert (
        rows[2].tolist() == [0, 2]
        and rows[5].tolist() == [0, 0]
        and np.isnan(rows[[0, 1, 3, 4]]).all()
    )
    assert panel.figure.data[0].zmin == 0 and panel.figure.data[0].colorscale[0][1] == theme.PAPER
    assert "batch: 'b' at 1 moves most, by 2; layer: no token moves, exactly 0." in panel.alt
