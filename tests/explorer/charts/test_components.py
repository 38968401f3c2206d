"""Every component of a vector: as lines, and as a heatmap where they are many."""

import numpy as np
import pytest

from explorer.charts.embeddings.components import LINES, components_panel
from explorer.panels import Frame

FRAME = Frame("c", "'k' has moved")
STEPS = [0, 5, 1000]


def test_few_components_are_lines_with_their_names_at_the_ends() -> None:
    values = np.arange(3 * LINES, dtype=np.float32).reshape(3, LINES)
    panel = components_panel(STEPS, values, FRAME)
    for channel in range(LINES):
        np.testing.assert_array_equal(panel.figure.data[channel].y, values[:, channel])
    names = [one.text for one in panel.figure.layout.annotations]
    assert names == [f"channel {channel}" for channel in range(LINES)]


def test_many_are_rows_of_a_heatmap_over_steps_centred_on_zero() -> None:
    values = np.random.default_rng(0).normal(size=(3, LINES + 1))
    values[1, 2] = -9
    panel = components_panel(STEPS, values, FRAME)
    cells = panel.figure.data[0]
    np.testing.assert_array_equal(cells.z, values.T.astype(np.float32))
    assert (cells.zmin, cells.zmax) == (-9, 9)
    assert panel.moving["1.x"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert "heatmap, 8 channels by 3 recorded steps" in panel.alt
    assert "-9 (channel 2 at step 5)" in panel.alt


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match=r"vectors must have shape \(3, C\), got \(2, 4\)"):
        components_panel(STEPS, np.ones((2, 4)), FRAME)
