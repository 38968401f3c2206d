"""What it does: the view in Streamlit's test harness, and the formula with its numbers."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.views.normalization.what_it_does import view
from explorer.views.normalization.what_it_does.arithmetic import OneNumber, written_out
from explorer.visit.state import CELL
from model_core.normalization import normalized_cell
from model_core.norms import NORMS, NormKind
from model_core.runs import Run
from model_core.taps import tapped
from tests.support.clicks import Click, clicks
from tests.support.pages import FOX, SHIPPED, captions, drawn, opened, panels, words
from tests.support.runs import recorded_run

PANELS = {"block", "way", "cube", "arithmetic"}
SHARES = {
    "layer": "5 numbers share: all channels of one token.",
    "batch": "123 numbers share: one channel at all tokens of all sentences.",
    "rms": "5 numbers share: all channels of one token.",
    "none": "1 number: nothing is shared.",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("block") / "runs"
    small: dict[str, Any] = {"n_layer": 1, "steps": 5, "snapshots": 4}
    recorded_run(folder / "pooled", norm="batch", **small)
    (recorded_run(folder / "bare", **small).path / "text.txt").unlink()
    recorded_run(folder / "boom", norm="none", learning_rate=1e6)  # weights become NaN
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


@pytest.fixture
def click(monkeypatch: pytest.MonkeyPatch) -> Click:
    return clicks(monkeypatch)


def lab(**query: str) -> AppTest:
    return opened("normalization", **{"run": SHIPPED.name} | query)


def like(app: AppTest, kind: str) -> AppTest:
    app.segmented_control(key="normalization.pool.norm").set_value(kind).run()
    assert not app.exception
    return app


def cell(app: AppTest) -> list[Any]:
    return [app.number_input(key=key).value for key in CELL]


def at_last(app: AppTest) -> list[str]:
    """The lines of the formula at the last step."""
    return panels(app)["arithmetic"]["texts"][-1].splitlines()


def result(app: AppTest) -> dict[str, float]:
    """The table of the chosen number."""
    (row,) = app.dataframe[0].value.to_dict("records")
    return {str(name): float(value) for name, value in row.items()}


# ---- what the page shows -------------------------------------------------------------------------


def test_at_first_the_runs_own_norm_and_a_number_of_the_typed_sentence() -> None:
    app = lab()
    assert panels(app).keys() == PANELS and words(app) == []
    assert app.segmented_control(key="normalization.pool.norm").value == "layer"
    assert cell(app) == [0, 20, 2]
    assert panels(app)["arithmetic"]["title"] == "'e' at 20 of your sentence, channel 2"
    assert app.query_params.keys() == {"run", "text", "head"}


def test_each_kind_of_norm_tells_how_many_numbers_share_and_agrees_with_torch() -> None:
    app = lab()
    for kind in ("batch", "rms", "none", "layer"):
        like(app, kind)
        assert at_last(app)[0] == SHARES[kind]
        over = SHARES[kind].partition(": ")[2] if kind != "none" else "nothing."
        assert panels(app)["cube"]["title"] + "." == f"Pooled: {over}"
        if kind != "none":
            assert f"over {over[:-1]}, " in captions(app)
        shown = result(app)
        assert shown["numbers that share"] == int(SHARES[kind].split()[0])
        assert shown["difference"] <= 1e-12
        members = app.dataframe[1].value  # without a norm the token's channels stand there
        assert len(members) == max(shown["numbers that share"], 5)
        assert np.abs(members["after gain and shift"] - members["torch's module"]).max() <= 1e-12


def moving(app: AppTest, stage: int, stages: int) -> np.ndarray:
    """The numbers of one stage of their way at each step: (S, N)."""
    header, arrays = drawn(app)
    (panel,) = (one for one in header["panels"] if one["key"] == "way")
    dots = next(one["array"] for one in panel["moving"] if one["path"] == "1.x")
    return np.split(arrays[dots], stages, axis=1)[stage]


def test_the_way_of_a_token_is_what_the_model_computes_at_each_step() -> None:
    app = lab(**{"normalization.pool.site": "blocks.1.ln1", "step": "3"})
    ids = torch.tensor([SHIPPED.tokenizer.encode(FOX)])
    at = SHIPPED.steps.tolist().index(3)
    with torch.no_grad(), tapped(model := SHIPPED.model_at(3), "blocks.1.ln1:in") as seen:
        model(ids)
    entering = seen["blocks.1.ln1:in"][0, 20]
    standard = (entering - entering.mean()) / (entering.var(correction=0) + 1e-5).sqrt()
    norm = model.get_submodule("blocks.1.ln1")
    for stage, expected in enumerate((entering, standard, norm(entering).detach())):
        np.testing.assert_allclose(moving(app, stage, 3)[at], expected, atol=1e-5)
    title = panels(app)["way"]["title"]
    mean, spread = entering.mean().item(), entering.var(correction=0).item()
    assert title.startswith(f"Step 3: mean {mean:.3g}".replace("-", "−"))
    assert f"variance {spread:.4g} → 1" in title
    assert title.endswith("torch's LayerNorm gives the same")


@pytest.mark.parametrize("kind", ["rms", "dyt", "none"])
def test_the_title_says_what_each_norm_did(kind: str) -> None:
    said = {
        "rms": r"Step 1,000: mean square [\d.]+ → 1: 1.84 becomes [\d.−]+; torch's RMSNorm gives",
        "dyt": r"Step 1,000: a tanh squashes each number by itself: 1.84 becomes 0.7259; torch's",
        "none": r"Step 1,000: 1.84 becomes 1.84, since there is no norm",
    }
    assert re.match(said[kind], panels(like(lab(), kind))["way"]["title"])


def test_the_result_of_the_runs_own_norm_is_what_the_model_computes() -> None:
    app = lab(
        **{
            "normalization.pool.site": "blocks.1.ln2",
            "normalization.pool.position": "7",
            "normalization.pool.channel": "4",
        }
    )
    model = SHIPPED.model_at(int(SHIPPED.steps[-1]))
    ids = SHIPPED.tokenizer.encode(FOX)
    with torch.no_grad(), tapped(model, "blocks.1.ln2") as seen:
        model(torch.tensor([ids]))
    assert result(app)["after gain and shift"] == pytest.approx(
        seen["blocks.1.ln2"][0, 7, 4].item(), abs=1e-5
    )


def test_gain_and_shift_are_the_runs_for_its_own_kind_only(made: Path) -> None:
    app = lab(run="pooled", text="the fox")
    run = Run.open(made / "pooled")
    weights = run.model_at(int(run.steps[-1])).state_dict()
    gamma, beta = (weights[f"blocks.0.ln1.{name}"][2].item() for name in ("weight", "bias"))
    shown = result(app)
    wanted = shown["before gain and shift"] * gamma + beta
    assert shown["after gain and shift"] == pytest.approx(wanted, abs=1e-6)
    assert "After it: gain and shift of this run's blocks.0.ln1 at that step." in captions(app)
    assert "in evaluation batch norm uses running averages" in captions(app)
    assert "This run trains with 4 sentences." in captions(app)
    shown = result(like(app, "layer"))
    assert shown["after gain and shift"] == shown["before gain and shift"]
    assert "This run has batch norm: gain 1 and shift 0 stand in" in captions(app)


# ---- which number --------------------------------------------------------------------------------


def test_a_click_chooses_a_number_and_another_click_another(click: Click) -> None:
    app = lab()
    for row, column, chosen in ((3, 8, [1, 3, 2]), (40, 0, [0, 40, 0]), (0, 16, [2, 0, 4])):
        click(app, "block", [row, column])
        assert cell(app) == chosen
        assert f" at {row} of " in panels(app)["arithmetic"]["title"]
    assert app.query_params["normalization.pool.sentence"] == "2"
    assert app.query_params["normalization.pool.position"] == "0"
    assert app.query_params["normalization.pool.channel"] == "4"


def test_a_number_is_chosen_by_keyboard_too_and_by_the_address() -> None:
    app = lab(**{"normalization.pool.sentence": "1"})
    app.number_input(key="normalization.pool.position").set_value(4).run()
    app.number_input(key="normalization.pool.channel").set_value(0).run()
    assert cell(app) == [1, 4, 0]
    again = lab(**app.query_params)
    assert panels(again) == panels(app) and panels(again).keys() == PANELS


def test_a_shorter_sentence_moves_the_number_into_it() -> None:
    app = lab(**{"normalization.pool.position": "40"})
    app.text_input(key="text").set_value("fox").run()
    assert not app.exception
    assert cell(app) == [0, 2, 2]
    assert panels(app)["arithmetic"]["title"] == "'x' at 2 of your sentence, channel 2"


def test_another_run_begins_with_its_own_norm() -> None:
    app = like(lab(text="the fox"), "rms")
    app.selectbox(key="run").set_value("pooled").run()
    assert not app.exception
    assert app.segmented_control(key="normalization.pool.norm").value == "batch"


# ---- the batch -----------------------------------------------------------------------------------


def test_the_other_sentences_differ_from_the_typed_one_and_from_each_other() -> None:
    table = like(lab(), "batch").dataframe[1].value
    texts = table.groupby("sentence")["token"].agg("".join)
    assert set(texts.index) == {"your sentence", "sentence 1", "sentence 2"}
    assert texts.nunique() == 3


def test_without_its_text_a_run_has_the_typed_sentence_alone() -> None:
    app = lab(run="bare", text="the fox")
    assert words(app)[0].startswith("Your sentence is alone in its batch: ")
    assert "your sentence alone, 7 tokens each" in captions(app)
    assert (
        at_last(like(app, "batch"))[0]
        == "7 numbers share: one channel at all tokens of all sentences."
    )


def test_batch_norm_of_one_value_is_refused_in_words() -> None:
    app = like(lab(run="bare", text="t"), "batch")
    assert "batch norm in training mode needs more than 1 value per channel, got 1" in words(app)[0]
    assert panels(app).keys() == {"block", "cube"}
    assert panels(like(app, "layer")).keys() == PANELS


def test_a_run_that_diverged_is_shown_all_the_same(made: Path) -> None:
    end = str(Run.open(made / "boom").steps[-1])
    app = lab(run="boom", text="the fox", step=end, **{"normalization.pool.site": "ln_f"})
    said = f"loss became NaN or infinite at step {Run.open(made / 'boom').status.step}"
    assert said in words(app)[0]  # below the pictures
    assert any(said in one.value for one in app.markdown)  # in the run's chip
    for kind in ("layer", "batch", "rms"):
        assert at_last(like(app, kind))[-1].endswith("= NaN")
        assert panels(app)["way"]["title"].endswith(
            "what enters is NaN or infinite, and so is what leaves"
        )


def test_a_block_too_large_for_all_steps_is_shown_at_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "NUMBERS", 7 * 3 * 41 * 5)
    app = lab()
    assert f"Showing 7 of {len(SHIPPED.steps)} recorded steps" in captions(app)
    assert len(panels(app)["arithmetic"]["texts"]) == 7
    assert at_last(like(app, "batch"))[0] == SHARES["batch"]


# ---- the formula with the numbers put in ---------------------------------------------------------


def formula(norm: NormKind, numbers: list[float], **more: float) -> list[str]:
    """The lines about the first of one token's numbers, whose gain is 2 and shift −3."""
    x = np.array([[[numbers]]])
    shared = x[:, 0, 0] if NORMS[norm].pools else x[:, 0, 0, :1]
    given = {"gamma": 2.0, "beta": -3.0} | more
    learned = {name: np.array([value]) for name, value in given.items()}
    way = normalized_cell(norm, x, (0, 0, 0), learned)
    number = OneNumber(norm, "who", x[:, 0, 0, 0], shared, learned, way)
    return written_out(number)[0].splitlines()


def test_layer_norm_written_out() -> None:
    assert formula("layer", [5.0, 1.0, -3.0, 1.0]) == [
        "who",
        "x = 5",
        "mean = (5 + 1 − 3 + 1) / 4 = 1",
        "variance = ((5 − 1)² + … + (1 − 1)²) / 4 = 8",
        "before gain and shift:",
        "  (5 − 1) / √(8 + 0.00001) = 1.414",
        "after gain and shift:",
        "  1.414 × 2 − 3 = −0.1716",
    ]


def test_rms_norm_written_out() -> None:
    assert formula("rms", [-6.0, 2.0]) == [
        "who",
        "x = −6",
        "the mean, −2, is not subtracted",
        "mean square = ((−6)² + 2²) / 2 = 20",
        "before gain:",
        "  −6 / √(20 + 0.00001) = −1.342",
        "after gain:",
        "  −1.342 × 2 = −2.683",
    ]


def test_without_a_norm_the_number_leaves_as_it_came() -> None:
    assert formula("none", [0.5, 7.0])[1:] == [
        "x = 0.5",
        "no mean, no variance: it leaves as it came",
        "result = x = 0.5",
    ]


def test_of_many_numbers_the_first_two_and_the_last_are_written() -> None:
    (mean,) = (line for line in formula("layer", [1.0, 2.0, 3.0, 4.0, 5.0, 9.0]) if "mean" in line)
    assert mean == "mean = (1 + 2 + … + 9) / 6 = 4"


def test_where_nothing_is_left_out_there_are_no_dots() -> None:
    assert "variance = ((2 − 3)² + (4 − 3)²) / 2 = 1" in formula("layer", [2.0, 4.0])
    lines = formula("layer", [4.0])
    assert "mean = (4) / 1 = 4" in lines and "variance = ((4 − 4)²) / 1 = 0" in lines
