from typing import Any

import numpy as np
import pytest

from explorer.charts.embeddings.colours import LABELLED, Colours
from explorer.charts.embeddings.maps import map_panel
from explorer.charts.embeddings.marks import Marks
from explorer.charts.parts import theme
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame
from explorer.picks import Tokens
from explorer.player.encoding import encode
from explorer.timeline import Timeline
from tests.support.moving import each_step

LAYOUT = np.array(
    [[[0, 0], [1, 1]], [[2, 0], [1, 3]], [[2, 4], [5, 3]]], np.float64
)  # (S=3, N=2, 2)
SPACE = np.concatenate([LAYOUT, 10 + LAYOUT[:, :, :1]], axis=2)  # (3, 2, 3)
MAP: dict[str, Any] = {"frame": Frame("m", "Map"), "axis_titles": ("first", "second")}
DEEP: dict[str, Any] = MAP | {"axis_titles": ("first", "second", "third")}
NAN = np.nan


def test_every_point_stands_where_the_layout_says_at_that_step() -> None:
    panel = map_panel(LAYOUT, Rows(["a", "b"]), **MAP)
    np.testing.assert_array_equal(panel.moving["0.x"], LAYOUT[:, :, 0])
    np.testing.assert_array_equal(panel.moving["0.y"], LAYOUT[:, :, 1])


def test_the_range_holds_every_step_and_both_axes_have_one_scale() -> None:
    layout = map_panel(LAYOUT, Rows(["a", "b"]), **MAP).figure.layout
    assert layout.xaxis.range == (-0.25, 5.25) and layout.yaxis.range == (-0.2, 4.2)
    assert (layout.yaxis.scaleanchor, layout.yaxis.scaleratio) == ("x", 1)


def test_letters_are_the_marks_of_their_points_and_never_step_aside() -> None:
    kinds = Colours("kind", ["mark", "vowel"], {"vowel": "#111111", "mark": "#222222"})
    panel = map_panel(LAYOUT, Rows(["a", "b"]), marks=Marks(kinds), **MAP)
    points = panel.figure.data[0]
    assert list(points.textfont.color) == ["#222222", "#111111"]
    assert points.marker.opacity == 0 and not panel.declutter


def test_long_labels_and_numbers_keep_their_dots() -> None:
    numbers = Colours("times", np.array([1.0, 2.0]))
    for labels, marks in ((["the", "b"], Marks()), (["a", "b"], Marks(numbers))):
        panel = map_panel(LAYOUT, Rows(labels), marks=marks, **MAP)
        assert panel.figure.data[0].marker.opacity > 0 and panel.declutter


def test_in_space_there_is_a_third_axis_with_the_same_scale() -> None:
    panel = map_panel(SPACE, Rows(["a", "b"]), **DEEP)
    np.testing.assert_array_equal(panel.moving["0.z"], SPACE[:, :, 2])
    scene = panel.figure.layout.scene
    assert scene.aspectmode == "data" and scene.zaxis.title.text == "third"
    assert scene.zaxis.range == (9.75, 15.25)
    assert not panel.lasso and not panel.declutter


def test_space_reads_no_tag_in_a_token_and_the_plane_shows_it_escaped() -> None:
    assert map_panel(SPACE, Rows(["<b>", "b"]), **DEEP).figure.data[0].text[0] == "<\u200bb>"
    assert map_panel(LAYOUT, Rows(["<b>", "b"]), **MAP).figure.data[0].text[0] == "&lt;b&gt;"


def test_a_map_has_two_axes_or_three() -> None:
    with pytest.raises(ValueError, match="layout must have 2 or 3 axes, got 1"):
        map_panel(LAYOUT[:, :, :1], Rows(["a", "b"]), **MAP)


def test_the_chosen_trail_ends_at_the_step_shown() -> None:
    panel = map_panel(LAYOUT, Rows(["a", "b"], chosen=1), marks=Marks(trails=[1]), **MAP)
    x, y = (each_step(panel.ways[f"2.{axis}"]) for axis in "xy")
    np.testing.assert_array_equal(x, [[1, NAN, NAN], [1, 1, NAN], [1, 1, 5]])
    np.testing.assert_array_equal(y, [[1, NAN, NAN], [1, 3, NAN], [1, 3, 3]])


def test_trails_of_others_are_one_line_with_a_gap_between() -> None:
    panel = map_panel(LAYOUT, Rows(["a", "b"]), marks=Marks(trails=[0, 1]), **MAP)
    np.testing.assert_array_equal(
        each_step(panel.ways["1.x"]),
        [
            [0, NAN, NAN, NAN, 1, NAN, NAN],
            [0, 2, NAN, NAN, 1, 1, NAN],
            [0, 2, 2, NAN, 1, 1, 5],
        ],
    )


def sent(steps: int) -> int:
    """Bytes of a map of 30 tokens with 6 trails and a chosen token's, at so many steps."""
    places = np.random.default_rng(0).normal(size=(steps, 30, 2)).astype(np.float32)
    rows = Rows([chr(97 + n) for n in range(30)], chosen=0)
    panel = map_panel(places, rows, marks=Marks(trails=range(7)), **MAP)
    known = np.arange(steps, dtype=float)
    return len(encode([panel], Timeline(known, known, known)))


def test_trails_send_as_much_a_step_however_many_steps_there_are() -> None:
    few, more, many = (sent(steps) for steps in (500, 1_000, 2_000))
    assert (many - more) / 1_000 < 1.1 * (more - few) / 500
    assert many < 2_000 * 500


def test_the_ring_goes_with_the_chosen_token_and_the_start_stays() -> None:
    panel = map_panel(LAYOUT, Rows(["a", "b"], chosen=1), marks=Marks(trails=[1]), **MAP)
    np.testing.assert_array_equal(panel.moving["1.x"], [[1], [1], [5]])
    np.testing.assert_array_equal(panel.moving["1.y"], [[1], [3], [3]])
    start = panel.figure.data[3]
    assert (start.x[0], start.y[0], start.text[0]) == (1, 1, "start")
    assert not any(path.startswith("3.") for path in panel.moving)


def test_selected_tokens_have_thinner_rings_but_the_chosen_one_only_its_own() -> None:
    figure = map_panel(LAYOUT, Rows(["a", "b"], chosen=0, selected=[0, 1]), **MAP).figure
    rings = [trace.marker.line for trace in figure.data[1:]]
    assert [(line.color, line.width) for line in rings] == [
        (theme.SELECTED, 2),
        (theme.CHOSEN, 3),
    ]
    assert list(figure.data[1].x) == [1]


def test_an_arrow_leads_from_its_token_to_where_it_goes() -> None:
    ways = np.zeros_like(LAYOUT)
    ways[:, 0] = (1, 0)
    ways[:, 1] = np.nan
    panel = map_panel(LAYOUT, Rows(["a", "b"]), marks=Marks(arrows=ways), **MAP)
    x, y = panel.moving["1.x"][1], panel.moving["1.y"][1]
    assert list(zip(x[:2], y[:2], strict=True)) == [(2, 0), (3, 0)]
    head = [(x[i], y[i]) for i in (3, 4, 5)]
    np.testing.assert_allclose(head, [(2.72, -0.14), (3, 0), (2.72, 0.14)], atol=1e-6)
    assert np.isnan(x[8:]).all(), "a row without a move has no arrow"


def test_in_space_an_arrow_is_a_line() -> None:
    panel = map_panel(SPACE, Rows(["a", "b"]), marks=Marks(arrows=np.ones_like(SPACE)), **DEEP)
    np.testing.assert_array_equal(panel.moving["1.z"][0], [10, 11, NAN, 11, 12, NAN])


def test_without_marks_there_are_only_points() -> None:
    assert len(map_panel(LAYOUT, Rows(["a", "b"]), **MAP).figure.data) == 1


def test_only_tokens_can_be_clicked_and_say_their_ids() -> None:
    rows = Rows(["a", "b"], "token", [7, 9], chosen=0, selected=[1])
    marks = Marks(colours=Colours("kind", ["x", "y"]), trails=[0, 1])
    panel = map_panel(LAYOUT, rows, marks=marks, **MAP)
    assert {trace.hoverinfo for trace in panel.figure.data[1:]} == {"skip"}
    assert [list(row) for row in panel.figure.data[0].customdata] == [[7, "a"], [9, "b"]]
    assert panel.picks == Tokens((7, 9))


def test_a_point_with_half_a_place_is_not_drawn() -> None:
    layout = LAYOUT.copy()
    layout[1, 0, 1] = np.inf
    panel = map_panel(layout, Rows(["a", "b"]), **MAP)
    assert np.isnan(panel.moving["0.x"][1, 0]) and np.isnan(panel.moving["0.y"][1, 0])
    assert panel.alt.endswith("1 points are not finite.")


def test_categories_have_a_colour_and_a_legend_each() -> None:
    colours = Colours("kind", ["vowel", "<b>"])
    figure = map_panel(LAYOUT, Rows(["a", "b"]), marks=Marks(colours=colours), **MAP).figure
    first, second = figure.data[0].marker.color
    assert first != second
    assert [(t.name, t.marker.color) for t in figure.data[1:]] == [
        ("vowel", first),
        ("&lt;b&gt;", second),
    ]


def test_a_palette_fixes_colours_and_their_order() -> None:
    colours = Colours("kind", ["mark", "vowel"], {"vowel": "#111111", "mark": "#222222"})
    figure = map_panel(LAYOUT, Rows(["a", "b"]), marks=Marks(colours=colours), **MAP).figure
    assert list(figure.data[0].marker.color) == ["#222222", "#111111"]
    assert [trace.name for trace in figure.data[1:]] == ["vowel", "mark"]


def test_numbers_colour_by_one_scale_over_all_steps() -> None:
    values = np.array([[0, 1], [2, np.nan], [4, 3]])
    panel = map_panel(
        LAYOUT, Rows(["a", "b"]), marks=Marks(colours=Colours("entropy", values)), **MAP
    )
    np.testing.assert_array_equal(panel.moving["0.marker.color"], values)
    marker = panel.figure.data[0].marker
    assert (marker.cmin, marker.cmax, marker.colorbar.title.text) == (0, 4, "entropy")


def test_categories_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one category for each of 2 rows"):
        map_panel(LAYOUT, Rows(["a", "b"]), marks=Marks(colours=Colours("kind", ["x"])), **MAP)
    many = np.zeros((1, 8, 2))
    with pytest.raises(ValueError, match="8 categories, more than 7 colours"):
        map_panel(
            many,
            Rows(list("abcdefgh")),
            marks=Marks(colours=Colours("kind", list("abcdefgh"))),
            **MAP,
        )


def test_where_glyphs_would_cover_each_other_there_are_dots_and_it_is_said() -> None:
    count = LABELLED + 1
    panel = map_panel(np.zeros((1, count, 2)), Rows(["a"] * count), **MAP)
    assert panel.figure.data[0].mode == "markers"
    assert f"More than {LABELLED} tokens: dots without glyphs." in panel.alt
