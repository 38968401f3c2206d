from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.ends import apart
from explorer.charts.parts.moments import with_moments
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.steps import TICKS, step_axis
from explorer.charts.training import gradient_panel, loss_panel, marked
from explorer.panels import Frame

STEPS = [0, 1, 10, 1000]
SERIES = {"training": np.array([4, 3, 2, 1]), "validation": np.array([4, np.nan, 2.5, 2])}
CURVES: dict[str, Any] = {"frame": Frame("c", "Loss"), "scale": Scale("nats per token")}


def test_each_series_is_a_line_by_recorded_index_with_gaps_for_nan() -> None:
    figure = curves_panel(STEPS, SERIES, **CURVES).figure
    np.testing.assert_array_equal(figure.data[0].y, SERIES["training"])
    np.testing.assert_array_equal(figure.data[1].y, SERIES["validation"])
    np.testing.assert_array_equal(figure.data[1].x, [0, 1, 2, 3])
    assert figure.layout.xaxis.ticktext == ("0", "1", "10", "1,000")
    assert not figure.data[1].connectgaps


def test_cursor_and_dots_are_at_the_step_shown() -> None:
    moving = curves_panel(STEPS, SERIES, **CURVES).moving
    np.testing.assert_array_equal(moving["2.x"], [[0, 0], [1, 1], [2, 2], [3, 3]])
    np.testing.assert_array_equal(moving["3.x"], moving["2.x"])
    np.testing.assert_array_equal(moving["3.y"], [[4, 4], [3, np.nan], [2, 2.5], [1, 2]])


def test_the_cursor_crosses_the_whole_axis_whatever_its_scale() -> None:
    for log in (False, True):
        figure = curves_panel(
            STEPS, SERIES, **CURVES | {"scale": Scale("nats per token", log=log)}
        ).figure
        ends = np.array(figure.data[2].y)
        np.testing.assert_allclose(
            np.log10(ends) if log else ends, figure.layout.yaxis.range, rtol=1e-6
        )


def test_the_axis_has_the_limits_of_its_unit_whatever_the_numbers() -> None:
    shares = {"kept": np.array([0.2, 0.3, np.nan, 0.25])}
    figure = curves_panel(
        STEPS, shares, **CURVES | {"scale": Scale("nats per token", limits=(0, 1))}
    ).figure
    assert figure.layout.yaxis.range == figure.data[1].y == (0, 1)
    assert curves_panel(STEPS, shares, **CURVES).figure.layout.yaxis.range != (0, 1)


def test_a_threshold_is_a_dashed_line_across_the_axes_and_no_trace() -> None:
    panel = with_threshold(curves_panel(STEPS, SERIES, **CURVES), Threshold(2.5))
    (line,) = panel.figure.layout.shapes
    assert (line.y0, line.y1, line.x0, line.x1, line.xref) == (2.5, 2.5, 0, 1, "paper")
    assert line.line.dash == "dash" and line.label.text == "threshold 2.5"
    assert len(panel.figure.data) == 4 and panel.alt.endswith("The threshold is 2.5.")
    assert not curves_panel(STEPS, SERIES, **CURVES).figure.layout.shapes


def test_a_threshold_and_steps_that_are_not_the_runs_have_words_of_their_own() -> None:
    curves = curves_panel(STEPS, SERIES, steps_of="of a walk", **CURVES)
    panel = with_threshold(curves, Threshold(2.5, "half <b>", "end"))
    (line,) = panel.figure.layout.shapes
    assert (line.label.text, line.label.textposition) == ("half &lt;b&gt;", "end")
    assert panel.figure.layout.xaxis.title.text == "step of a walk"
    assert panel.alt.startswith("Loss: lines over 4 steps of a walk, from step 0 to 1,000, in")


def test_of_two_series_the_one_that_ends_higher_has_its_number_above() -> None:
    """Also where it was lower for most of the time."""
    crossing = {"a": np.array([1, 1, 1, 5]), "b": np.array([2, 2, 2, np.nan])}
    for series in (crossing, dict(reversed(crossing.items()))):
        figure = curves_panel(STEPS, series, **CURVES).figure
        sides = dict(zip(series, figure.data[3].textposition, strict=True))
        assert sides == {"a": "top center", "b": "bottom center"}


def test_several_lines_have_their_names_at_their_ends_in_their_colours() -> None:
    figure = curves_panel(STEPS, SERIES, **CURVES).figure
    labels = {label.text: label for label in figure.layout.annotations}
    assert not figure.layout.showlegend and list(labels) == list(SERIES)
    assert labels["training"].y < labels["validation"].y  # 1 and 2 at the end
    low, high = figure.layout.yaxis.range
    assert labels["validation"].y == pytest.approx((2 - low) / (high - low))
    for trace in figure.data[:2]:
        assert labels[trace.name].font.color == trace.line.color
    assert figure.layout.margin.r > 10 * 7  # ten letters of about seven pixels
    alone = {"training": SERIES["training"]}
    assert not curves_panel(STEPS, alone, **CURVES).figure.layout.annotations


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.08))
def test_names_keep_their_order_and_distance_inside_the_plot(
    wanted: list[float], gap: float
) -> None:
    places = apart(np.array(wanted), gap)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= gap - 1e-9).all()
    assert places.min() >= 0 and places.max() <= 1
    if len(wanted) == 1:
        assert places == wanted


def test_on_a_logarithmic_scale_zero_is_a_gap() -> None:
    panel = curves_panel(
        STEPS,
        {"rate": np.array([0, 1, 10, 100])},
        **CURVES | {"scale": Scale("nats per token", log=True)},
    )
    np.testing.assert_array_equal(panel.figure.data[0].y, [np.nan, 1, 10, 100])
    np.testing.assert_allclose(panel.figure.layout.yaxis.range, [-0.24, 2.24], rtol=1e-6)


def test_alt_tells_both_ends_and_the_lowest() -> None:
    alt = curves_panel(STEPS, SERIES, **CURVES).alt
    assert "training goes from 4 at step 0 to 1 at step 1,000, lowest 1 at step 1,000." in alt


def test_a_run_of_one_recorded_step_is_a_point() -> None:
    panel = curves_panel([0], {"training": np.array([4.0])}, **CURVES)
    assert panel.figure.data[0].mode == "lines+markers"
    assert panel.figure.layout.xaxis.range == (-0.5, 0.5)


def test_step_ticks_are_few_and_hold_both_ends() -> None:
    axis = step_axis(np.arange(0, 500, 5))
    assert len(axis["tickvals"]) == TICKS
    assert (axis["tickvals"][0], axis["tickvals"][-1]) == (0, 99)
    assert (axis["ticktext"][0], axis["ticktext"][-1]) == ("0", "495")


def test_a_series_of_another_length_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"rate must have shape \(4\), got \(3,\)"):
        curves_panel(STEPS, {"rate": np.zeros(3)}, **CURVES)


def test_the_loss_stands_beside_the_loss_of_guessing() -> None:
    training, validation = np.array([3.0, 2, 1, 0.5]), np.full(4, np.nan)
    panel = loss_panel(STEPS, training, validation, 65, Frame("loss", "Loss"))
    (line,) = panel.figure.layout.shapes
    assert line.y0 == pytest.approx(np.log(65)) and line.label.text == "guessing: ln 65 = 4.17"
    low, high = panel.figure.layout.yaxis.range
    assert low < 0.5 and high > np.log(65)  # although every loss is below
    assert "validation" not in [trace.name for trace in panel.figure.data]


@pytest.mark.parametrize(("late", "side"), [(1.0, "bottom"), (9.0, "top"), (np.nan, "bottom")])
def test_the_words_of_guessing_stand_on_the_side_where_the_loss_is_not(
    late: float, side: str
) -> None:
    losses = np.array([4.2, 4.0, late, late])
    panel = loss_panel(STEPS, losses, np.full(4, np.nan), 65, Frame("loss", "Loss"))
    assert panel.figure.layout.shapes[0].label.yanchor == side


def test_what_is_not_finite_is_marked_where_it_happens() -> None:
    norms = np.array([1.0, 100.0, np.inf, np.nan])
    for panel in (
        gradient_panel(STEPS, norms, Frame("g", "Gradient")),
        loss_panel(STEPS, norms, np.full(4, np.nan), 27, Frame("l", "Loss")),
    ):
        marks = panel.figure.data[-1]
        assert list(marks.x) == [2, 3] and marks.text[0] == "\u221e or NaN"
        assert "At 2 of the steps it is not finite" in panel.alt
    whole = gradient_panel(STEPS, np.array([1.0, 2, 3, 4]), Frame("g", "Gradient"))
    unknown = gradient_panel(STEPS, np.full(4, np.nan), Frame("g", "Gradient"))
    assert len(whole.figure.data) == len(unknown.figure.data) == 3  # an old run has none at all


@pytest.mark.parametrize("log", [False, True])
def test_a_cross_stands_above_the_last_number_and_its_label(log: bool) -> None:
    values = np.array([4, 3, 1000, np.nan])
    scale = Scale("nats per token", log=log)
    before = curves_panel(STEPS, {"training": values}, Frame("c", "Loss"), scale)
    low, high = before.figure.layout.yaxis.range
    after = marked(before, values).figure
    (top,) = np.log10(after.data[-1].y) if log else after.data[-1].y
    share = (top - high) / (high - low)  # of a plot about 150 pixels high; a label has 20
    wild = curves_panel(STEPS, {"training": values * 1e34}, Frame("c", "Loss"), scale)
    assert np.isfinite(marked(wild, values).figure.data[-1].y).all()
    assert share >= 0.2 and after.layout.yaxis.range[1] > top


@pytest.mark.parametrize(
    ("greatest", "form"), [(999_999, ",.3r"), (1e6, ".3g"), (0.5, ",.3r"), (5e-5, ".3g")]
)
def test_numbers_beside_dots_are_written_out_where_they_can_be_read_so(
    greatest: float, form: str
) -> None:
    figure = curves_panel([0, 1], {"training": np.array([np.nan, greatest])}, **CURVES).figure
    assert figure.data[2].texttemplate == f"%{{y:{form}}}"


def test_moments_of_another_clock_are_written_alike_on_axis_and_line() -> None:
    panel = curves_panel(STEPS, {"training": np.ones(4)}, **CURVES)
    figure = with_moments(panel, np.array([0, 0.12345, 987.65, 12_345.6]), "second").figure
    assert figure.data[0].customdata == ("0", "0.1235", "987.6", "12,346")
    assert set(figure.layout.xaxis.ticktext) <= set(figure.data[0].customdata)
