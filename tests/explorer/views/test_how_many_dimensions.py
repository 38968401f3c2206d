"""How many dimensions: the sentence on its numbers, a sweep from the button, runs still growing."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_rel
from streamlit.testing.v1 import AppTest

from explorer.views.tables.how_many_dimensions.verdict import one_more, verdict
from model_core.runs import Run, runs_folder
from model_core.runs.status import read_status
from model_core.training import jobs
from model_core.training.families import plan_of
from model_core.training.sweep import Point, create_sweep, found, train_all
from tests.support.pages import captions, opened, panels, press
from tests.support.runs import new_run

VIEW = {"tables.view": "How many dimensions?"}
SIZES = (5, 6, 16)


def test_the_sentence_says_where_more_stop_paying() -> None:
    losses = np.array([[2.0, 2.2], [1.9, 2.1], [1.85, 2.15]])
    assert verdict(SIZES, losses) == (
        "More than 5 dimensions do not pay: 2.1 nats, within one standard error (0.1) of the "
        "lowest, 2 nats per token at n_embd = 6."
    )
    losses[2] = [1.0, 1.0]
    assert verdict(SIZES, losses).startswith(
        "More dimensions still pay at the largest size: 1 nats"
    )
    losses[0] = [0.5, 0.5]
    assert verdict(SIZES, losses).startswith(
        "More than 5 dimensions do not pay: the lowest loss is"
    )
    assert "from one seed" in verdict(SIZES, losses[:, :1])
    assert verdict(SIZES[:1], losses[:1]).startswith("One size is trained: 0.5 nats")
    assert verdict(SIZES, np.full((3, 2), math.nan)) == "No validation loss is known yet."


def test_six_is_compared_with_five_seed_by_seed() -> None:
    losses = np.array([[2.0, 3.0], [1.95, 2.65], [1.0, 1.0]])
    assert ttest_rel(losses[1], losses[0]).pvalue > 0.05
    assert one_more(SIZES, losses) == (
        "6 instead of 5 makes no clear difference: −0.200 ± 0.150 over 2 seeds."
    )
    losses[1] = [1.79, 2.81]
    assert ttest_rel(losses[1], losses[0]).pvalue < 0.05
    assert one_more(SIZES, losses).startswith("6 instead of 5 helps: −0.200 ± 0.010")
    losses[1] = [2.2, 3.22]
    assert one_more(SIZES, losses).startswith("6 instead of 5 hurts: +0.210")
    assert one_more((5, 7, 16), losses) == one_more(SIZES, losses[:, :1]) == ""


def ticks(app: AppTest) -> list[str]:
    return json.loads(panels(app)["loss"]["figure"])["layout"]["xaxis"]["ticktext"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    return tmp_path


def test_a_sweep_is_shown_while_it_grows(folder: Path) -> None:
    mine = Run.open(new_run(folder / "mine", n_embd=4))
    points = [Point(4, 1337), Point(4, 1338), Point(6, 1337), Point(6, 1338)]
    paths = create_sweep(folder, "mine", plan_of(mine), points)
    train_all([paths[Point(4, 1337)], paths[Point(6, 1337)]])
    app = opened("tables", run="mine", **VIEW)
    assert ticks(app) == ["4<br>1 seed", "6<br>1 seed"]
    assert "2 of 4 trainings have ended; 2 stopped." in captions(app)
    assert "2 of these runs have recorded nothing yet." in captions(app)
    train_all(paths.values())
    app.run()
    assert ticks(app) == ["4<br>2 seeds", "6<br>2 seeds"]


def test_the_button_queues_what_is_missing_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(jobs, "start", started.append)
    app = opened("tables", run="quick-brown-fox", **VIEW)
    app = press(app, "Train 17 runs")  # six sizes from three seeds; the shipped one is there
    assert len(started) == 17 and {path.parent for path in started} == {runs_folder()}
    assert {read_status(path).state for path in started} == {"stopped"}
    like = Run.open(started[0])
    assert len({point.n_embd for point in found([folder], like)}) == 6
    press(app, "Train 17 runs")
    assert len(started) == 34 and len(set(started)) == 17  # the same runs go on


def test_without_recorded_speeds_the_chart_of_times_is_left_out_and_a_line_says_so() -> None:
    app = opened("tables", **VIEW)
    assert "seconds" not in panels(app) and {"loss", "rank"} <= panels(app).keys()
    assert "no speed is recorded in these runs" in captions(app)
