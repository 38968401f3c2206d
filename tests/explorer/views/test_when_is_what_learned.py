"""When is what learned: what the view draws, marks and says, with and without rules."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.data import knowledge
from explorer.views.tables import when_is_what_learned as view
from explorer.visit.moment import moment_of
from model_core.runs import Run
from tests.support.pages import SHIPPED, captions, named, opened, panels, succeeded, visitor, words
from tests.support.runs import recorded_run

KEYS = {"counts", "rules", "odds", "changes"}


def page(**query: str) -> AppTest:
    return opened("tables", **named("tables", {"view": "When is what learned"} | query))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("learning") / "runs"
    recorded_run(folder / "told", corpus="stories", block_size=48, steps=4, snapshots=3)
    (recorded_run(folder / "bare", steps=2).path / "text.txt").unlink()
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


def test_counts_words_and_items_of_ones_own_are_followed() -> None:
    app = page()
    assert panels(app).keys() == KEYS and words(app) == []
    titles = {key: panel["title"] for key, panel in panels(app).items()}
    assert titles["counts"].startswith("Counts of the text. Learned from step: unigram")
    assert titles["rules"].startswith("Learned from step: words spelled right")
    assert "984 positions of the text" in captions(app)  # 24 windows of 41
    for lines, said in (
        ("the | fox | dog\nthe | fox | dog", ["'fox' not 'dog' (1)", "'fox' not 'dog' (2)"]),
        ("over the | lazy | fox", ["'lazy' not 'fox'"]),
    ):
        succeeded(app.text_area(key="tables.cloze").set_value(lines).run())
        assert all(name in panels(app)["odds"]["title"] for name in said)
    succeeded(app.text_area(key="tables.cloze").set_value("the fox").run())
    assert words(app) == ["Your own items: line 1 is 'the fox'; write context | right | wrong."]
    assert panels(app).keys() == KEYS - {"odds"}


def test_rules_of_stories_and_what_no_model_of_this_size_can_know() -> None:
    app = page(run="told")
    assert panels(app).keys() == KEYS
    assert "remembered color" in panels(app)["rules"]["title"]
    assert "tokens back or more, and this model reads 48" in captions(app)


def test_rules_are_shares_of_stories(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor(monkeypatch)
    rules = knowledge.rules(moment_of(Run.open(made / "told")))
    assert len(rules) == 4
    for shares in rules.values():
        assert shares.shape == (3,)
        np.testing.assert_allclose(shares * 12, np.round(shares * 12))


def test_what_is_learned_is_marked_from_where_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor(monkeypatch)
    moment = view.evenly(moment_of(SHIPPED), 5)
    curves = {
        "kept": np.array([1, -1, 1, -1, -1]),
        "lost": np.array([1, -1, -1, -1, 1]),
        "always": np.full(5, -1.0),
        "unknown": np.full(5, np.nan),
    }
    shares = {"mostly": np.array([0, 0.95, 1, 0.85, 1]), "seldom": np.array([0, 1, 0, 0.5, 0.9])}
    marks = view._marks(moment, curves, shares)
    assert {name: tick.step for name, tick in marks.items()} == {
        "kept": moment.steps[3],
        "always": 0,
        "mostly": moment.steps[1],
    }
    assert view._verdict({"kept": "k", "lost": "l"}, marks) == (
        f"Learned from step: k {moment.steps[3]:,}; not learned: l"
    )
    assert view._verdict({"always": "a", "lost": "l"}, marks) == (
        "So from the start: a; not learned: l"
    )


def test_a_run_without_its_text_says_so() -> None:
    (said,) = words(page(run="bare"))
    assert said.startswith("What is known of the text cannot be measured: text.txt of run bare")
