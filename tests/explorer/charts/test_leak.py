"""Charts of the leak: zeros that are seen as such, the marked batch, one scale for both means."""

from typing import Any

import numpy as np
import pytest

from explorer.charts.normalization.leak import (
    Distances,
    distances_panel,
    means_panel,
    movement_panel,
)
from explorer.panels import Frame

COMMON: dict[str, Any] = {"frame": Frame("k", "T"), "unit": "u"}
NAMES = ["embedding", "ln_f"]
MOVED = {"batch": np.array([[0, 2], [0, 4]]), "layer": np.zeros((2, 2)), "rms": np.zeros((2, 2))}


def test_zero_is_on_the_axis_and_has_a_line_that_says_so() -> None:
    panel = movement_panel(MOVED, NAMES, **COMMON)
    axis = panel.figure.layout.yaxis
    assert axis.type == "linear"
    assert axis.range[0] < 0 and axis.range[1] > 4
    (line,) = panel.figure.layout.shapes
    assert (line.y0, line.y1, line.label.text) == (0, 0, "exactly 0")
    np.testing.assert_array_equal(panel.moving["1.y"], 0)
    assert "layer is lowest at embedding (0) and highest at embedding (0)." in panel.alt


def test_lines_on_each_other_have_open_marks_of_different_sizes() -> None:
    first, *others = movement_panel(MOVED, NAMES, **COMMON).figure.data
    assert len({line.marker.size for line in others}) == len(others)
    assert all(line.marker.symbol.endswith("-open") for line in others)
    assert first.marker.symbol == "circle"


def test_the_scale_is_not_empty_where_nothing_moves_at_all() -> None:
    low, high = movement_panel(
        {"layer": np.zeros((1, 2))}, NAMES, **COMMON
    ).figure.layout.yaxis.range
    assert low < 0 < high


def test_the_batch_looked_at_is_marked_with_its_distance() -> None:
    panel = distances_panel(
        Distances((1, 2, 4), np.array([3, 2, 1]), np.array([3, 2.1, 1.5]), 8), size=2, **COMMON
    )
    measured, expected, mark = panel.figure.data
    np.testing.assert_array_equal(measured.y, [3, 2, 1])
    np.testing.assert_allclose(expected.y, [3, 2.1, 1.5], rtol=1e-6)
    assert (mark.x.tolist(), mark.y.tolist()) == ([2], [2])
    assert measured.name == "measured, mean of 8 batches"
    assert panel.alt.endswith("At 2 windows measured 2.")


def test_the_number_of_the_largest_batch_stands_inside_the_picture() -> None:
    for size, side in ((1, "top right"), (2, "top left")):
        panel = distances_panel(Distances((1, 2), np.ones(2), np.ones(2), 8), size=size, **COMMON)
        assert panel.figure.data[2].textposition == side


@pytest.mark.parametrize("size", [3, 0])
def test_a_size_that_was_not_measured_has_no_mark(size: int) -> None:
    panel = distances_panel(Distances((1, 2), np.ones(2), np.ones(2), 8), size=size, **COMMON)
    assert len(panel.figure.data) == 2
    assert panel.alt.endswith(f"At {size} windows nothing was measured.")


def test_a_channel_whose_means_are_the_same_lies_on_the_line() -> None:
    running, batch = np.array([[0.0, 1, 2], [0, 1, 3]]), np.array([[0.0, 1, 2], [0, 1, 9]])
    panel = means_panel(running, batch, **COMMON)
    line, points = panel.figure.data
    assert line.x == line.y
    np.testing.assert_array_equal(points.x, points.y)
    assert panel.figure.layout.xaxis.range == panel.figure.layout.yaxis.range
    assert panel.figure.layout.xaxis.range[1] > 9
    assert panel.alt.endswith("channel 2 is farthest from it: running 3, batch 9.")
