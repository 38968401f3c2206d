"""What just changed: each line found again in the run itself."""

import re

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from explorer.charts.attention.role_words import DOES
from explorer.data import heads
from explorer.views.overview.changes import with_changes
from explorer.visit.moment import Moment, moment_of
from model_core.attention.roles import MEASURES, roles
from model_core.runs import Run
from tests.support.pages import SHIPPED, visitor

PAIR = re.compile(r"'(.)' and '(.)' come together")


@pytest.fixture
def fox(monkeypatch: pytest.MonkeyPatch) -> Moment:
    visitor(monkeypatch)
    return moment_of(SHIPPED)


def told(moment: Moment, words: str) -> list[tuple[int, str]]:
    """The place among the steps and the words of each line that has them."""
    ticks = with_changes(moment).ticks
    assert [tick.step for tick in ticks] == sorted(tick.step for tick in ticks)
    places = moment.steps.tolist()
    return [(places.index(tick.step), tick.label) for tick in ticks if words in tick.label]


def test_the_loss_stays_below_guessing_from_there_and_not_from_before(fox: Moment) -> None:
    losses = SHIPPED.metrics()["val_loss"].to_numpy()
    letters, counts = np.unique(list(SHIPPED.text), return_counts=True)
    shares = counts / counts.sum()
    levels = {"guessing (": np.log(27), "by frequency": -(shares * np.log(shares)).sum()}
    for words, level in levels.items():
        ((at, label),) = told(fox, words)
        assert f"({level:.2f})" in label
        assert (losses[at:] < level).all() and losses[at - 1] >= level
    assert len(letters) == 27


def test_tokens_that_came_together_are_each_others_nearest_since_then(fox: Moment) -> None:
    rows = {label: row for row, label in enumerate(fox.labels)}
    lines = told(fox, "come together")
    assert 1 <= len(lines) <= 6
    for at, label in lines:
        found = PAIR.fullmatch(label)
        assert found
        pair = [rows[found[1]], rows[found[2]]]
        for place in (at - 1, at, len(fox.steps) - 1):
            table = SHIPPED.token_embeddings()[place]
            apart = cdist(table, table, "cosine")
            np.fill_diagonal(apart, np.inf)
            together = [int(apart[one].argmin()) for one in pair] == pair[::-1]
            assert together == (place >= at)


def test_heads_begin_to_do_what_they_do_at_last(
    induction: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor(monkeypatch)
    moment = moment_of(induction)
    found = roles(heads.head_scores(moment))
    counts = {"one": 1, "two": 2, "three": 3, "four": 4, "head": 1}
    begun = 0
    for role, does in enumerate(DOES.values()):
        for at, label in told(moment, f"to {' '.join(does)}"):
            kept = (found[at:] == role).all(0) & (found[at - 1] != role)
            assert counts[label.split()[0]] == kept.sum()
            begun += kept.sum()
    assert begun == (found[-1] >= 0).sum() > 1
    assert list(DOES) == list(MEASURES)
    at_once = with_changes(moment, quick=True).ticks
    assert at_once and not [tick for tick in at_once if "begin" in tick.label]
