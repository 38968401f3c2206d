"""Random at first? on the Tables page: what it draws, says and marks on the clock."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest
from streamlit.testing.v1 import AppTest

from explorer.data.randomness import Looks, looks
from explorer.views.tables.random_at_first import words as random_words
from explorer.visit.moment import moment_of
from model_core.embeddings.counts import frequency
from model_core.embeddings.pairs import Alike
from model_core.runs import Run
from tests.support.pages import SHIPPED, drawn, opened, panels, visitor, words
from tests.support.runs import recorded_run

PANELS = {"numbers", "directions", "alike", "tests"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("random") / "runs"
    recorded_run(folder / "boom", learning_rate=1e6, norm="none")  # weights become NaN
    recorded_run(folder / "equal", "the fox and dog " * 40 + "Q!", equal_rows=True)
    recorded_run(folder / "thin", n_embd=1, n_head=1, norm="rms", text="aab" * 40)
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return visitor(monkeypatch)


def view(**query: str) -> AppTest:
    return opened("tables", **{"tables.view": "Random at first?"} | query)


def ticks(app: AppTest) -> dict[str, int]:
    return {tick["label"]: tick["step"] for tick in drawn(app)[0]["timeline"]["ticks"]}


def test_both_tables_have_their_pictures_a_verdict_and_a_mark() -> None:
    app = view()
    assert set(panels(app)) == PANELS and words(app) == []
    title = panels(app)["numbers"]["title"]
    assert title.startswith("Tokens look like random numbers until step 74, then their size")
    (mark,) = (step for label, step in ticks(app).items() if "stop looking random" in label)
    assert mark == 74
    for name in ("Position table", "Token table", "Position table"):  # more than once
        app.segmented_control(key="tables.random").set_value(name).run()
        assert not app.exception and set(panels(app)) == PANELS
        assert panels(app)["numbers"]["title"].startswith(name.split()[0])


@pytest.mark.parametrize("run", ["boom", "thin"])
def test_a_run_with_lost_numbers_or_one_channel_has_all_of_it(run: str) -> None:
    for table in ("Token table", "Position table"):
        app = view(run=run, **{"tables.random": table})
        assert set(panels(app)) == PANELS
        assert "nan" not in " ".join(panel["title"] for panel in panels(app).values()).lower()


def test_rows_that_are_equal_at_first_are_told_apart_by_their_gradients_if_they_have_any(
    made: Path,
) -> None:
    run = Run.open(made / "equal")
    tokens = run.token_embeddings()
    assert (tokens[0] == tokens[0, :1]).all()
    never = frequency(run) == 0
    assert never.sum() == 2 and (tokens[:, never] == tokens[0, :1]).all()
    different = {tuple(row) for row in tokens[-1].tolist()}
    assert len(different) == (~never).sum() + 1
    app = view(run="equal")
    assert set(panels(app)) == PANELS - {"tests"} | {"different"}
    assert (
        f"all {len(never)} rows are equal. {len(different)} differ"
        in (panels(app)["numbers"]["title"])
    )
    said = panels(app)["different"]["title"]
    assert said == "The 2 tokens that never occur in the training text still share one row"
    assert f"{len(different)} of {len(never)} tokens differ" in ticks(app)
    app.segmented_control(key="tables.random").set_value("Position table").run()
    assert "Every row is unlike all others from step" in panels(app)["different"]["title"]


def test_the_note_of_a_step_is_its_test_against_the_runs_own_initial_scale(
    state: dict[str, Any],
) -> None:
    moment = moment_of(SHIPPED)
    seen = looks(moment, "tokens")
    numbers = SHIPPED.token_embeddings()[60].ravel().astype(float)
    known = kstest(numbers / SHIPPED.model_config.embedding_init_std, "norm")
    assert random_words.notes(seen)[60].startswith(f"D = {known.statistic:.3f}, p = ")
    assert seen.p[60, 0] == pytest.approx(known.pvalue, rel=0.05)


def seen(p: list[list[float]], since: int | None) -> Looks:
    count = len(p)
    nothing = np.full(count, np.nan)
    values = np.array([[1.4, 0.5]] * count)
    return Looks(np.full(count, 0.3), np.array(p), since, values, Alike(nothing, nothing, nothing))


@pytest.mark.parametrize(
    ("p", "since", "said"),
    [
        ([[0.5, 0.5, 0.5]] * 3, None, "look like random numbers at the start and still at step"),
        ([[0.5, 0.5, 0.5], [0.5, 0.5, 1e-9], [0.5, 0.5, 1e-9]], 1, "one direction stands out"),
        ([[0.5, 0.5, 0.5], [1e-9, 0.5, 0.5], [1e-9, 0.5, 0.5]], 1, "they spread differently"),
        ([[0.5, 1e-9, 0.5]] * 3, 0, "are not random at first: their size changes"),
        ([[np.nan] * 3] * 3, None, "no recorded step has numbers"),
    ],
)
def test_the_verdict_says_by_which_test(
    state: dict[str, Any], p: list[list[float]], since: int | None, said: str
) -> None:
    verdict = random_words.verdict(
        moment_of(SHIPPED), "tokens", SHIPPED.token_embeddings()[:3], seen(p, since)
    )
    assert said in verdict and len(verdict) <= 120
