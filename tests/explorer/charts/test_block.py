"""The block of numbers as sheets: where each stands, who is lit up, what a click means."""

import itertools
from typing import Any

import numpy as np
import pytest

from explorer.charts.normalization.block import DIM, block_panel
from explorer.charts.normalization.cube import POOLED, cube_panel
from explorer.charts.parts import theme
from explorer.panels import Frame, Panel
from explorer.player.reports import Cell, read_pick

S, B, T, C = 2, 3, 4, 5
VALUES = np.arange(S * B * T * C, dtype=np.float64).reshape(S, B, T, C) - 50
SENTENCES = {
    "your sentence": tuple("abca"),
    "sentence 1": tuple("efgh"),
    "sentence 2": tuple("wxyz"),
}
CELL = (1, 2, 3)
ROW, COLUMN, ALONE = (np.zeros((B, T, C), bool) for _ in range(3))
ROW[1, 2] = COLUMN[:, :, 3] = ALONE[CELL] = True
GIVEN: dict[str, Any] = {"frame": Frame("block", "Block")}


def cell_at(row: int, column: int, drawn: Panel) -> tuple[int, int, int]:
    """The (sentence, position, channel) that a click on this cell means."""
    cell = read_pick({"panel": "block", "index": [row, column]}, [drawn])
    assert isinstance(cell, Cell)
    return cell.sentence, cell.position, cell.channel


def panel(shared: np.ndarray, **more: Any) -> Panel:
    return block_panel(VALUES, shared, CELL, SENTENCES, **GIVEN | more)


def lit(drawn: Panel) -> dict[tuple[int, int], np.ndarray]:
    """What stands in full at each (row, column) of the picture: (S,) numbers."""
    found = {}
    for number, trace in enumerate(drawn.figure.data[1:], start=1):
        moving = drawn.moving[f"{number}.z"]
        for row, column in np.ndindex(moving.shape[1:]):
            found[trace.y0 + row, trace.x0 + column] = moving[:, row, column]
    return found


def test_every_number_stands_where_a_click_finds_it() -> None:
    whole = panel(ROW).moving["0.z"]
    found = np.full((S, B, T, C), np.nan)
    for row, column in np.ndindex(whole.shape[1:]):
        if not np.isnan(whole[0, row, column]):
            found[(slice(None), *cell_at(row, column, panel(ROW)))] = whole[:, row, column]
    np.testing.assert_array_equal(found, VALUES)


def test_between_two_sheets_nothing_is_drawn() -> None:
    blank = np.isnan(panel(ROW).moving["0.z"]).all((0, 1))
    at = {"panel": "block", "index": [0, int(blank.argmax())]}
    assert read_pick(at, [panel(ROW)]) is None
    assert [len(list(run)) for empty, run in itertools.groupby(blank) if not empty] == [C] * B


def test_what_is_not_finite_is_drawn_in_a_colour_of_its_own() -> None:
    values = VALUES.copy()
    values[1, 0, 3, 2], values[0, 2, 0, 0] = np.nan, np.inf
    drawn = block_panel(values, ROW, CELL, SENTENCES, **GIVEN)
    number = len(drawn.figure.data) - 1
    marked = drawn.moving[f"{number}.z"]
    assert [
        (step, *cell_at(row, column, drawn))
        for step, row, column in np.argwhere(marked == 1).tolist()
    ] == [(0, 2, 0, 0), (1, 0, 3, 2)]
    assert np.isnan(marked).sum() == marked.size - 2
    colours = {colour for _, colour in drawn.figure.data[number].colorscale}
    assert colours.isdisjoint(colour for _, colour in theme.DIVERGING)
    assert len(panel(ROW).figure.data) == number  # none where all is finite


@pytest.mark.parametrize("shared", [ROW, COLUMN, ALONE], ids=["row", "column", "alone"])
def test_just_the_numbers_that_share_are_drawn_in_full(shared: np.ndarray) -> None:
    drawn = panel(shared)
    full = {cell_at(row, column, drawn): values for (row, column), values in lit(drawn).items()}
    assert full.keys() == {tuple(place) for place in np.argwhere(shared).tolist()}
    for cell, values in full.items():
        np.testing.assert_array_equal(values, VALUES[(slice(None), *cell)])
    assert drawn.figure.data[0].opacity == DIM
    assert all(trace.opacity is None for trace in drawn.figure.data[1:])


@pytest.mark.parametrize("shared", [ROW, COLUMN, ALONE], ids=["row", "column", "alone"])
def test_what_shares_and_the_chosen_cell_are_framed(shared: np.ndarray) -> None:
    *around, cell = panel(shared).figure.layout.shapes
    framed = {
        (row, column)
        for frame in around
        for row in range(int(frame.y0 + 0.5), int(frame.y1 + 0.5))
        for column in range(int(frame.x0 + 0.5), int(frame.x1 + 0.5))
    }
    assert framed == lit(panel(shared)).keys()
    assert cell_at(int(cell.y0 + 0.5), int(cell.x0 + 0.5), panel(shared)) == CELL
    assert (cell.x1 - cell.x0, cell.y1 - cell.y0) == (1, 1)
    assert cell.line.color == theme.CHOSEN


def test_all_sheets_and_steps_have_one_scale_centred_on_zero() -> None:
    for trace in panel(COLUMN).figure.data:
        assert (trace.zmin, trace.zmax) == (-69, 69)


def test_one_colour_bar_and_the_pointer_asks_the_whole_block() -> None:
    whole, *pieces = panel(COLUMN).figure.data
    assert [trace.showscale for trace in (whole, *pieces)] == [False, True, False, False]
    assert whole.hoverinfo is None and {piece.hoverinfo for piece in pieces} == {"skip"}


def test_each_sheet_has_its_name_and_its_channels_below() -> None:
    layout = panel(ROW).figure.layout
    places = {note.text: note.x for note in layout.annotations}
    assert {name: cell_at(0, int(x), panel(ROW))[::2] for name, x in places.items()} == {
        name: (sheet, 2) for sheet, name in enumerate(SENTENCES)
    }
    ticks = [cell_at(0, place, panel(ROW)) for place in layout.xaxis.tickvals]
    assert [str(channel) for _, _, channel in ticks] == list(layout.xaxis.ticktext)
    assert {sheet for sheet, _, _ in ticks} == {0, 1, 2}


def test_rows_have_the_tokens_of_the_typed_sentence() -> None:
    assert panel(ROW).figure.layout.yaxis.ticktext == ("a 0", "b", "<b>c</b>", "a 3")


def test_the_pointer_tells_sentence_token_and_channel() -> None:
    whole = panel(ROW).figure.data[0]
    for row, column in np.ndindex(T, whole.z.shape[1]):
        if not np.isnan(whole.z[row, column]):
            sheet, position, channel = cell_at(row, column, panel(ROW))
            assert whole.text[row][column] == list(SENTENCES.values())[sheet][position]
            assert tuple(whole.customdata[row][column]) == (sheet, channel)
    assert whole.hovertemplate.startswith(
        "sentence %{customdata[0]}, channel %{customdata[1]}<br>'%{text}' at %{y:d}: %{z"
    )


@pytest.mark.parametrize(("time", "token"), [(256, "a"), (1024, None)])
def test_in_a_large_block_too_each_number_has_its_whole_place(time: int, token: str | None) -> None:
    """The tokens of the second, 196,608 numbers, would outweigh the numbers: its axis has them."""
    values, shared = np.zeros((1, 3, time, 64)), np.zeros((3, time, 64), bool)
    shared[0, 0] = True
    sentences = dict.fromkeys(SENTENCES, "a" * time)
    drawn = block_panel(values, shared, (0, 0, 0), sentences, **GIVEN)
    whole = drawn.figure.data[0]
    assert cell_at(200, 153, drawn) == (2, 200, 9)
    assert whole.customdata[200][153].tolist() == [2, 9]
    assert (whole.text[200][153] if whole.text else None) == token
    assert all(f"%{{{told}" in whole.hovertemplate for told in ("customdata[0]", "y:d", "z:"))


def test_alt_tells_the_chosen_number_and_the_range_of_those_that_share() -> None:
    alt = panel(ROW).alt  # at the last step sentence 1, position 2 has 40 to 44
    assert "5 numbers, with 'g' at 2, channel 3 of sentence 1." in alt
    assert "At the last step that is 43, and all of them from 40 to 44." in alt


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="shared must have shape"):
        panel(ROW[:2])
    with pytest.raises(ValueError, match="values must have shape"):
        block_panel(VALUES[:, :2], ROW, CELL, SENTENCES, **GIVEN)


# ---- the block in space --------------------------------------------------------------------------


def sides(shared: np.ndarray) -> dict[str, int]:
    """How many sides of cells have each colour."""
    figure = cube_panel(shared, (0, 2, 3), frame=Frame("cube", "Cube")).figure
    return {trace.fillcolor: list(trace.x).count(None) for trace in figure.data}


FRONT, LINE, ONE = (np.zeros((B, T, C), bool) for _ in range(3))
FRONT[0, 2] = LINE[:, :, 3] = ONE[0, 2, 3] = True


@pytest.mark.parametrize(
    ("shared", "pooled"),
    [(FRONT, (C - 1) + 1), (LINE, (T - 1) + B), (ONE, 0)],
    ids=["a token: in front and at its right end", "a channel: in front and above", "alone"],
)
def test_the_cube_shows_what_is_pooled_on_the_sides_that_are_seen(
    shared: np.ndarray, pooled: int
) -> None:
    seen = T * C + B * C + B * T
    assert sides(shared) == {
        theme.CHOSEN: 1, POOLED: pooled, theme.FAINT: seen - pooled - 1
    }  # fmt: skip


def test_a_cell_of_the_cube_that_is_not_seen_is_refused() -> None:
    with pytest.raises(ValueError, match="must be pooled and in sentence 0"):
        cube_panel(np.ones((B, T, C), bool), (1, 0, 0), frame=Frame("cube", "Cube"))
