import html
from typing import Any

import numpy as np
import pytest

from explorer.charts.embeddings.tables import table_panel
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame

VALUES = np.array([[[0.5, -2.0], [0.25, 1.0]], [[4.0, 0.0], [-1.0, 3.0]]])  # (S=2, R=2, C=2)
GIVEN: dict[str, Any] = {"frame": Frame("t", "Token embeddings")}


def test_every_cell_is_the_value_of_that_row_and_channel_at_that_step() -> None:
    panel = table_panel(VALUES, Rows(["a", "b"]), **GIVEN)
    np.testing.assert_array_equal(panel.moving["0.z"], VALUES.astype(np.float32))
    np.testing.assert_array_equal(panel.figure.data[0].z, VALUES[0])


def test_colours_are_centred_on_zero_and_the_same_at_every_step() -> None:
    trace = table_panel(VALUES, Rows(["a", "b"]), **GIVEN).figure.data[0]
    assert (trace.zmin, trace.zmax) == (-4, 4)
    places = [place for place, _ in trace.colorscale]
    assert places == [1 - place for place in reversed(places)]


def test_colours_follow_the_step_only_when_asked_to() -> None:
    panel = table_panel(VALUES, Rows(["a", "b"]), per_step=True, **GIVEN)
    assert panel.moving["0.zmax"].tolist() == [2, 4]
    assert panel.moving["0.zmin"].tolist() == [-2, -4]
    assert "0.zmax" not in table_panel(VALUES, Rows(["a", "b"]), **GIVEN).moving


def test_one_infinite_value_does_not_spoil_the_colours_of_the_others() -> None:
    values = VALUES.copy()
    values[1, 0, 0] = np.inf
    panel = table_panel(values, Rows(["a", "b"]), **GIVEN)
    assert panel.figure.data[0].zmax == 3
    assert np.isnan(panel.moving["0.z"][1, 0, 0])
    assert panel.alt.endswith("1 values are not finite.")


def test_rows_run_from_the_top_in_id_order_and_the_chosen_one_is_framed() -> None:
    figure = table_panel(VALUES, Rows(["a", "b"], chosen=1), **GIVEN).figure
    assert figure.layout.yaxis.range == (1.5, -0.5)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 1.5, 0.5, 1.5)
    assert figure.layout.yaxis.ticktext == ("a", "<b>b</b>")
    assert not table_panel(VALUES, Rows(["a", "b"]), **GIVEN).figure.layout.shapes


def test_hover_names_the_token_and_its_id_or_the_position() -> None:
    words = table_panel(VALUES, Rows(["<b>", "&lt;"]), **GIVEN).figure.data[0].customdata
    assert html.unescape(words[1][0]) == "token '&lt;' (id 1)" and "<" not in words[0][1]
    assert (
        table_panel(VALUES, Rows(["0", "1"], "position"), **GIVEN).figure.data[0].customdata[1][1]
        == "position 1"
    )


def test_alt_tells_where_the_extremes_stand() -> None:
    alt = table_panel(VALUES, Rows(["a", "b"]), **GIVEN).alt
    assert "From -2 (token 'a', channel 1) to 4 (token 'a', channel 0)." in alt


def test_labels_that_do_not_fit_the_rows_are_refused() -> None:
    with pytest.raises(ValueError, match=r"values must have shape \(S, 3, C\), got \(2, 2, 2\)"):
        table_panel(VALUES, Rows(["a", "b", "c"]), **GIVEN)
