"""The steps shown of a run: of one that grows, those that were shown stay where they are."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.visit.moment import Moment, evenly, moment_of
from tests.support.pages import SHIPPED, visitor


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Moment:
    visitor(monkeypatch)
    return moment_of(SHIPPED)


def until(moment: Moment, count: int) -> Moment:
    """The run while it has recorded so many steps."""
    line = moment.timeline
    line = replace(
        line, steps=line.steps[:count], epochs=line.epochs[:count], losses=line.losses[:count]
    )
    return replace(
        moment,
        steps=moment.steps[:count],
        metrics=moment.metrics.iloc[:count],
        timeline=line,
        live=True,
    )


@pytest.mark.parametrize("most", [2, 3, 8, 17])
def test_steps_of_a_growing_run_stay_or_every_second_of_them_does(whole: Moment, most: int) -> None:
    before: list[int] = []
    for count in range(1, len(whole.steps) + 1):
        shown = evenly(until(whole, count), most).steps.tolist()
        assert len(shown) <= most and shown[0] == 0 and shown[-1] == whole.steps[count - 1]
        kept = shown[:-1]
        stayed = [step for step in kept if before and step <= before[-1]]
        assert stayed in (before, before[::2])
        before = kept


def test_steps_of_a_run_that_has_ended_are_spread_over_all_of_it(whole: Moment) -> None:
    shown = evenly(whole, 9)
    expected = whole.steps[np.linspace(0, len(whole.steps) - 1, 9).round().astype(int)]
    np.testing.assert_array_equal(shown.steps, expected)
    assert evenly(whole, len(whole.steps)) is whole
