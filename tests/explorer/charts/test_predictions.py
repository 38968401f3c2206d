from typing import Any

import numpy as np
import pytest

from explorer.charts.attention.lens import lens_panel, lens_words
from explorer.charts.attention.predictions import before_after_panel, next_panel
from explorer.charts.parts import theme
from explorer.charts.parts.labels import columns
from explorer.panels import Frame

SHARES = np.array([[0.6, 0.1, 0.1, 0.2, 0.0], [0.05, 0.5, 0.05, 0.1, 0.3]])  # (S=2, V=5)
LABELS = ["a", "b", "<b>", "·", "q"]
NEXT: dict[str, Any] = {"frame": Frame("n", "Next")}
LENS: dict[str, Any] = {"frame": Frame("l", "Lens"), "position": 1}
DEPTHS = ["embedding", "block 0", "output"]
READ = np.arange(18, dtype=np.float64).reshape(2, 3, 3) / 20  # (S=2, K=3, T=3)


def names(panel: Any) -> list[str]:
    return [word.split("'")[1] for word in panel.figure.data[0].customdata]


def test_candidates_are_the_highest_at_any_step_in_the_order_of_the_last() -> None:
    panel = next_panel(SHARES, LABELS, true=None, shown=3, **NEXT)
    assert names(panel) == ["b", "q", "a"]  # 'a' was highest once
    np.testing.assert_allclose(panel.moving["0.x"], SHARES[:, [1, 4, 0]], rtol=1e-6)


def test_the_true_token_has_a_bar_of_its_own_colour_and_a_bold_label() -> None:
    panel = next_panel(SHARES, LABELS, true=2, shown=2, **NEXT)
    assert names(panel) == ["b", "a", "&lt;b&gt;"]
    colours = panel.figure.data[0].marker.color
    assert colours[2] == theme.CATEGORIES[1] and set(colours[:2]) == {theme.CATEGORIES[0]}
    assert panel.figure.layout.yaxis.ticktext == ("b", "a", "<b>&lt;b&gt; (true next)</b>")


def test_the_axis_is_the_whole_of_probability_and_rows_run_from_the_top() -> None:
    layout = next_panel(SHARES / 10, LABELS, true=None, **NEXT).figure.layout
    assert layout.xaxis.range == (0, 1) and layout.yaxis.range == (4.5, -0.5)


def test_the_title_tells_how_many_tokens_are_left_out() -> None:
    assert (
        next_panel(SHARES, LABELS, true=2, shown=2, **NEXT).frame.title == "Next (showing 3 of 5)"
    )
    assert next_panel(SHARES, LABELS, true=2, **NEXT).frame.title == "Next"


def test_alt_names_the_best_and_the_true_one_at_the_last_step() -> None:
    alt = next_panel(SHARES, LABELS, true=4, **NEXT).alt
    assert alt.endswith("'b' is the most probable, 0.5; the true next 'q' has 0.3.")


def test_hover_tells_the_exact_probability_and_per_cent() -> None:
    trace = next_panel(SHARES, LABELS, true=None, **NEXT).figure.data[0]
    assert trace.hovertemplate == "%{customdata}: %{x:.4~g} = %{x:.1%}<extra></extra>"
    assert trace.customdata[0] == "'b' (id 1)"


def test_a_probability_that_is_no_number_comes_last() -> None:
    shares = SHARES.copy()
    shares[:, 1] = np.nan
    panel = next_panel(shares, LABELS, true=1, shown=2, **NEXT)
    assert names(panel) == ["q", "a", "b"] and np.isnan(panel.moving["0.x"][:, 2]).all()
    assert panel.alt.endswith("'q' is the most probable, 0.3.")


def test_before_and_after_share_the_candidates_highest_in_either() -> None:
    panel = before_after_panel(
        {"with": SHARES[0], "without": SHARES[1]}, LABELS, true=3, shown=2, **NEXT
    )
    before, after = panel.figure.data
    assert names(panel) == ["a", "·", "b"] and not panel.moving
    np.testing.assert_allclose(before.x, SHARES[0, [0, 3, 1]], rtol=1e-6)
    np.testing.assert_allclose(after.x, SHARES[1, [0, 3, 1]], rtol=1e-6)
    assert (before.name, after.name, panel.figure.layout.showlegend) == ("with", "without", True)
    assert before.customdata[0] == "'a' (id 0), with" and after.customdata[0].endswith("without")
    assert panel.alt.endswith("Without: 'b' is the most probable, 0.5; the true next '·' has 0.1.")


def test_probabilities_that_do_not_fit_the_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match=r"true must be an id in \[0, 5\), got 5"):
        next_panel(SHARES, LABELS, true=5, **NEXT)
    with pytest.raises(ValueError, match=r"probabilities must have shape \(S, 4\)"):
        next_panel(SHARES, LABELS[:4], true=None, **NEXT)
    with pytest.raises(ValueError, match=r"after must have shape \(5\), got \(4,\)"):
        before_after_panel({"a": SHARES[0], "after": SHARES[1, :4]}, LABELS, true=None, **NEXT)


def test_the_lens_runs_down_the_depth_and_is_blank_where_nothing_is_known_to_follow() -> None:
    panel = lens_panel(READ, DEPTHS, ["a", "a", "<b>"], **LENS)
    np.testing.assert_allclose(panel.moving["0.z"][:, :, :2], READ[:, :, :2], rtol=1e-6)
    assert np.isnan(panel.moving["0.z"][:, :, 2]).all()
    trace, layout = panel.figure.data[0], panel.figure.layout
    assert (trace.zmin, trace.zmax) == (0, 1)
    assert layout.yaxis.range == (2.5, -0.5) and layout.yaxis.ticktext == tuple(DEPTHS)
    assert layout.xaxis.ticktext == ("a 0", "<b>a 1</b>", "&lt;b&gt;")


def test_hover_of_the_lens_names_depth_position_and_the_token_that_followed() -> None:
    trace = lens_panel(READ, ["<i>", *DEPTHS[1:]], ["a", "a", "<b>"], **LENS).figure.data[0]
    assert trace.text[0][0] == "&lt;i&gt;, at 'a' 0"
    assert trace.text[1][1] == "block 0, at 'a' 1" and trace.customdata[1][1] == "&lt;b&gt;"
    assert trace.hovertemplate == (
        "%{text}: %{z:.4~g} for the true next '%{customdata}'<extra></extra>"
    )


def test_the_chosen_position_of_the_lens_is_framed_through_all_depths() -> None:
    (frame,) = lens_panel(READ, DEPTHS, "abc", **LENS).figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, -0.5, 2.5)


def test_alt_of_the_lens_tells_the_mean_of_each_depth() -> None:
    read = READ.copy()
    read[-1, 0] = np.nan
    alt = lens_panel(read, DEPTHS, "abc", **LENS).alt
    assert alt.endswith("the mean over positions is: block 0 0.625, output 0.775.")


def test_the_lens_of_one_token_has_nothing_to_predict() -> None:
    panel = lens_panel(READ[:1, :, :1], DEPTHS, "a", **LENS | {"position": 0})
    assert panel.alt.endswith("At the last step no probability is finite.")


def test_a_position_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"position must be in \[0, 3\), got 3"):
        lens_panel(READ, DEPTHS, "abc", **LENS | {"position": 3})


def test_words_of_the_lens_are_one_line_a_depth() -> None:
    ids = np.array([[[1, 0], [0, 4], [4, 3]]])
    shares = np.array([[[0.5, 0.25], [0.1234, np.nan], [1, 0]]])
    (text,) = lens_words(ids, shares, DEPTHS, LABELS)
    assert text.splitlines() == [
        "embedding  'b' 0.500  'a' 0.250",
        "block 0    'a' 0.123  'q'     –",
        "output     'q' 1.000  '·' 0.000",
    ]


def test_words_of_the_lens_keep_their_columns_whatever_the_tokens_are() -> None:
    labels = ["a", "狐狸狐狸狐狸", "e\u0301", "a·very·long·token", "<b>", "😀"]
    ids = np.array([[[0, 1], [2, 3], [4, 5]], [[5, 4], [0, 0], [1, 1]]])
    texts = lens_words(ids, np.full(ids.shape, 0.5), DEPTHS, labels)
    lines = [line for text in texts for line in text.splitlines()]
    assert {columns(line) for line in lines} == {9 + 2 * (2 + 10 + 1 + 5)}
    assert "'狐狸狐…'" in texts[0] and "'a·very·…'" in texts[0] and "'<b>'" in texts[0]


def test_words_of_ids_without_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match=r"ids \(1, 3, 1\) do not fit probabilities \(1, 3, 2\)"):
        lens_words(np.zeros((1, 3, 1), int), np.zeros((1, 3, 2)), DEPTHS, LABELS)
