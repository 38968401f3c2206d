"""What a dimension encodes: what the view draws, says and marks, and what it does without."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from streamlit.testing.v1 import AppTest

from explorer.data import dimensions
from explorer.views.tables.what_a_dimension_encodes import guess, view
from explorer.visit.moment import moment_of
from explorer.visit.runs import RECORDED
from model_core.embeddings.neighbours import neighbours
from model_core.embeddings.relations import LEVEL
from model_core.runs import Run
from tests.support.pages import SHIPPED, drawn, named, opened, panels, succeeded, visitor, words
from tests.support.runs import recorded_run

KEYS = {"pair", "read-off", "closer", "dimensions", "rows"}
FIRST, SECOND, OTHER = (SHIPPED.tokenizer.tokens.index(one) for one in "cko")


def page(**query: str) -> AppTest:
    return opened("tables", **named("tables", {"view": "What a dimension encodes"} | query))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    return tmp_path


def test_the_seeds_guess_is_the_ready_example() -> None:
    app = page()
    assert panels(app).keys() == KEYS and words(app) == []
    titles = {key: panel["title"] for key, panel in panels(app).items()}
    assert titles["pair"] == "'k' after 'c': 100% in the text, 100% in the model at step 1,000"
    assert (
        titles["read-off"] == "Rows tell how often a token comes after 'c': nothing beyond chance"
    )
    assert titles["closer"] == "'k' is closer to 'c' than to 'o' at step 1,000"
    first = {key: panel["title"] for key, panel in panels(page(step="0")).items()}
    assert "nothing found, none of 50 relations is more than chance" in first["dimensions"]
    assert first["rows"] == "Whole rows tell nothing more than by chance"


def test_other_tokens_can_be_chosen_and_a_column_added() -> None:
    app = page()
    for one in (OTHER, SECOND):
        succeeded(app.selectbox(key="tables.first").set_value(one).run())
        name = SHIPPED.tokenizer.tokens[one]
        assert panels(app)["pair"]["title"].startswith(f"'k' after '{name}': 0% in the text")
    lines = "\n".join(f"{token} {token > 'k'}" for token in "abcdefghijklmnop")
    for text, rows in ((lines, 11), ("", 10)):
        succeeded(app.text_area(key="tables.column").set_value(text).run())
        header, arrays = drawn(app)
        (rows_panel,) = (one for one in header["panels"] if one["key"] == "rows")
        assert {arrays[one["array"]].shape[1] for one in rows_panel["moving"]} == {rows}
    succeeded(app.text_area(key="tables.column").set_value("é 1").run())
    (said,) = words(app)
    assert said.startswith("Your column: line 1 is 'é 1'; write a token of this model")
    assert panels(app).keys() == KEYS


def test_what_is_found_is_marked_from_where_it_stays_found(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor(monkeypatch)
    moment = moment_of(SHIPPED)
    judged = view._judged(moment, FIRST, "")
    assert judged is not None
    ticks = view._ticked(moment, judged).timeline.ticks
    since = {one.label.removeprefix("rows tell "): one.step for one in ticks}
    for name, p in zip(judged.names, judged.rows.T, strict=True):
        kept = [step for at, step in enumerate(moment.steps) if (p[at:] < LEVEL).all()]
        assert since.get(name) == (kept[0] if kept else None), name


def test_a_dot_is_full_where_the_title_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor(monkeypatch)
    state = moment_of(Run.open(RECORDED / "english"))
    for at in (-1, 9):
        moment = replace(state, step=int(state.steps[at]))
        judged = view._judged(moment, int(moment.rows[0]), "")
        assert judged is not None
        told = false_discovery_control(judged.tested.probes.p, axis=1) <= LEVEL  # by SciPy
        panel = view._rows(moment, judged)
        np.testing.assert_array_equal(np.isfinite(panel.moving["1.x"]), told)
        np.testing.assert_array_equal(np.isnan(panel.moving["2.x"]), told)
        count = told[moment.at].sum()
        assert f"{count} of {told.shape[1]} more than by chance" in panel.frame.title


def test_cosines_are_those_of_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor(monkeypatch)
    moment = moment_of(SHIPPED)
    panel = guess._closer(moment, guess.Guess(FIRST, SECOND, OTHER), ("'c'", "'k'", "'o'"))
    near = neighbours(SHIPPED.token_embeddings([FIRST, SECOND, OTHER]), 1, 2, "cosine")
    by_id = np.take_along_axis(near.values, near.ids.argsort(1), 1)
    (drawn_,) = (array for path, array in panel.moving.items() if path.endswith(".y"))
    np.testing.assert_allclose(drawn_, by_id, atol=1e-6)


def test_without_c_the_commonest_pair_of_the_text_is_the_guess(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state: dict[str, Any] = visitor(monkeypatch)
    run = recorded_run(runs / "own", "ab ab ab ba bd da " * 30, steps=2)
    state["run"] = "own"
    tokens = run.tokenizer.tokens
    first, second, other = guess._default(moment_of(run))
    assert (tokens[first], tokens[second]) == ("a", "b")
    assert tokens[other] == " "
    assert dimensions.followers(run, first)[second] == run.text[: len(run.text) * 9 // 10].count(
        "ab"
    )


def test_a_run_with_few_tokens_or_no_text_says_so(runs: Path) -> None:
    recorded_run(runs / "few", "ab ab ba " * 30, steps=2)
    app = page(run="few")
    assert panels(app).keys() == {"pair", "closer"}
    assert words(app) == [
        "Fewer than 10 tokens occur often enough to relate anything to dimensions."
    ]
    (recorded_run(runs / "bare", steps=2).path / "text.txt").unlink()
    (said,) = words(page(run="bare"))
    assert said.startswith("What tokens have in common is counted in the text: text.txt of run")
