from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from explorer.charts.attention.pair import pair_panel
from explorer.charts.attention.stages import contribution_panel, stage_panels
from explorer.charts.parts import theme
from explorer.charts.parts.squares import Labels
from explorer.panels import Frame, Panel

S, T, D = 2, 4, 16
DRAW = np.random.default_rng(0)
QUERIES, KEYS = DRAW.normal(size=(2, S, T, D)).astype(np.float32)
PRODUCT = np.einsum("sqd,skd->sqk", QUERIES, KEYS)
ALLOWED = np.tri(T, dtype=bool)
WEIGHTS = softmax(np.where(ALLOWED, PRODUCT / 4, -np.inf), axis=-1)
LABELS = ["k", "o", "k", "<b>"]
TEXT = Labels(LABELS, 2, 1)
CONTRIBUTION: dict[str, Any] = {"frame": Frame("c", "Moved"), "text": TEXT}
PAIR: dict[str, Any] = {"frame": Frame("p", "Pair")}


def stages(
    scores: np.ndarray = PRODUCT / 4,
    weights: np.ndarray = WEIGHTS,
    head_size: int = D,
    text: Labels = TEXT,
) -> list[Panel]:
    return stage_panels(scores, weights, head_size, text)


def test_the_four_stages_are_the_product_its_share_the_past_and_its_softmax() -> None:
    product, scaled, past, weights = (panel.moving["0.z"] for panel in stages())
    np.testing.assert_allclose(product, PRODUCT, rtol=1e-6)
    np.testing.assert_allclose(scaled, PRODUCT / np.sqrt(D), rtol=1e-6)
    np.testing.assert_array_equal(past[:, ALLOWED], scaled[:, ALLOWED])
    np.testing.assert_allclose(weights[:, ALLOWED], WEIGHTS[:, ALLOWED], rtol=1e-6)
    assert np.isnan(past[:, ~ALLOWED]).all() and np.isnan(weights[:, ~ALLOWED]).all()


def test_each_stage_has_a_key_and_a_numbered_title_with_the_real_root() -> None:
    assert [(panel.frame.key, panel.frame.title) for panel in stages()] == [
        ("stage-product", "1 · query · key"),
        ("stage-scaled", "2 · divided by √head_size (= 4)"),
        ("stage-masked", "3 · future masked"),
        ("stage-weights", "4 · softmax"),
    ]
    assert stages(head_size=5)[1].frame.title == "2 · divided by √head_size (= 2.236)"


def test_scales_hold_all_cells_of_all_steps_and_the_mask_changes_no_colour() -> None:
    ends = [(panel.figure.data[0].zmin, panel.figure.data[0].zmax) for panel in stages()]
    largest = np.abs(PRODUCT).max()
    np.testing.assert_allclose(ends[0], (-largest, largest), rtol=1e-6)
    np.testing.assert_allclose(ends[1], (-largest / 4, largest / 4), rtol=1e-6)
    assert ends[2] == ends[1] and ends[3] == (0, 1)


def test_the_largest_score_of_the_future_is_still_within_the_scale() -> None:
    scores = np.zeros((S, T, T))
    scores[0, 0, 3] = -7
    assert stages(scores)[2].figure.data[0].zmin == -7


def test_hover_tells_the_pair_and_what_became_of_it() -> None:
    query, key = "query '%{text}' at %{y:d}", "key '%{customdata}' at %{x:d}"
    assert [panel.figure.data[0].hovertemplate for panel in stages()] == [
        f"{query}<br>· {key}<br>= %{{z:.4~g}}<extra></extra>",
        f"{query}<br>· {key}<br>divided by 4: %{{z:.4~g}}<extra></extra>",
        f"{query}<br>may read {key}:<br>score %{{z:.4~g}}<extra></extra>",
        f"{query}<br>gives %{{z:.3~p}} of its<br>attention to {key}<extra></extra>",
    ]
    trace = stages()[0].figure.data[0]
    assert trace.text[3][1] == "&lt;b&gt;" and trace.customdata[3][1] == "o"


def test_the_frame_ends_at_the_query_once_the_future_is_masked() -> None:
    rows = [panel.figure.layout.shapes[0] for panel in stages()]
    assert [(row.x0, row.x1) for row in rows] == [(-0.5, 3.5)] * 2 + [(-0.5, 2.5)] * 2
    assert {(row.y0, row.y1) for row in rows} == {(1.5, 2.5)}


def test_the_cell_of_the_chosen_pair_is_framed() -> None:
    for panel in stages():
        cell = panel.figure.layout.shapes[1]
        assert (cell.x0, cell.x1, cell.y0, cell.y1) == (0.5, 1.5, 1.5, 2.5)
        assert cell.line.color == theme.CHOSEN


def test_the_frame_of_small_cells_is_thinner_than_they_are() -> None:
    scores = np.zeros((1, 80, 80))
    cells = theme.plot_width(3) / 80  # pixels at least: no colour bar stands beside it
    small = stages(scores, scores, text=Labels(["a"] * 80, 2, 1))[0].figure.layout.shapes
    assert all(line.line.width < cells for line in small)
    assert stages()[0].figure.layout.shapes[0].line.width == 2.5


def test_alt_tells_the_chosen_pair_at_the_last_step() -> None:
    product = stages()[0]
    pair = "query 'k' at 2, key 'o' at 1: "
    assert product.alt.endswith(f"{pair}{PRODUCT[-1, 2, 1]:.4g}.")
    low, high = PRODUCT[-1].min(), PRODUCT[-1].max()
    assert f"from {low:.4g} (" in product.alt and f"to {high:.4g} (" in product.alt
    assert stages(text=Labels(LABELS, 2, 3))[2].alt.endswith(
        "query 'k' at 2, key '<b>' at 3: masked."
    )
    bad = np.where(np.arange(T) == 1, np.nan, PRODUCT)
    assert stages(bad)[2].alt.endswith(f"{pair}not finite.")


def test_a_product_beyond_float32_is_a_gap() -> None:
    scores = np.full((S, T, T), 3e38)
    product, scaled, *_ = (panel.moving["0.z"] for panel in stages(scores))
    assert np.isnan(product).all() and np.isfinite(scaled).all()


def test_one_token_at_one_step_reads_itself() -> None:
    panels = stages(np.full((1, 1, 1), 2.0), np.ones((1, 1, 1)), 1, Labels(["a"], 0, 0))
    assert [panel.moving["0.z"].tolist() for panel in panels] == [
        [[[2]]],
        [[[2]]],
        [[[2]]],
        [[[1]]],
    ]


def test_narrow_squares_have_few_ticks_the_chosen_pair_among_them() -> None:
    labels = [chr(97 + place % 26) for place in range(100)]
    scores = np.zeros((1, 100, 100))
    layout = stages(scores, scores, text=Labels(labels, 37, 11))[0].figure.layout
    assert "<b>l 11</b>" in layout.xaxis.ticktext and "<b>l 37</b>" in layout.yaxis.ticktext
    assert len(layout.xaxis.tickvals) < 16


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores must have shape \(S, 4, 4\)"):
        stages(PRODUCT[:, :3])
    with pytest.raises(ValueError, match="weights of 1 steps do not fit scores of 2"):
        stages(weights=WEIGHTS[:1])
    with pytest.raises(ValueError, match=r"key_position must be in \[0, 4\), got 4"):
        stages(text=Labels(LABELS, 2, 4))


def test_contributions_are_blank_where_masked_and_coloured_up_to_the_longest_allowed() -> None:
    lengths = np.arange(S * T * T, dtype=np.float64).reshape(S, T, T)
    lengths[:, ~ALLOWED] = 1000
    panel = contribution_panel(lengths, **CONTRIBUTION)
    np.testing.assert_array_equal(panel.moving["0.z"][:, ALLOWED], lengths[:, ALLOWED])
    assert np.isnan(panel.moving["0.z"][:, ~ALLOWED]).all()
    assert (panel.figure.data[0].zmin, panel.figure.data[0].zmax) == (0, 31)
    assert panel.alt.endswith("query 'k' at 2, key 'o' at 1: 25.")


def test_hover_of_a_contribution_says_who_moves_whom() -> None:
    template = contribution_panel(WEIGHTS, **CONTRIBUTION).figure.data[0].hovertemplate
    assert template.startswith("key '%{customdata}' at %{x:d}<br>moves query '%{text}' at %{y:d}")


def test_bars_of_a_pair_are_both_vectors_and_their_product_which_adds_up_to_stage_one() -> None:
    panel = pair_panel(QUERIES[:, 2], KEYS[:, 1], **PAIR)
    np.testing.assert_array_equal(panel.moving["0.y"], QUERIES[:, 2])
    np.testing.assert_array_equal(panel.moving["1.y"], KEYS[:, 1])
    sums = panel.moving["2.y"].sum(axis=1)
    np.testing.assert_allclose(sums, stages()[0].moving["0.z"][:, 2, 1], rtol=1e-5)
    assert f"add up to {PRODUCT[-1, 2, 1]:.4g};" in panel.alt
    assert [trace.name for trace in panel.figure.data] == ["query", "key", "product"]


def test_the_scale_of_a_pair_is_centred_and_holds_every_bar_of_every_step() -> None:
    queries = np.array([[1.0, 2.0], [0.5, -3.0]])
    panel = pair_panel(queries, 2 * queries, **PAIR)
    np.testing.assert_allclose(panel.figure.layout.yaxis.range, (-1.05 * 18, 1.05 * 18))
    assert "the largest is 18, of channel 1." in panel.alt


def test_hover_over_a_channel_reads_as_a_product() -> None:
    figure = pair_panel(QUERIES[:, 0], KEYS[:, 0], **PAIR).figure
    assert figure.layout.hovermode == "x unified"
    assert figure.layout.xaxis.unifiedhovertitle.text == "channel %{x:d}"
    assert [trace.hovertemplate for trace in figure.data] == [
        "query %{y:.4~g}<extra></extra>",
        "× key %{y:.4~g}<extra></extra>",
        "= product %{y:.4~g}<extra></extra>",
    ]


def test_a_pair_of_two_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"keys must have shape \(2, 16\), got \(2, 15\)"):
        pair_panel(QUERIES[:, 0], KEYS[:, 0, :15], **PAIR)
