from typing import Any

import numpy as np
import pytest

from explorer.charts.attention.roles import costs_panel, role_curves_panel, scores_panel
from explorer.charts.parts import theme
from explorer.charts.parts.labels import width
from explorer.panels import Frame
from explorer.picks import Heads

SCORES = np.random.default_rng(0).uniform(0, 1, (3, 2, 4, 3))  # (S, L, H, M)
MEASURES = ["previous token", "first token", "<b>"]
ROLES: dict[str, Any] = {"frame": Frame("r", "Roles"), "selected": (1, 2)}
COSTS = np.array([[0.5, -0.25], [0.125, 0.0]])
COST: dict[str, Any] = {"frame": Frame("c", "Costs"), "selected": (1, 0)}


def test_the_row_of_a_head_is_layer_times_heads_plus_head() -> None:
    panel = scores_panel(SCORES, MEASURES, 0.4, **ROLES)
    for layer in range(2):
        for head in range(4):
            drawn = panel.moving["0.z"][:, layer * 4 + head]
            np.testing.assert_allclose(drawn, SCORES[:, layer, head], rtol=1e-6)
    assert panel.figure.data[0].text[6][0] == "layer 1 head 2" and panel.picks == Heads(2, 4)


def test_colours_of_scores_are_fixed_and_the_bar_tells_the_threshold() -> None:
    trace = scores_panel(SCORES / 9, MEASURES, 0.4, **ROLES).figure.data[0]
    assert (trace.zmin, trace.zmax) == (0, 1)
    assert trace.colorbar.tickvals == (0, 0.4, 1) and trace.colorbar.ticktext[1] == "0.4 role"


def test_hover_of_a_score_names_head_and_measure() -> None:
    trace = scores_panel(SCORES, MEASURES, 0.4, **ROLES).figure.data[0]
    assert trace.hovertemplate == (
        "%{text}, %{customdata}: %{z:.4~g} (a role from 0.4)<extra></extra>"
    )
    assert trace.customdata[0][2] == "&lt;b&gt;"


def test_the_selected_head_is_framed_over_all_measures() -> None:
    (frame,) = scores_panel(SCORES, MEASURES, 0.4, **ROLES).figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 2.5, 5.5, 6.5)


def test_names_that_are_turned_take_no_height_from_the_rows() -> None:
    wide, narrow = (
        scores_panel(SCORES, MEASURES, 0.4, **ROLES | {"frame": Frame("r", "Roles", span)})
        for span in (12, 3)
    )
    assert wide.figure.layout.xaxis.tickangle == 0 and narrow.figure.layout.xaxis.tickangle == -90
    assert narrow.frame.height - wide.frame.height == int(width("previous token"))


def test_alt_of_scores_names_the_best_head_of_each_measure_that_has_one() -> None:
    scores = np.full((1, 1, 2, 3), 0.25)
    scores[0, 0, 1, 0] = 0.5
    scores[..., 1] = np.nan
    alt = scores_panel(scores, MEASURES, 0.4, **ROLES | {"selected": (0, 0)}).alt
    assert "previous token 0.5 (layer 0 head 1), <b> 0.25 (layer 0 head 0)." in alt
    assert alt.endswith("At or above the threshold of 0.4: 1.")


def test_curves_of_a_head_are_its_scores_from_zero_to_one_and_the_threshold() -> None:
    given: dict[str, Any] = {"frame": Frame("r", "Role")}
    panel = role_curves_panel([0, 5, 9], SCORES[:, 1, 2], MEASURES, 0.4, **given)
    for measure in range(3):
        drawn = panel.figure.data[measure].y
        np.testing.assert_allclose(drawn, SCORES[:, 1, 2, measure], rtol=1e-6)
    assert panel.figure.layout.yaxis.range == (0, 1)
    assert panel.figure.layout.shapes[0].y0 == 0.4
    with pytest.raises(ValueError, match=r"scores must have shape \(3, 2\), got \(3, 3\)"):
        role_curves_panel([0, 5, 9], SCORES[:, 1, 2], MEASURES[:2], 0.4, **given)


def test_a_bar_is_what_each_head_costs_and_those_that_help_without_go_below_zero() -> None:
    panel = costs_panel(COSTS, **COST)
    assert panel.figure.data[0].y.tolist() == [0.5, -0.25, 0.125, 0]
    low, high = panel.figure.layout.yaxis.range
    assert low < -0.25 and high > 0.5
    assert not panel.moving and panel.picks == Heads(2, 2)


def test_bars_start_at_a_line_at_zero_even_where_all_heads_cost() -> None:
    figure = costs_panel(np.array([[2.0, 3.0]]), **COST | {"selected": (0, 0)}).figure
    (line,) = figure.layout.shapes
    assert line.y0 == line.y1 == 0 and figure.layout.yaxis.range[0] < 0


def test_the_chosen_head_has_its_colour_and_one_that_is_off_is_faint() -> None:
    trace = costs_panel(COSTS, off=[(0, 1), (1, 0)], **COST).figure.data[0]
    plain = theme.CATEGORIES[0]
    assert trace.marker.color == (plain, theme.FAINT, theme.CHOSEN, plain)
    assert trace.customdata[1] == "layer 0 head 1 (already off)"
    assert trace.customdata[3] == "layer 1 head 1"


def test_alt_of_costs_names_both_ends_the_chosen_and_those_off() -> None:
    alt = costs_panel(COSTS, off=[(1, 1), (0, 1)], **COST).alt
    assert "Least for layer 0 head 1, -0.25, most for layer 0 head 0, 0.5 nats" in alt
    assert alt.endswith(
        "Chosen: layer 1 head 0, 0.125. Already switched off: layer 0 head 1, layer 1 head 1."
    )


@pytest.mark.parametrize("place", [(2, 0), (0, 4), (-1, 0)])
def test_a_head_that_does_not_exist_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no head .* in 2 layers of 4 heads"):
        scores_panel(SCORES, MEASURES, 0.4, **ROLES | {"selected": place})
    with pytest.raises(ValueError, match="no head .* in 2 layers of 4 heads"):
        costs_panel(SCORES[0, :, :, 0], off=[place], **COST)
