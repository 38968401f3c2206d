"""The view of covariate shift: whom it compares, which steps, and what it says and tells."""

import itertools
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from streamlit.testing.v1 import AppTest

from explorer.data.layer_inputs import AlignedSpread, Input, Spread, spread
from explorer.panels import Panel
from explorer.views.normalization.background.covariate_shift import panels as shift_panels
from explorer.views.normalization.background.covariate_shift import table as shift_table
from explorer.views.normalization.background.covariate_shift import view as shift
from explorer.views.normalization.background.covariate_shift.others import (
    beside,
    comparable,
    held_beside,
)
from explorer.views.normalization.background.covariate_shift.receivers import BEFORE, FIRST, Choice
from explorer.visit.moment import Moment, moment_of
from explorer.visit.sentence import sentence as sentence_of
from model_core.normalization import read_inputs
from model_core.runs import Run
from model_core.runs.history import History
from tests.support.pages import SHIPPED, captions, drawn, opened, panels, visitor, words
from tests.support.refusals import refusal
from tests.support.runs import recorded_run

FOX = "Quick brown fox"
ALL = {"bands-0", "bands-1", "bands-2", "moved", "channels", "histogram"}
LAYER = "blocks.1.ffwd"
FOX_IDS = tuple(SHIPPED.tokenizer.encode(FOX))
IDS = torch.tensor(FOX_IDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder, size = tmp_path_factory.mktemp("shift") / "runs", {"block_size": 20}
    recorded_run(folder / "layered", **size)
    recorded_run(folder / "longer", **size, steps=50, snapshots=7)
    recorded_run(folder / "batch", **size, norm="batch")
    recorded_run(folder / "bare", **size, norm="none")
    recorded_run(folder / "boom", **size, norm="none", learning_rate=1e6)
    recorded_run(folder / "flat", **size, n_layer=0)
    recorded_run(folder / "wide", **size, n_embd=12, steps=40)
    recorded_run(folder / "short", block_size=4)
    recorded_run(folder / "words", tokenizer="word", block_size=4)
    return folder


@pytest.fixture
def runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))
    return made


@pytest.fixture
def moment(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Moment:
    """At the layer-normalized run, without a browser."""
    with monkeypatch.context() as patch:
        visitor(patch)
        return moment_of(Run.open(runs / "layered"))


def view(**query: str) -> AppTest:
    asked = {"normalization.lab": "Background", "normalization.background": "Covariate shift"}
    asked |= {"run": "layered", "text": FOX} | query
    return opened("normalization", **asked)


# ---- which runs, which of their steps ------------------------------------------------------------


def test_runs_that_differ_only_in_their_norm_come_first_the_one_without_any_before(
    moment: Moment,
) -> None:
    names = comparable(moment, len(FOX), LAYER, None)
    assert names == ["bare", "batch", "boom", SHIPPED.name, "longer", "wide"]


def test_a_run_must_read_the_tokens_and_have_layer_and_channel(moment: Moment) -> None:
    assert "flat" in comparable(moment, 5, "lm_head", 5)
    assert SHIPPED.name not in comparable(moment, 5, LAYER, 5)  # which has channels 0 to 4
    assert "short" in comparable(moment, 4, LAYER, None)
    assert "words" not in comparable(moment, 1, "lm_head", None)


def test_beside_a_step_stands_the_nearest_recorded_one_but_none_after_the_last() -> None:
    steps, recorded = np.array([0, 3, 5, 8, 10, 11]), np.array([0, 4, 10])
    assert recorded[beside(steps, recorded)[:-1]].tolist() == [0, 4, 4, 10, 10]
    assert beside(steps, recorded)[-1] == -1
    assert beside(np.array([0, 1]), np.array([0])).tolist() == [0, -1]


def test_a_run_beside_tells_its_own_steps_and_nothing_behind_its_end(moment: Moment) -> None:
    longer = Run.open(moment.run.path.parent / "longer")
    other = held_beside(moment, FOX_IDS, "longer", LAYER)
    for at, step in enumerate(moment.steps):
        nearest = longer.steps[np.abs(longer.steps - step).argmin()]
        assert abs(other.steps[other.indices[at]] - step) == abs(nearest - step)
        with torch.inference_mode():
            model = longer.model_at(int(other.steps[other.indices[at]]))
            values = read_inputs(model, IDS, LAYER)["input"]
        np.testing.assert_allclose(other.of("mean")[at], values.mean(), atol=1e-6)
    boom = held_beside(moment, FOX_IDS, "boom", LAYER)
    ended = moment.steps > Run.open(moment.run.path.parent / "boom").steps[-1]
    assert ended.any() and np.isnan(boom.of("quantiles")[ended]).all()


def test_a_run_beside_without_a_step_or_gone_is_refused(
    moment: Moment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(moment.run.path, tmp_path / "empty")
    shutil.rmtree(folder / "snapshots")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    assert refusal(held_beside, moment, (1,), "empty", LAYER) == (
        "run empty has no whole recorded step yet"
    )
    assert "no run named 'gone'" in refusal(held_beside, moment, (1,), "gone", LAYER)


# ---- the numbers ---------------------------------------------------------------------------------


def test_every_number_is_that_of_the_models_own_activations(moment: Moment) -> None:
    shown = AlignedSpread(
        "s", "", spread(moment.run, moment.steps, FOX_IDS, Input(LAYER, "stream")), moment.steps,
        np.arange(len(moment.steps)),
    )  # fmt: skip
    with torch.inference_mode():
        first, before, last = (
            read_inputs(model, IDS, LAYER)["stream"].double().numpy()
            for model in moment.run.models(moment.steps[[0, -2, -1]])
        )
    row, std = shift_table._row(shown, len(moment.steps) - 1), first.std()
    moved = wasserstein_distance(first.ravel(), last.ravel())
    channels = [wasserstein_distance(first[:, c], last[:, c]) / std for c in range(6)]
    rate = wasserstein_distance(before.ravel(), last.ravel()) / np.diff(moment.steps)[-1]
    expected: dict[str, float] = {
        "step": moment.steps[-1],
        "mean": last.mean(),
        "std": last.std(),
        "1%": np.quantile(last, 0.01),
        "99%": np.quantile(last, 0.99),
        "moved": moved / std,
        "moved, as values": moved,
        "moved each step": rate / std,
        "each channel moved, mean": np.mean(channels),
        "most moved channel": float(np.argmax(channels)),
        "it moved": np.max(channels),
    }
    for key, value in expected.items():
        assert row[key] == pytest.approx(value, abs=1e-5), key


def test_one_channel_is_told_by_its_own_numbers_alone(moment: Moment) -> None:
    every = spread(moment.run, moment.steps, FOX_IDS, Input(LAYER, "input"))
    one = spread(moment.run, moment.steps, FOX_IDS, Input(LAYER, "input", 4))
    np.testing.assert_array_equal(one.shift, every.channel_shift[:, 4])
    np.testing.assert_array_equal(one.rate, every.channel_rate[:, 4])
    np.testing.assert_array_equal(one.numbers, every.numbers[:, 4::6])


def test_panels_draw_the_numbers_of_the_models_own_activations(moment: Moment) -> None:
    """Every array against plain numpy and SciPy: before and after the norm, and the other run."""
    shown, activations = [*own(moment), held_beside(moment, FOX_IDS, "longer", LAYER)], []
    for run, side, one in zip(
        (moment.run, moment.run, Run.open(moment.run.path.parent / "longer")),
        ("stream", "input", "input"), shown, strict=True,
    ):  # fmt: skip
        with torch.inference_mode():
            models = run.models(one.steps[one.indices])
            read = [read_inputs(model, IDS, LAYER)[side].numpy() for model in models]
        activations.append(np.stack(read).astype(np.float64))  # (S, T, C)
    made = drawn_by(moment, shown, FIRST)
    drawn = {key: of.figure.data for key, of in made.items()}
    ends = [
        f"{one.name} {moved(values)[-1]:.2g} std"
        for one, values in zip(shown, activations, strict=True)
    ]
    assert made["moved"].frame.title == f"All channels: {', '.join(ends)}"
    for at, values in enumerate(activations):
        outer, median, dot = (drawn[f"bands-{at}"][place] for place in (0, 3, 5))
        low, middle, high = np.quantile(values, (0.01, 0.5, 0.99), axis=(1, 2))
        S = len(values)
        np.testing.assert_allclose(outer.y[1 : S + 1], low, atol=1e-5)
        np.testing.assert_allclose(outer.y[S + 1 : 2 * S + 1], high[::-1], atol=1e-5)
        np.testing.assert_allclose(median.y, middle, atol=1e-5)
        np.testing.assert_allclose(
            median.customdata[:, [1, 4, 7]].T, [low, middle, high], atol=1e-5
        )
        assert dot.y[0] == median.y[0]
        np.testing.assert_allclose(drawn["moved"][at].y, moved(values), atol=1e-5)
        each = np.stack([moved(values, channel) for channel in range(6)])
        np.testing.assert_allclose(drawn["channels"][at].y, each.mean(0), atol=1e-5)


def own(moment: Moment) -> list[AlignedSpread]:
    return shift._own(moment, sentence_of(moment.run, FOX), Choice(LAYER, None, FIRST, ""))


def drawn_by(moment: Moment, shown: list[AlignedSpread], since: str) -> dict[str, Panel]:
    panels = shift_panels.panels(moment, shown, Choice(LAYER, None, since, "longer"))
    return {panel.frame.key: panel for panel in panels if isinstance(panel, Panel)}


def moved(values: np.ndarray, channel: int | None = None) -> list[float]:
    """How far (S, T, C) moved since the first step, in that step's standard deviation."""
    of = values if channel is None else values[..., channel]
    return [wasserstein_distance(one.ravel(), of[0].ravel()) / values[0].std() for one in of]


def test_since_the_step_before_the_curves_are_distances_each_training_step(moment: Moment) -> None:
    between = np.diff(moment.steps)
    with torch.inference_mode():
        models = moment.run.models(moment.steps)
        values = np.stack([read_inputs(model, IDS, LAYER)["input"].numpy() for model in models])
    drawn = drawn_by(moment, own(moment), BEFORE)
    for key, parts in (("moved", [values]), ("channels", np.moveaxis(values, 2, 0))):
        rates = [
            [wasserstein_distance(a.ravel(), b.ravel()) for a, b in itertools.pairwise(part)]
            / between
            for part in parts
        ]
        y = drawn[key].figure.data[1].y
        assert np.isnan(y[0])
        at = 1 + int(np.argmax(np.mean(rates, 0)))
        most = np.max(np.mean(rates, 0)) / values[0].std()
        words = f"after the norm at most {most:.2g} std a step, at {moment.steps[at]:,}"
        assert drawn[key].frame.title.endswith(words)
        np.testing.assert_allclose(y[1:], np.mean(rates, 0) / values[0].std(), rtol=1e-3)


def test_the_histogram_is_numpys_of_the_same_numbers(moment: Moment) -> None:
    stream, _ = own(moment)
    panel = drawn_by(moment, own(moment), FIRST)["histogram"]
    edges = np.asarray(panel.figure.data[0].x[::2], np.float64)  # linear: nothing explodes here
    for at in (0, -1):
        counts, _ = np.histogram(stream.of("numbers")[at], edges)
        shares = counts / stream.of("numbers").shape[1]
        np.testing.assert_allclose(panel.moving["0.y"][at, 1:-1:2], shares, atol=1e-6)


# ---- the page ------------------------------------------------------------------------------------


def test_before_behind_and_beside_share_one_scale_and_are_told_below(runs: Path) -> None:
    app = view()
    shown = panels(app)
    assert shown.keys() == ALL and words(app) == []
    assert "Santurkar et al. (2018)" in captions(app)
    assert "(15 tokens × 6 channels)" in captions(app) and "`blocks.1.ln2`" in captions(app)
    titles = [shown[f"bands-{at}"]["title"] for at in range(3)]
    assert titles[2].startswith("bare (no norm): what its layer receives; std ")
    assert len({ranges(shown[f"bands-{at}"]) for at in range(3)}) == 1
    (table,) = app.dataframe
    assert table.value["numbers"].tolist() == ["before the norm", "after the norm", "bare"]
    (first,) = view(step="0").dataframe
    for title, now, then in zip(titles, table.value["std"], first.value["std"], strict=True):
        assert title.endswith(f"; std {then:.3g} → {now:.3g}")
    assert table.value["step"].tolist() == [30, 30, 30]


def ranges(panel: dict[str, Any]) -> tuple[float, ...]:
    return tuple(json.loads(panel["figure"])["layout"]["yaxis"]["range"])


def test_choices_are_in_the_address_and_odd_ones_count_as_not_said(runs: Path) -> None:
    asked = {
        "normalization.shift.layer": "1", "normalization.shift.channels": "one",
        "normalization.shift.channel": "4",
        "normalization.shift.since": "the step before", "normalization.shift.beside": "longer",
    }  # fmt: skip
    app = view(**asked)
    assert asked.items() <= app.query_params.items()
    assert panels(app).keys() == ALL - {"channels"}
    assert panels(app)["moved"]["title"].startswith("Channel 4: before the norm at most ")
    assert "channel 4 at 15 tokens" in captions(app) and "`blocks.0.ln2`" in captions(app)
    assert "its nearest one is shown" in captions(app)
    app.selectbox(key="normalization.shift.layer").set_value(4).run()
    app.segmented_control(key="normalization.shift.channels").set_value("all").run()
    assert not app.exception and "`ln_f`" in captions(app)
    odd = view(**dict.fromkeys(asked, "x"))
    assert panels(odd).keys() == ALL and not asked.keys() & odd.query_params.keys()


def test_where_no_norm_stands_before_a_layer_its_inputs_are_shown_once(runs: Path) -> None:
    app = view(run="bare")
    assert panels(app).keys() == ALL - {"bands-2"}
    title = panels(app)["bands-0"]["title"]
    assert title.startswith("What the layer receives: no norm stands before it; std ")


def test_a_run_that_diverged_has_gaps_and_says_since_when(runs: Path) -> None:
    boom = Run.open(runs / "boom")
    app = view(run="boom", step=str(boom.steps[-1]))
    assert panels(app).keys() == ALL - {"bands-2"}
    seen = History().read(boom, boom.steps, partial(read_inputs, layer=LAYER), IDS)["input"]
    gone = boom.steps[~np.isfinite(seen).all((1, 2))]
    assert f"this run: gaps from step {gone[0]:,} on" in " ".join(words(app))
    beside_it = view(**{"normalization.shift.beside": "boom"})
    shown = Run.open(runs / "layered").steps
    last = shown[shown <= boom.steps[-1]][-1]  # boom may have recorded a later one
    assert f"After step {last} nothing of boom is shown" in captions(beside_it)
    assert np.isnan(beside_it.dataframe[0].value["mean"][2])


def test_without_another_run_the_view_says_how_to_get_one(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(runs / "words", tmp_path / "words")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    app = view(run="words", text="fox", **{"normalization.shift.channels": "one"})
    assert panels(app).keys() == ALL - {"bands-2", "channels"}
    assert "No other run reads this sentence as the same tokens" in captions(app)
    assert "Without it trains one" in captions(app)
    said = words(app)
    assert all("type a longer sentence" in one for one in said) and len(said) == 2


def test_steps_that_do_not_fit_into_memory_are_left_out_in_words(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift, "KEPT_BYTES", 3 * 2 * 4 * len(FOX) * 6)
    app = view()
    header, arrays = drawn(app)
    recorded = Run.open(runs / "layered").steps
    assert len(arrays[header["timeline"]["steps"]]) == 3
    assert f"Showing 3 of {len(recorded)} recorded steps" in captions(app)


def test_a_run_beside_with_more_channels_counts_for_memory_too(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift, "KEPT_BYTES", 3 * 2 * 4 * len(FOX) * 12)  # of 12 channels, not 6
    app = view(**{"normalization.shift.beside": "wide"})
    header, arrays = drawn(app)
    assert len(arrays[header["timeline"]["steps"]]) == 3
    assert "Showing 3 of" in captions(app)


def test_what_is_shown_at_once_is_kept_and_no_more(moment: Moment) -> None:
    def told(channel: int) -> Spread:
        return spread(moment.run, moment.steps, FOX_IDS, Input(LAYER, "input", channel))

    first, *others = (told(channel) for channel in range(3))
    assert told(0) is first and told(2) is others[1]
    fourth = told(3)
    assert told(3) is fourth and told(1) is not others[0]
