"""Compare: several runs on one clock, each at its latest recorded step before."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.data.others import families
from explorer.views.compare.choose import apart
from explorer.visit.runs import RECORDED
from model_core.runs import Run
from tests.support.pages import captions, counted_reads, drawn, opened, panels, succeeded, words

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
    losses = {run.name: run.metrics()["val_loss"].iloc[-1] for run in runs}
    lowest = min(losses, key=losses.__getitem__)
    title = next(one.value for one in app.markdown if one.value.startswith("#####"))
    first = lowest.removeprefix("small-batch-").replace("-", "\\-")
    assert f"validation loss\\: {first} " in title and "at its end" not in title


def test_runs_of_which_none_tells_its_settings_differ_in_none_that_is_known() -> None:
    assert apart(["damaged", "other"], {}) == []
    assert apart(["damaged", FIRST], families({FIRST: RECORDED / FIRST})) == []


def test_a_run_that_ended_earlier_is_said_to_show_its_end() -> None:
    short, long = (Run.open(RECORDED / name) for name in ("quick-brown-fox", "english"))
    assert short.steps[-1] < long.steps[-1]
    app = opened("compare", **{"compare.first": long.name, "compare.second": short.name})
    title = next(one.value for one in app.markdown if one.value.startswith("#####"))
    said = title.replace("\\", "")
    losses = [run.metrics()["val_loss"].iloc[-1] for run in (short, long)]
    assert f"quick-brown-fox {losses[0]:.3g} at its end, english {losses[1]:.3g} nats" in said


def test_the_clock_counts_tokens_epochs_or_steps(runs: tuple[Run, Run]) -> None:
    run = runs[0]
    size = run.training_config.batch_size * run.model_config.block_size
    app = opened("compare", run=FIRST, **{"compare.second": SECOND, "compare.clock": "token"})
    for _ in range(2):
        header, arrays = drawn(app)
        np.testing.assert_array_equal(arrays[header["timeline"]["steps"]], run.steps * size)
        assert f"At token {run.steps[-1] * size:,}, " in title(app)
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
    wanted = {"first": "lost", "second": "english", "clock": "epoch"}
    app = opened("compare", run="lost", **{f"compare.{name}": one for name, one in wanted.items()})
    header, arrays = drawn(app)
    assert header["timeline"]["clock"] == "step"
    assert words(app) == ["lost has no epoch recorded for each step: compared by steps."]
    assert arrays[header["timeline"]["steps"]].min() == 0


def test_runs_of_other_tokens_sizes_and_lengths_stand_beside_each_other() -> None:
    wanted = {"first": "quick-brown-fox", "second": "english", "third": "induction"}
    app = opened("compare", **{f"compare.{name}": one for name, one in wanted.items()})
    assert len([key for key in panels(app) if key.startswith("table-")]) == 3
    assert "map-2" in panels(app)  # of the letters that all have
    said = captions(app).replace("\\", "")
    assert "They differ in text, block size, channels, heads per layer, " in said


def title(app: AppTest) -> str:
    found = next(one.value for one in app.markdown if one.value.startswith("#####"))
    return found.replace("\\", "")


def test_at_first_two_runs_are_shown_that_differ_in_one_setting() -> None:
    for run in (SECOND, "english"):
        app = opened("compare", run=run)
        shown = [app.selectbox(key=f"compare.{name}").value for name in ("first", "second")]
        assert set(shown) == {FIRST, SECOND} and shown[0] == (run if run == SECOND else FIRST)
        assert title(app).startswith("##### Normalization alone differs. At step 1,500, ")
        assert ("No run differs from english" in captions(app)) == (run == "english")
    for _ in range(2):
        succeeded(app.selectbox(key="compare.first").set_value("exploding").run())
        succeeded(app.selectbox(key="compare.second").set_value("exploding-with-layer-norm").run())
        assert title(app).startswith("##### Normalization alone differs. At step 30")
        succeeded(app.selectbox(key="compare.first").set_value("induction").run())
        assert "alone differs" not in title(app)


def test_a_rerun_reads_nothing_of_the_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("compare", run=FIRST, **{"compare.third": "english"})
    read = counted_reads(monkeypatch)
    succeeded(app.run())
    others = {path.name for path in read if path.parent.name in (SECOND, "english")}
    assert others <= {"status.json"}
    assert not [path for path in read if path.suffix == ".safetensors"]
