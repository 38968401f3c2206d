"""Bands of quantiles over steps, histograms, and the scale that bends far from zero."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from explorer.charts.normalization.distributions import Quantiles, bands_over_steps_panel
from explorer.charts.parts import theme
from explorer.charts.parts.histograms import histogram_panel
from explorer.charts.parts.scales import Scale, bend_of, bent, bent_axis, edges_between, unbent
from explorer.panels import Frame
from tests.support.refusals import refusal

STEPS = [0, 1, 10, 1000]
LEVELS = (0.01, 0.25, 0.5, 0.75, 0.99)
QUANTILES = np.array([-2, -1, 0, 1, 2]) * np.array([1.0, 2, 3, 4])[:, None]  # (S, K)
BANDS: dict[str, Any] = {"frame": Frame("b", "Stream")}
UNIT = Scale("activation")
NAN = np.nan


def bands(quantiles: np.ndarray = QUANTILES, bend: float | None = None, **more: Any) -> go.Figure:
    scale = Scale("activation", bend=bend)
    return bands_over_steps_panel(
        STEPS, Quantiles(quantiles, LEVELS), scale=scale, **BANDS | more
    ).figure


def test_bands_lie_between_a_quantile_and_its_counterpart_outermost_first() -> None:
    outer, inner, median, *_ = bands().data
    x, y = outer.x[1:9], outer.y[1:9]  # behind the gap it starts with
    np.testing.assert_array_equal(x, [0, 1, 2, 3, 3, 2, 1, 0])
    np.testing.assert_array_equal(y, [-2, -4, -6, -8, 8, 6, 4, 2])
    np.testing.assert_array_equal(inner.y[1:9], [-1, -2, -3, -4, 4, 3, 2, 1])
    np.testing.assert_array_equal(median.y, [0, 0, 0, 0])
    assert [trace.name for trace in (outer, inner, median)] == ["1–99%", "25–75%", "median"]
    assert outer.fill == inner.fill == "toself" and outer.fillcolor != inner.fillcolor


def test_a_step_without_numbers_parts_the_bands() -> None:
    broken = QUANTILES.copy()
    broken[1] = [NAN, 0, 0, 0, np.inf]
    outer, _, median, *_ = bands(broken).data
    np.testing.assert_array_equal(
        outer.x, [NAN, 0, 0, 0, NAN, 2, 3, 3, 2, 2, NAN]
    )  # one polygon at step 0, one over steps 10 and 1,000
    np.testing.assert_array_equal(outer.y[5:9], [-6, -8, 8, 6])
    alt = bands_over_steps_panel(STEPS, Quantiles(broken, LEVELS), scale=UNIT, **BANDS).alt
    assert alt.endswith("1 of the steps have no numbers that can be drawn.")


def test_hover_tells_every_quantile_of_a_step_itself_also_on_a_bent_scale() -> None:
    for bend in (None, 0.1):
        median = bands(bend=bend).data[2]
        np.testing.assert_allclose(median.customdata, np.column_stack([STEPS, QUANTILES]))
        assert "99%: %{customdata[5]" in median.hovertemplate


def test_cursor_and_dot_move_with_the_step_over_the_whole_axis() -> None:
    scale = Scale("activation", limits=(-20, 20))
    panel = bands_over_steps_panel(STEPS, Quantiles(QUANTILES + 1, LEVELS), scale=scale, **BANDS)
    np.testing.assert_array_equal(panel.moving["3.x"], [[0, 0], [1, 1], [2, 2], [3, 3]])
    np.testing.assert_array_equal(panel.moving["4.x"], [[0], [1], [2], [3]])
    np.testing.assert_array_equal(panel.moving["4.y"], [[1]] * 4)
    assert panel.figure.data[3].y == panel.figure.layout.yaxis.range == (-20, 20)


def test_alt_tells_median_and_bounds_of_both_ends() -> None:
    alt = bands_over_steps_panel(STEPS, Quantiles(QUANTILES, LEVELS), scale=UNIT, **BANDS).alt
    assert "At step 0 the median is 0, and 98% lie from -2 to 2." in alt
    assert alt.endswith("At step 1,000 the median is 0, and 98% lie from -8 to 8.")


@pytest.mark.parametrize("levels", [(0.1, 0.9), (0.1, 0.5, 0.8), (0.9, 0.5, 0.1)])
def test_levels_that_make_no_bands_are_refused(levels: tuple[float, ...]) -> None:
    quantiles = np.zeros((4, len(levels)))
    said = refusal(Quantiles, quantiles, levels)
    assert said.startswith("levels must ascend evenly around a median of 0.5, got")


# ---- histograms ----------------------------------------------------------------------------------

EDGES = np.array([0.0, 1, 3])
SHARES = {"before": np.array([[0.25, 0.5], [NAN, NAN]]), "behind": np.array([[0.0, 1.0], [1, 0]])}
HISTOGRAM: dict[str, Any] = {"frame": Frame("h", "Now")}


def test_a_bin_is_a_bar_from_edge_to_edge_as_high_as_its_share() -> None:
    panel = histogram_panel(SHARES, EDGES, scale=UNIT, **HISTOGRAM)
    before, behind = panel.figure.data
    np.testing.assert_array_equal(before.x, [0, 0, 1, 1, 3, 3])
    np.testing.assert_array_equal(panel.moving["0.y"][0], [0, 0.25, 0.25, 0.5, 0.5, 0])
    np.testing.assert_array_equal(panel.moving["1.y"][1], [0, 1, 1, 0, 0, 0])
    assert np.isnan(panel.moving["0.y"][1, 1:-1]).all()
    assert before.text == ("0 to 1",) * 3 + ("1 to 3",) * 3
    assert (before.name, behind.name) == ("before", "behind")


def test_one_scale_holds_all_shares_of_all_steps() -> None:
    figure = histogram_panel(SHARES, EDGES, scale=UNIT, **HISTOGRAM).figure
    assert figure.layout.xaxis.range == (0, 3)
    np.testing.assert_allclose(figure.layout.yaxis.range, [0, 1.05])


def test_alt_tells_the_highest_bin_and_what_lies_outside() -> None:
    shares = {"before": np.array([[0.25, 0.5]]), "none": np.array([[NAN, NAN]])}
    alt = histogram_panel(shares, EDGES, scale=UNIT, **HISTOGRAM).alt
    assert "before is highest from 1 to 3: 0.5 of the numbers; 0.25 lie outside." in alt
    assert alt.endswith("At the last step none has no value that can be drawn.")


# ---- the scale -----------------------------------------------------------------------------------


def test_a_scale_bends_only_where_the_largest_hides_the_others() -> None:
    assert bend_of(np.array([1.0, -2, 50, NAN])) is None
    assert bend_of(np.array([0.0, 1, -1, 2, 1e30, np.inf])) == 1.5
    assert bend_of(np.array([0.0, NAN])) is None


def test_the_scale_is_linear_near_zero_logarithmic_far_away_and_can_be_undone() -> None:
    values = np.array([-1e30, -0.001, 0, 0.001, 7, 1e30])
    places = bent(values, 1.0)
    np.testing.assert_allclose(places[1:4], values[1:4], atol=1e-9)
    assert places[-1] == pytest.approx(np.log(2e30))
    np.testing.assert_allclose(unbent(places, 1.0), values, rtol=1e-12)
    assert bent(values, None) is values


def test_bins_look_equally_wide_on_the_scale() -> None:
    np.testing.assert_allclose(edges_between(-2, 2, 4, None), [-2, -1, 0, 1, 2])
    edges = edges_between(-1e6, 1e6, 10, 1.0)
    np.testing.assert_allclose(edges[[0, 5, 10]], [-1e6, 0, 1e6], atol=1e-9)
    np.testing.assert_allclose(np.diff(bent(edges, 1.0)), np.diff(bent(edges, 1.0))[0])


def test_ticks_tell_numbers_on_both_sides_of_zero_and_stay_within_the_axis() -> None:
    axis = bent_axis(-1e3, 1e6, 1.0)
    told = [float(text) for text in axis["ticktext"]]
    np.testing.assert_allclose(bent(np.array(told), 1.0), axis["tickvals"])
    assert told == sorted(told) and 0 in told
    assert -1e3 <= min(told) < 0 < max(told) <= 1e6 and len(told) <= 9
    assert bent_axis(-1, 1, None) == {"nticks": 6}


def test_ticks_of_a_wide_scale_do_not_lie_on_each_other() -> None:
    axis = bent_axis(-1e12, 1e12, 0.7)
    apart = np.diff(axis["tickvals"]) / (2 * bent(np.array(1e12), 0.7))
    assert len(apart) >= 2 and apart.min() > 0.08
    assert axis["ticktext"][len(axis["ticktext"]) // 2] == "0"


def test_a_colour_with_opacity_has_its_bytes_as_numbers() -> None:
    assert theme.with_opacity("#E6007A", 0.5) == "rgba(230, 0, 122, 0.5)"


def test_a_light_band_keeps_the_hue_of_its_line() -> None:
    figure = bands(colour=theme.CATEGORIES[1])
    assert figure.data[2].line.color == "#C04A00"
    assert figure.data[0].fillcolor.startswith("rgba(192, 74, 0, ")
