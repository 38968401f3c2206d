"""Several runs on one clock: each moment shows the latest recorded before."""

import numpy as np

from explorer.visit.together import latest, shown, union

AT, CLOCK = np.array([2, 4, 8]), np.array([0, 2, 3, 4, 7, 8, 9])


def test_each_moment_shows_the_latest_recorded_before() -> None:
    by_hand = [max((at for at in range(3) if AT[at] <= now), default=-1) for now in CLOCK]
    assert latest(AT, CLOCK).tolist() == by_hand
    values = shown(np.array([10.0, 20.0, 30.0]), AT, CLOCK)
    np.testing.assert_array_equal(values, [np.nan, 10, 10, 20, 20, 30, np.nan])
    assert union([AT, np.array([1, 2])]).tolist() == [1, 2, 4, 8]
