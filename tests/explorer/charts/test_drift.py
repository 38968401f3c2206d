from typing import Any

import numpy as np
import pytest

from explorer.charts.embeddings.drift import drift_panel
from explorer.charts.parts import theme
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame

DISTANCES = np.array([[0, 0], [1, 2], [3, 2.5]])
DRIFT: dict[str, Any] = {"frame": Frame("d", "Drift")}


def test_each_row_is_a_line_of_its_distances_with_a_gap_after_it() -> None:
    trace = drift_panel(DISTANCES, [0, 1, 10], Rows(["a", "b"]), **DRIFT).figure.data[0]
    nan = np.nan
    np.testing.assert_array_equal(trace.y, [0, 1, 3, nan, 0, 2, 2.5, nan])
    np.testing.assert_array_equal(trace.x[:3], [0, 1, 2])
    np.testing.assert_array_equal(trace.x[4:7], [0, 1, 2])
    assert trace.text[5] == "token 'b' (id 1)" and trace.customdata[6] == 10


def test_the_cursor_is_at_the_index_of_the_step_and_as_high_as_the_axis() -> None:
    panel = drift_panel(DISTANCES, [0, 1, 10], Rows(["a", "b"]), **DRIFT)
    np.testing.assert_array_equal(panel.moving["1.x"], [[0, 0], [1, 1], [2, 2]])
    assert panel.figure.data[1].y == panel.figure.layout.yaxis.range == (0, 3.15)
    axis = panel.figure.layout.xaxis
    assert (axis.range, axis.tickvals, axis.ticktext) == ((0, 2), (0, 1, 2), ("0", "1", "10"))


def test_a_dot_runs_along_the_chosen_line() -> None:
    panel = drift_panel(DISTANCES, [0, 1, 10], Rows(["a", "b"], chosen=1), **DRIFT)
    np.testing.assert_array_equal(panel.figure.data[2].y, [0, 2, 2.5])
    np.testing.assert_array_equal(panel.moving["3.x"], [[0], [1], [2]])
    np.testing.assert_array_equal(panel.moving["3.y"], [[0], [2], [2.5]])


def test_selected_rows_are_lit_and_the_chosen_one_in_its_own_colour() -> None:
    rows = Rows(["a", "b"], chosen=1, selected=[0, 1])
    figure = drift_panel(DISTANCES, [0, 1, 10], rows, **DRIFT).figure
    lines = [trace for trace in figure.data[2:] if trace.mode == "lines"]
    assert [line.line.color for line in lines] == [theme.SELECTED, theme.CHOSEN]
    np.testing.assert_array_equal([line.y for line in lines], DISTANCES.T)


def test_alt_names_who_moved_most_and_least() -> None:
    alt = drift_panel(DISTANCES, [0, 1, 10], Rows(["a", "b"]), **DRIFT).alt
    assert "'a' has moved most, 3, and 'b' least, 2.5." in alt


def test_steps_that_do_not_ascend_or_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must ascend and be at least one, got \[0, 2, 1\]"):
        drift_panel(DISTANCES, [0, 2, 1], Rows(["a", "b"]), **DRIFT)
    with pytest.raises(ValueError, match=r"distances must have shape \(2, 2\), got \(3, 2\)"):
        drift_panel(DISTANCES, [0, 1], Rows(["a", "b"]), **DRIFT)
