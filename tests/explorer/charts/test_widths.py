"""A measure against n_embd: every seed is a point, and the chart says how many there are."""

import numpy as np
import pytest

from explorer.charts.embeddings.widths import widths_panel
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from tests.support.refusals import refusal

LOSSES = np.array([[[4.0, 5.0], [3.0, 3.5]], [[2.0, 3.0], [1.0, np.nan]]])  # (S, K, R)


def panel(values: np.ndarray = LOSSES, span: int = 6, **more: object) -> Panel:
    return widths_panel(values, (5, 6), Frame("l", "Loss", span), Scale("nats"), **more)  # type: ignore[arg-type]


def test_points_means_and_bars_move_with_the_step() -> None:
    moving = panel().moving
    np.testing.assert_array_equal(moving["0.y"], LOSSES.reshape(2, 4).astype(np.float32))
    assert moving["2.y"].tolist() == [[4.5, 3.25], [2.5, 1.0]]
    low, high, gap, *_ = moving["1.y"][0]
    deviation = np.std([4.0, 5.0], ddof=1)
    assert (low, high) == pytest.approx((4.5 - deviation, 4.5 + deviation))
    assert np.isnan(gap) and np.isnan(moving["1.y"][1, 3:5]).all()  # one seed has no spread


def test_the_axis_says_how_many_seeds_stand_behind_each_point() -> None:
    assert panel().figure.layout.xaxis.ticktext == ("5<br>2 seeds", "6<br>1 seed")
    assert panel(span=3).figure.layout.xaxis.ticktext == ("5<br>×2", "6<br>×1")
    assert panel().figure.data[2].customdata.tolist() == [2, 1]
    assert "5: 2.5 ± 0.71 (2 seeds); 6: 1 (1 seed)." in panel().alt


def test_one_step_stands_for_all_and_a_line_may_stand_beside() -> None:
    still = panel(LOSSES[:1], beside=("untrained", np.array([9.0, 8.0])))
    assert not still.moving
    assert [trace.name for trace in still.figure.data if trace.showlegend] == ["untrained"]
    assert still.figure.layout.yaxis.range[1] > 9
    assert "values" in refusal(panel, LOSSES[:, :1])


def test_beside_one_size_a_mark_stands_for_the_line() -> None:
    one = widths_panel(
        LOSSES[:, :1],
        (5,),
        Frame("l", "Loss", 6),
        Scale("nats"),
        beside=("untrained", np.array([9.0])),
    )
    modes = {trace.name: trace.mode for trace in one.figure.data}
    assert modes["untrained"] == "markers"
    two = panel(beside=("untrained", np.array([9.0, 8.0])))
    assert two.figure.data[-1].mode == "lines"
