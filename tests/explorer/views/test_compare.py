"""Compare: several runs on one clock, each at its latest recorded step before."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from explorer.visit.runs import RECORDED
from model_core.runs import Run
from tests.support.pages import captions, drawn, opened, panels, succeeded, words

FIRST, SECOND = "small-batch-layer-norm", "small-batch-batch-norm"


@pytest.fixture(scope="module")
def runs() -> tuple[Run, Run]:
    return Run.open(RECORDED / FIRST), Run.open(RECORDED / SECOND)


def test_both_runs_are_drawn_side_by_side_on_one_clock(runs: tuple[Run, Run]) -> None:
    app = opened("compare", run=FIRST, **{"compare.second": SECOND})
    header, arrays = drawn(app)
    expected = np.union1d(runs[0].steps, runs[1].steps)
    np.testing.assert_array_equal(arrays[header["timeline"]["steps"]], expected)
    found = panels(app)
    for at, run in enumerate(runs):
        assert {f"map-{at}", f"head-{at}", f"table-{at}"} <= found.keys()
        moving = arrays[found[f"table-{at}"]["moving"][0]["array"]]
        for now, step in enumerate(expected):
            own = np.flatnonzero(run.steps <= step)[-1]
            np.testing.assert_array_equal(moving[now], run.token_embeddings()[own])
    names = [trace["name"] for trace in json.loads(found["train_loss"]["figure"])["data"][:2]]
    assert names == ["layer-norm", "batch-norm"]  # without what both begin with
    losses = {run.name: run.metrics()["train_loss"].iloc[-1] for run in runs}
    lowest = min(losses, key=losses.__getitem__)
    title = next(one.value for one in app.markdown if one.value.startswith("#####"))
    first = lowest.removeprefix("small-batch-").replace("-", "\\-")
    assert f"training loss\\: {first} " in title and "at its end" not in title


def test_a_run_that_ended_earlier_is_said_to_show_its_end() -> None:
    short, long = (Run.open(RECORDED / name) for name in ("quick-brown-fox", "english"))
    assert short.steps[-1] < long.steps[-1]
    app = opened("compare", run=long.name, **{"compare.second": short.name})
    title = next(one.value for one in app.markdown if one.value.startswith("#####"))
    said = title.replace("\\", "")
    losses = [run.metrics()["train_loss"].iloc[-1] for run in (short, long)]
    assert f"quick-brown-fox {losses[0]:.3g} at its end, english {losses[1]:.3g} nats" in said


def test_the_clock_counts_tokens_epochs_or_steps(runs: tuple[Run, Run]) -> None:
    run = runs[0]
    size = run.training_config.batch_size * run.model_config.block_size
    app = opened("compare", run=FIRST, **{"compare.second": SECOND, "compare.clock": "token"})
    for _ in range(2):
        header, arrays = drawn(app)
        np.testing.assert_array_equal(arrays[header["timeline"]["steps"]], run.steps * size)
        assert (header["timeline"]["clock"], header["timeline"]["per"]) == ("token", 1)
        succeeded(app.segmented_control(key="compare.clock").set_value("epoch").run())
        header, arrays = drawn(app)
        epochs = run.metrics()["epoch"].to_numpy()
        np.testing.assert_allclose(arrays[header["timeline"]["steps"]] / 1000, epochs, atol=0.02)
        succeeded(app.segmented_control(key="compare.clock").set_value("token").run())


def test_a_run_without_speeds_is_compared_by_steps_and_says_so(runs: tuple[Run, Run]) -> None:
    app = opened("compare", run=FIRST, **{"compare.second": SECOND, "compare.clock": "second"})
    header, arrays = drawn(app)
    if np.isfinite(runs[0].metrics()["tokens_per_second"][1:]).any():
        assert header["timeline"]["clock"] == "second"
    else:
        assert words(app) == [f"{FIRST} has no second recorded for each step: compared by steps."]
        np.testing.assert_array_equal(arrays[header["timeline"]["steps"]], runs[0].steps)


def test_a_run_whose_metrics_are_lost_is_compared_by_steps(
    runs: tuple[Run, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(runs[0].path, tmp_path / "lost")
    (tmp_path / "lost" / "metrics.jsonl").write_text("")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    app = opened("compare", run="lost", **{"compare.second": "english", "compare.clock": "epoch"})
    header, arrays = drawn(app)
    assert header["timeline"]["clock"] == "step"
    assert words(app) == ["lost has no epoch recorded for each step: compared by steps."]
    assert arrays[header["timeline"]["steps"]].min() == 0


def test_runs_of_other_tokens_sizes_and_lengths_stand_beside_each_other() -> None:
    others = {"compare.second": "english", "compare.third": "induction", "step": "0"}
    app = opened("compare", run="quick-brown-fox", **others)
    assert len([key for key in panels(app) if key.startswith("table-")]) == 3
    assert "map-2" in panels(app)  # of the letters that all have
    assert captions(app) is not None
