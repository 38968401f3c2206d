"""Without it in Streamlit's own test harness: what is trained, drawn, told and kept."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.charts.normalization.variants import as_variants
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame
from explorer.views.normalization.without_it.verdict import Outcome, verdict
from model_core.normalization import length_losses, norm_statistics
from model_core.runs import Run, list_runs
from model_core.runs.status import Status, read_status, write_status
from model_core.training import jobs
from model_core.training.variants import VARIANTS
from tests.support.pages import captions, drawn, opened, panels, press, words
from tests.support.runs import recorded_run, tree
from tests.support.waiting import wait_until

TEXT = "the lazy"
QUEUED = Status("queued")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("side") / "runs"
    recorded_run(folder / "layered")
    recorded_run(folder / "batched", norm="batch")
    recorded_run(folder / "bare", norm="none")
    recorded_run(folder / "other", steps=31)  # no variant of them
    recorded_run(folder / "wild", norm="none", learning_rate=1e4)
    recorded_run(folder / "tame", learning_rate=1e4)
    return folder


@pytest.fixture
def reading(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runs folder with one run; whatever is started in it is stopped at the end."""
    runs = tmp_path / "runs"
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(runs))
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "2")
    recorded_run(runs / "fox")
    yield runs
    for name in jobs.active(runs):
        jobs.stop(runs / name)
    wait_until(lambda: not jobs.active(runs))


ALONE = {"normalization.compare.runs": "fox"}  # not the shipped pair that takes its place


def side(**query: str) -> AppTest:
    return opened("normalization", **{"text": TEXT, "normalization.lab": "Without it"} | query)


def lines(app: AppTest, key: str) -> dict[str, dict[str, str]]:
    figure = json.loads(panels(app)[key]["figure"])
    return {trace["name"]: trace["line"] for trace in figure["data"] if trace.get("name")}


# ---- the button ----------------------------------------------------------------------------------


def test_the_button_trains_the_chosen_variants_that_are_missing_and_none_twice(
    folder: Path,
) -> None:
    app = side(run="fox")
    key = "normalization.compare.own"
    assert app.multiselect(key=key).value == [0, 1, 3, 5]  # none, and all that are pre
    app.multiselect(key=key).set_value([1, 4]).run()
    press(app, "Train 1 run")
    assert sorted(list_runs(folder)) == ["fox", "fox-batch-post"]
    assert app.selectbox(key="run").value == "fox"  # the page stays with the run and its sentence
    assert app.text_input(key="text").value == TEXT
    assert "layer-pre" in lines(app, "train_loss")
    wait_until(lambda: read_status(folder / "fox-batch-post").state == "finished")
    app.run()
    assert set(lines(app, "train_loss")) == {"layer-pre", "batch-post"}
    (button,) = (one for one in app.button if one.label == "All trained")
    assert button.disabled
    app.multiselect(key=key).set_value([0, 4]).run()
    press(app, "Train 1 run")
    wait_until(lambda: read_status(folder / "fox-none").state == "finished")
    assert sorted(list_runs(folder)) == ["fox", "fox-batch-post", "fox-none"]


def test_what_another_visitor_made_meanwhile_is_not_made_again(folder: Path) -> None:
    app = side(run="fox")
    app.multiselect(key="normalization.compare.own").set_value([0]).run()
    before = tree(recorded_run(folder / "theirs", norm="none").path)
    press(app, "Train 1 run")
    assert sorted(list_runs(folder)) == ["fox", "theirs"]
    assert tree(folder / "theirs") == before


def test_a_run_without_its_text_offers_no_training(folder: Path) -> None:
    (folder / "fox" / "text.txt").unlink()
    app = side(run="fox", **ALONE)
    assert any("Nothing new can be trained" in said for said in words(app))
    assert set(lines(app, "train_loss")) == {"layer-pre"}


def test_a_comparison_is_offered_beside_what_is_shown(reading: Path) -> None:
    app = side(run="layered", compare="deep")
    assert app.multiselect(key="normalization.compare.deep").value == [0, 1, 3]
    assert "without a norm the loss explodes" in captions(app)
    assert any(button.label == "Train 3 runs" for button in app.button)
    assert set(lines(app, "train_loss")) == {"none", "layer-pre", "batch-pre"}


def test_while_others_wait_what_stood_there_stays_and_nothing_is_called_trained(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", lambda path: write_status(path, QUEUED))
    recorded_run(folder / "bare", norm="none")
    app = press(side(run="fox", compare="small-batch"), "Train 2 runs")
    said = captions(app).replace("\\", "")
    assert "layer-pre: queued · batch-pre: queued. Until one has recorded a step: " in said
    assert set(lines(app, "train_loss")) == {"none", "layer-pre"}
    assert {"Training …"} == {button.label for button in app.button if "rain" in button.label}
    assert app.selectbox(key="run").value == "fox"
    for name in ("small-batch-layer-pre", "small-batch-batch-pre"):
        write_status(folder / name, replace(QUEUED, state="stopped"))


def test_runs_that_the_chosen_one_is_not_among_have_a_clock_of_their_own(reading: Path) -> None:
    app = side(run="other")
    assert app.selectbox(key="normalization.compare.runs").value == "exploding"
    app.selectbox(key="normalization.compare.runs").set_value("tame").run()
    assert set(lines(app, "train_loss")) == {"none", "layer-pre"}
    assert "The chosen run is not among them; they read" in captions(app).replace("\\", "")
    asked = side(
        run="other",
        **{"normalization.compare.runs": "bare", "normalization.compare.step": "5"},
    )
    assert set(lines(asked, "train_loss")) == {"none", "layer-pre", "batch-pre"}
    assert any("**At step 5**" in text.value for text in asked.markdown)
    assert "step" not in asked.query_params and asked.selectbox(key="run").value == "other"


# ---- what is drawn and told ----------------------------------------------------------------------


def test_one_variant_is_shown_alone_and_invites_to_train_others(folder: Path) -> None:
    app = side(run="fox", **ALONE)
    assert words(app) == ["There is one variant only: train others, and they are drawn beside it."]
    assert set(panels(app)) == {"train_loss", "val_loss", "by-norm", "by-part"}


def test_a_variant_has_one_look_in_every_panel() -> None:
    names = tuple(VARIANTS)
    series = {name: np.arange(3.0) for name in names}
    figure = as_variants(curves_panel([0, 1, 2], series, Frame("k", "t"), Scale("u"))).figure
    style = {trace.name: (trace.line.color, trace.line.dash) for trace in figure.data if trace.name}
    assert len(set(style.values())) == len(names)
    assert style["layer-pre"][0] == style["layer-post"][0] != style["batch-pre"][0]
    assert {name for name, (_, dash) in style.items() if dash == "dash"} == {
        name for name in names if name.endswith("post")
    }
    assert list(figure.data[-1].marker.color) == [style[name][0] for name in names]
    assert [label.font.color for label in figure.layout.annotations] == [
        style[label.text][0] for label in figure.layout.annotations
    ]


def test_the_table_tells_each_run_at_the_settled_step(reading: Path) -> None:
    app = side(run="layered", step="30")
    table = app.dataframe[0].value.set_index("variant")
    assert table["run"].to_dict() == {
        "none": "bare",
        "layer-pre": "layered",
        "batch-pre": "batched",
    }
    for name in table["run"]:
        run = Run.open(reading / name)
        metrics = run.metrics().set_index("step").loc[30]
        row = table[table["run"] == name].iloc[0]
        assert row["training loss"] == metrics["train_loss"]
        assert row["validation loss"] == metrics["val_loss"]
        model, split = run.model_at(30), run.split()
        losses = length_losses(model, split.validation, 4, (8,))[:, 0]
        assert row["gap between modes"] == pytest.approx(losses[1] - losses[0], abs=1e-9)
        model.train()
        statistics = norm_statistics(model, torch.tensor([run.tokenizer.encode(TEXT)]))
        assert row["final std"] == pytest.approx(statistics["std_in"].iloc[-1], rel=1e-5)


def verdict_of(app: AppTest) -> str:
    *_, told = (text.value for text in app.markdown if text.value.startswith("##### "))
    return told.removeprefix("##### ").replace("\\", "")


def test_the_verdict_is_made_of_the_numbers_of_both_runs(reading: Path) -> None:
    """The stream's growth and the losses, by the models themselves."""
    wild, tame = (Run.open(reading / name) for name in ("wild", "tame"))
    ids = torch.tensor([wild.tokenizer.encode(TEXT)])
    spread = norm_statistics(wild.model_at(0), ids)["std_in"]  # later squares leave float32
    losses = tame.metrics()["train_loss"]
    told = verdict_of(side(run="wild"))
    found = re.fullmatch(
        r"Without a norm the stream grows ([\d,.]+)-fold over 2 blocks and the loss is NaN at step "
        r"([\d,]+); with layer norm it stays below ([\d.e+]+) and ends at ([\d.e+]+)\.",
        told,
    )
    assert found, told
    assert float(found[1].replace(",", "")) == pytest.approx(
        spread.iloc[-1] / spread.iloc[0], rel=0.06
    )
    assert int(found[2].replace(",", "")) == wild.steps[-1]
    assert losses.max() <= float(found[3]) <= 1.1 * losses.max()
    assert float(found[4]) == pytest.approx(losses.iloc[-1], rel=0.01)


def test_where_none_diverges_the_verdict_is_on_the_loss_and_the_modes() -> None:
    def outcome(loss: float, gap: float) -> Outcome:
        return Outcome(np.array([3.0, 2.0]), None, None, 2, loss, gap)

    told = verdict({"batch-pre": outcome(2.5, 0.31), "layer-post": outcome(2.25, 0.0)}, 1500)
    assert told == (
        "At step 1,500 the validation loss is 2.25 with layer norm after each sum, 2.5 with batch "
        "norm: running averages alone add 0.31 nats with batch norm."
    )
    assert verdict({"layer-pre": outcome(2.0, 0.0)}, 5) == (
        "At step 5 the validation loss is 2 with layer norm."
    )


def test_a_variant_that_diverged_has_gaps_and_the_clock_goes_on(reading: Path) -> None:
    app = side(run="wild")
    end = int(Run.open(reading / "wild").steps[-1])
    assert f"NaN at step {end}" in panels(app)["train_loss"]["figure"]
    assert f"none up to step {end}" in captions(app).replace("\\", "")
    steps = Run.open(reading / "tame").steps
    header, arrays = drawn(app)
    assert arrays[header["timeline"]["steps"]].tolist() == sorted(
        {*Run.open(reading / "wild").steps.tolist(), *steps.tolist()}
    )
    together = app.dataframe[0].value  # first the last step that is a number for both
    assert together["training loss"].notna().tolist() == [True, True]
    table = side(run="wild", step=str(steps[-1])).dataframe[0].value
    assert table["training loss"].isna().tolist() == [True, False]


def test_one_token_has_no_statistics_for_batch_norm_which_is_said(reading: Path) -> None:
    app = side(run="batched", text="t")
    assert "one token has no variance over batch and time" in captions(app)
    assert set(lines(app, "by-norm")) == {"none", "layer-pre"}
    assert set(lines(app, "by-part")) == {"none", "layer-pre", "batch-pre"}


def test_windows_of_other_lengths_are_read_when_asked_for(reading: Path) -> None:
    app = side(run="layered", step="30")
    app.toggle(key="normalization.compare.lengths").set_value(True).run()
    told = lines(app, "lengths")
    assert set(told) == {"none", "layer-pre", "batch-pre", "batch-pre, evaluation mode"}
    assert told["batch-pre"]["color"] == told["batch-pre, evaluation mode"]["color"]
    app.toggle(key="normalization.compare.lengths").set_value(False).run()
    assert "lengths" not in panels(app)


def test_losses_measured_at_some_steps_only_are_drawn_as_one_line(
    folder: Path,
) -> None:
    recorded_run(folder / "seldom", eval_interval=10)
    figure = json.loads(panels(side(run="seldom"))["val_loss"]["figure"])
    assert figure["data"][0]["connectgaps"]


def test_what_was_not_recorded_is_no_picture_and_is_said(folder: Path) -> None:
    lines = (folder / "fox" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) | {"grad_norms": None} for line in lines]
    (folder / "fox" / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    app = side(run="fox", **ALONE)
    assert set(panels(app)) == {"train_loss", "val_loss", "by-norm"}
    assert "without the gradients of its parts: layer-pre" in captions(app).replace("\\", "")
