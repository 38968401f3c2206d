from typing import Any

import numpy as np
import pytest

from explorer.charts.embeddings.neighbours import HEADER, ROWS, biography_panel, neighbours_words
from explorer.charts.parts.labels import columns
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame

COSINE = (np.array([[1, 2], [2, 1], [2, -1]]), np.array([[0.5, -0.0001], [1, 0.25], [0.7, np.nan]]))
DISTANCE = (
    np.array([[2, 1], [1, 2], [-1, -1]]),
    np.array([[1.5, 12], [0, 3.14159], [np.nan, np.nan]]),
)  # (S=3, K=2) each
LABELS = ["a", "the", "·"]
WORDS: dict[str, Any] = {"frame": Frame("n", "Near 'a'", span=4)}
STEPS = [0, 5, 1000]
IDS = np.array([[3, 1], [1, 2], [1, -1]])  # (S=3, K=2)
BIOGRAPHY: dict[str, Any] = {"frame": Frame("b", "Biography")}


def rows_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_each_step_tells_the_nearest_with_their_numbers() -> None:
    first, second, last = neighbours_words(COSINE, DISTANCE, LABELS, **WORDS).texts
    header = ["nearest", "by", "cosine", "by", "distance"]
    assert rows_of(first) == [header, ["the", "0.500", "·", "1.50"], ["·", "0.000", "the", "12.00"]]
    assert rows_of(second) == [header, ["·", "1.000", "the", "0.00"], ["the", "0.250", "·", "3.14"]]
    assert rows_of(last) == [header, ["·", "0.700", "–"], ["–", "–"]]


def test_numbers_stand_in_two_columns_whatever_the_tokens_are() -> None:
    labels = ["a", "狐狸狐狸狐狸", "e\u0301", "a·very·long·token", "<b>", "😀"]
    ids = np.array([[1, 2, 3, 4, 5]])
    values = np.array([[0.9, 0.5, 0, -0.5, -1]])
    (text,) = neighbours_words((ids, values), (ids, 2 - values), labels, **WORDS).texts
    lines = text.splitlines()
    assert {columns(line) for line in lines[1:]} == {35} and columns(lines[0]) < 35
    dots = [[columns(line[:i]) for i, c in enumerate(line) if c == "."] for line in lines[1:]]
    assert all(places == dots[0] and len(places) == 2 for places in dots)
    assert lines[0].index("by distance") == 19 == len("the      " + "  0.500" + "   ")
    assert "狐狸狐…" in text and "a·very·…" in text and "<b>" in text


def test_a_step_without_neighbours_has_as_many_lines_as_the_others() -> None:
    texts = neighbours_words(COSINE, DISTANCE, LABELS, **WORDS).texts
    assert [len(text.splitlines()) for text in texts] == [3, 3, 3]
    assert all(text.startswith(HEADER) for text in texts)


@pytest.mark.parametrize(
    ("largest", "written"),
    [
        (0, "0.000"),
        (0.00123, "0.00123"),
        (0.0625, "0.06250"),
        (0.5, "0.5000"),
        (3.14159, "3.142"),
        (31.4159, "31.42"),
        (3141.59, "3142"),
        (314159, "314159"),
        (3.1e6, "3.1e+06"),
        (3.1e30, "3.1e+30"),
        (3.1e-9, "3.1e-09"),
    ],
)
def test_distances_have_the_digits_that_fit_the_largest(largest: float, written: str) -> None:
    ids = np.zeros((1, 1), int)
    pair = (ids, np.full((1, 1), largest))
    (text,) = neighbours_words((ids, np.ones((1, 1))), pair, ["a"], **WORDS).texts
    assert rows_of(text)[1][-1] == written
    assert columns(text.splitlines()[1]) == 35


def test_the_words_tell_who_is_nearest_at_last_and_are_high_enough_for_all_lines() -> None:
    words = neighbours_words(COSINE, DISTANCE, LABELS, **WORDS)
    assert words.alt == (
        "Near 'a': the 2 nearest tokens by cosine and by distance at each of 3 recorded steps. "
        "At the last step by cosine '·' (id 2) is nearest. "
        "At the last step by distance no token is near."
    )
    assert words.frame.height == 3 * 24 + 24
    assert (words.frame.span, words.frame.key, words.frame.title) == (4, "n", "Near 'a'")


def test_neighbours_of_another_shape_are_refused() -> None:
    shorter = (COSINE[0][:2], COSINE[1][:2])
    with pytest.raises(ValueError, match=r"one shape \(S, K\), got \[\(2, 2\), \(3, 2\)\]"):
        neighbours_words(shorter, DISTANCE, LABELS, **WORDS)


# --- biography -----------------------------------------------------------------------------------


def test_each_cell_is_the_rank_of_that_token_at_that_step_and_else_blank() -> None:
    trace = biography_panel(IDS, STEPS, Rows(list("abcd")), **BIOGRAPHY).figure.data[0]
    nan = np.nan
    np.testing.assert_array_equal(trace.z, [[1, nan, nan], [2, 1, 1], [nan, 2, nan]])
    assert (trace.zmin, trace.zmax, trace.reversescale, trace.hoverongaps) == (1, 3, True, False)


def test_tokens_stand_in_the_order_of_first_entry_from_the_top() -> None:
    axis = biography_panel(IDS, STEPS, Rows(list("abcd")), **BIOGRAPHY).figure.layout.yaxis
    assert (axis.range, axis.tickvals, axis.ticktext) == ((2.5, -0.5), (0, 1, 2), ("d", "b", "c"))


def test_hover_names_token_rank_and_step() -> None:
    trace = biography_panel(IDS, STEPS, Rows(["a", "b", "c", "<b>"]), **BIOGRAPHY).figure.data[0]
    assert list(trace.text[0]) == ["'&lt;b&gt;' (id 3)"] * 3
    assert trace.text[1][2] == "'b' (id 1)" and trace.customdata[1][2] == 1000
    assert trace.hovertemplate == (
        "%{text} is neighbour %{z:d} at step %{customdata:,d}<extra></extra>"
    )


def test_tokens_that_look_alike_keep_a_row_each() -> None:
    figure = biography_panel(IDS, STEPS, Rows(["1", "1", "1", "1"]), **BIOGRAPHY).figure
    assert figure.layout.yaxis.ticktext == ("1", "1", "1")
    assert figure.layout.yaxis.tickvals == (0, 1, 2)
    assert len(figure.data[0].z) == 3


def test_the_cursor_runs_over_all_rows_and_whole_cells_are_shown_at_both_ends() -> None:
    panel = biography_panel(IDS, STEPS, Rows(list("abcd")), **BIOGRAPHY)
    np.testing.assert_array_equal(panel.moving["1.x"], [[0, 0], [1, 1], [2, 2]])
    line = panel.figure.data[1]
    assert line.y == (-0.5, 2.5)
    assert (line.mode, line.marker.symbol) == ("lines+markers", ("triangle-down", "triangle-up"))
    assert panel.figure.layout.xaxis.range == (-0.5, 2.5)
    assert panel.figure.layout.xaxis.ticktext == ("0", "5", "1,000")


def test_of_too_many_tokens_those_that_stayed_longest_are_shown_and_it_is_said() -> None:
    stays = np.column_stack([np.full(30, 40), np.arange(30)])  # one stays, each other comes once
    stays[29, 1] = 28  # one of them twice, the last
    panel = biography_panel(stays, np.arange(30), Rows([str(i) for i in range(50)]), **BIOGRAPHY)
    shown = [words[0] for words in panel.figure.data[0].text]
    kept = [40, *range(22), 28]
    assert len(kept) == ROWS and shown == [f"'{token}' (id {token})" for token in kept]
    assert panel.frame.title == "Biography (showing 24 of 30)"
    assert "Left out: 6 tokens that were near for fewer steps." in panel.alt


def test_where_all_fit_nothing_is_said_to_be_left_out() -> None:
    panel = biography_panel(IDS, STEPS, Rows(list("abcd")), **BIOGRAPHY)
    assert panel.frame.title == "Biography"
    assert panel.alt == (
        "Biography: heatmap of ranks, 3 tokens by 3 recorded steps, from step 0 to 1,000. "
        "At the last step 'b' (id 1) is nearest."
    )


def test_a_token_that_never_had_a_neighbour_has_an_empty_biography() -> None:
    panel = biography_panel(np.full((3, 2), -1), STEPS, Rows(list("abcd")), **BIOGRAPHY)
    assert len(panel.figure.data[0].z) == 0 and panel.figure.layout.yaxis.tickvals == ()
    assert "0 tokens by 3 recorded steps" in panel.alt and "no token is near." in panel.alt


def test_ids_of_another_number_of_steps_are_refused() -> None:
    with pytest.raises(ValueError, match=r"ids must have shape \(2, K\), got \(3, 2\)"):
        biography_panel(IDS, [0, 5], Rows(list("abcd")), **BIOGRAPHY)
