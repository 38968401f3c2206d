"""Why not batch norm in Streamlit's own test harness: what is drawn, told, refused and kept."""

import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.data import leak as movement
from explorer.player.clock import ClockState
from explorer.views.normalization.why_not_batch_norm import changes, verdict
from explorer.visit import clock
from explorer.visit import moment as moments
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from explorer.visit.sentence import sentence as sentence_of
from model_core.normalization import batch_statistics, distances, filling_windows, leak_sites
from model_core.normalization.exchange import exchanged, settle
from model_core.normalization.leak import leak
from model_core.normalization.modes import batch_mode
from model_core.runs import Run
from model_core.taps import tapped
from tests.support.norms import EACH_TOKEN
from tests.support.pages import drawn, go_to, opened, panels, visitor, words
from tests.support.refusals import refusal
from tests.support.runs import recorded_run

PANELS = {"strips", "movement", "moved-tokens", "distances", "means"}
LEAK, TOKEN, BECOMES, SIZE = (
    f"normalization.leak.{name}" for name in ("change", "token", "becomes", "sentences")
)
ZEROS = "by exactly **0** under layer norm and all others."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("leaking") / "runs"
    recorded_run(folder / "layer", snapshots=4)
    recorded_run(folder / "batch", norm="batch", norm_position="post", snapshots=4)
    recorded_run(folder / "flat", n_layer=0, snapshots=4)
    recorded_run(folder / "narrow", n_layer=1, n_embd=1, n_head=1, norm="rms", steps=5, snapshots=3)
    recorded_run(folder / "boom", norm="none", learning_rate=1e6)  # weights become NaN
    (recorded_run(folder / "bare", snapshots=4).path / "text.txt").unlink()
    return folder


@pytest.fixture
def settle_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, int], None]:
    """The reader's clock settles, as a browser tells it in the run that it causes."""
    waiting: list[int] = []
    real = clock.step_clock

    def told_of_moves(*given: Any, **more: Any) -> ClockState:
        state = real(*given, **more)
        return replace(state, step=waiting.pop()) if waiting else state

    def settle_on(app: AppTest, step: int) -> None:
        waiting.append(step)
        app.run()
        assert not app.exception and not waiting

    monkeypatch.setattr(clock, "step_clock", told_of_moves)
    return settle_on


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


def page(**query: str) -> AppTest:
    asked = {"run": "layer", "text": "the fox", "normalization.lab": "Why not batch norm"}
    asked |= {LEAK: "Another sentence"} | query
    return opened("normalization", **asked)


def headline(app: AppTest) -> str:
    (told,) = (text.value for text in app.markdown if text.value.startswith("##### "))
    return re.sub(r"\\(.)", r"\1", told.removeprefix("##### "))


def change(app: AppTest, what: str) -> AppTest:
    app.segmented_control(key=LEAK).set_value(what).run()
    assert not app.exception
    return app


def moving(app: AppTest, key: str, path: str) -> np.ndarray:
    """What of a panel moves with the step: (S, ...)."""
    header, arrays = drawn(app)
    (panel,) = (panel for panel in header["panels"] if panel["key"] == key)
    (place,) = (entry["array"] for entry in panel["moving"] if entry["path"] == path)
    return arrays[place]


def numbers(packed: dict[str, str]) -> np.ndarray:
    """The numbers of a trace, as Plotly writes them."""
    return np.frombuffer(b64decode(packed["bdata"]), packed["dtype"])


def moved(app: AppTest) -> np.ndarray:
    """How much batch norm in training mode moved each place: (S, K)."""
    return moving(app, "movement", "0.y")


@pytest.mark.parametrize("run", ["layer", "batch", "flat"])
def test_both_changes_are_drawn_and_told_for_any_run(run: str) -> None:
    app = page(run=run)
    for _ in range(2):  # a first click can work by accident
        told = headline(change(app, "Another sentence"))
        assert panels(app).keys() == PANELS
        assert told.startswith("You changed sentence 1 of the batch. Your sentence moved by up to")
        assert told.endswith(ZEROS)
        told = headline(change(app, "A future token"))
        assert panels(app).keys() == PANELS
        assert told.startswith("You changed token 6 of your sentence, 'x', into")
        assert told.endswith(ZEROS)
        assert "blank from the changed one at 6 on" in panels(app)["moved-tokens"]["title"]


def test_beside_another_sentence_batch_norm_moves_yours_and_layer_norm_by_exactly_0(
    made: Path,
) -> None:
    """Alone, by a batch of one; beside another, by a batch of two."""
    run = Run.open(made / "layer")
    app = page(**{LEAK: "Beside another", "normalization.leak.other": "dog", "step": "30"})
    own, other = run.tokenizer.encode("the fox"), run.tokenizer.encode("dogdogd")
    model = exchanged(run.model_at(30), "batch")
    settle(model, run.validation_windows()[0])
    site = list(leak_sites(run.model_config).values())
    with torch.no_grad(), batch_mode(model), tapped(model, *site) as seen:
        model(torch.tensor([own]))
        alone = [seen[one][0] for one in site]
        model(torch.tensor([own, other]))
        beside = [seen[one][0] for one in site]
    shares = [
        (one - two).abs().amax(-1) / one.std(correction=0)
        for one, two in zip(alone, beside, strict=True)
    ]
    strips = moving(app, "strips", "0.z")[-1]
    np.testing.assert_allclose(strips[5], torch.stack(shares).amax(0), rtol=1e-3, atol=1e-5)
    assert strips[5].max() > 0.1 and not strips[2].any() and not strips[8].any()
    told = headline(app)
    assert told.startswith("Beside another sentence, instead of alone, yours moved by up to **")
    assert told.endswith(ZEROS)
    before = strips[5].tolist()
    app.text_input(key="normalization.leak.other").set_value("the lazy dog").run()
    assert moving(app, "strips", "0.z")[-1][5].tolist() != before


def test_at_first_the_sentence_beside_yours_is_of_the_held_back_text(made: Path) -> None:
    app = page(**{LEAK: "Beside another"})
    run = Run.open(made / "layer")
    text = run.tokenizer.decode(run.validation_windows()[0][0].tolist())
    assert str(app.text_input(key="normalization.leak.other").value) in " ".join(text.split())


def test_the_headline_is_what_the_model_of_the_settled_step_does(made: Path) -> None:
    """A sentence alone, its last token changed: batch norm by its own few numbers."""
    run = Run.open(made / "layer")
    step = int(run.steps[1])
    ids = run.tokenizer.encode("the fox")
    app = page(**{LEAK: "A future token", SIZE: "1", "step": str(step)})
    token = int(str(app.selectbox(key=BECOMES).value))
    model = exchanged(run.model_at(step), "batch")
    settle(model, run.validation_windows()[0])
    with batch_mode(model):
        found = leak(model, torch.tensor([ids]), torch.tensor([[*ids[:-1], token]]), upto=6)
    shares = found.moved / found.spread[:, None]
    np.testing.assert_allclose(moved(app)[1], shares.max(1), rtol=1e-6)
    tokens = moving(app, "moved-tokens", "0.z")[1]  # (T, K)
    np.testing.assert_allclose(tokens[:6], shares.T, rtol=1e-6)
    assert np.isnan(tokens[6]).all()  # the changed one
    table = app.dataframe[0].value
    np.testing.assert_array_equal(table["batch, training: moved"], found.moved.max(1))
    np.testing.assert_array_equal(table["batch, training: std"], found.spread)
    others = [f"{norm}: moved" for norm in ("batch, evaluation", *EACH_TOKEN)]
    assert (table[others] == 0).all(axis=None)
    most, place = max(zip(shares.max(1), leak_sites(run.model_config), strict=True))
    (there,) = table["batch, training: moved"][table["site"] == place]
    told = f"by up to **{most:.2g} standard deviations** at {place} ({there:.4g} there) under batch"
    assert told in headline(app)


def test_the_headline_is_led_by_the_movement_that_is_largest_for_its_place() -> None:
    told = verdict._by(np.array([2.0, 40]), np.array([1.76, 0.9]), ["3.ln1", "3.resid_post"])
    assert told == "by up to **1.8 standard deviations** at 3.ln1 (2 there)"
    assert "**1 standard deviation** at" in verdict._by(np.ones(1), np.ones(1), ["a"])
    assert "**1,234 standard deviations**" in verdict._by(np.ones(1), np.full(1, 1234.4), ["a"])


def test_a_place_without_spread_does_not_lead_the_headline() -> None:
    places, endless = ["0.ln1", "logits"], np.array([np.inf, 0.5])
    told = verdict._by(np.array([3.0, 2]), endless, places)
    assert told == "by up to **0.5 standard deviations** at logits (2 there)"
    told = verdict._by(np.array([3.0, 0]), np.array([np.inf, 0]), places)
    assert told == "by up to **3** at 0.ln1 (nothing varies there)"


def test_a_single_number_has_no_standard_deviation() -> None:
    """One channel, one token: only the logits have several numbers."""
    told = headline(page(run="narrow", text="t"))
    assert re.search(r"by up to \*\*[\d.,e-]+ standard deviations\*\* at logits \(", told)


def test_headline_and_table_follow_the_step_where_the_reader_settles(
    made: Path, settle_on: Callable[[AppTest, int], None]
) -> None:
    app, steps = page(), Run.open(made / "layer").steps.tolist()
    before = headline(app)
    settle_on(app, steps[1])
    told, table = headline(app), app.dataframe[0].value
    assert told != before
    app = page(step=str(steps[1]))
    assert headline(app) == told
    assert app.dataframe[0].value.equals(table)


def test_statistics_are_those_of_the_chosen_norm_at_each_step(made: Path) -> None:
    run = Run.open(made / "batch")
    app = page(
        run="batch",
        **{SIZE: "4", "normalization.leak.norm": "blocks.0.ln2", "step": str(run.steps[1])},
    )
    batches = filling_windows(run, 4)
    for at, step in enumerate(run.steps):
        found = batch_statistics(run.model_at(int(step)), batches)
        np.testing.assert_array_equal(moving(app, "means", "1.x")[at], found.running_mean[1])
        np.testing.assert_allclose(moving(app, "means", "1.y")[at], found.mean[1], rtol=1e-6)
    model = run.model_at(int(run.steps[1]))
    apart = distances(model, run.validation_windows()[0], (1, 2, 4, 8, 16, 32, 64))
    line, _, mark = json.loads(panels(app)["distances"]["figure"])["data"]
    np.testing.assert_allclose(numbers(line["y"]), apart[:, 1], rtol=1e-6)
    assert numbers(mark["x"]).tolist() == [4]
    assert numbers(mark["y"]).tolist() == [numbers(line["y"])[2]]


def test_more_sentences_share_the_blame() -> None:
    app = page()
    few = moved(app)[-1].max()
    app.select_slider(key=SIZE).set_value("64").run()
    many = moved(app)[-1].max()
    app.select_slider(key=SIZE).set_value("8").run()
    assert 0 < many < moved(app)[-1].max() < few
    assert "64 windows" not in panels(app)["means"]["title"]
    assert "of 8 windows" in panels(app)["means"]["title"]


def test_the_same_token_is_not_offered_and_another_one_moves_the_sentence_otherwise() -> None:
    app = page(**{LEAK: "A future token"})
    app.selectbox(key=TOKEN).set_value(3).run()
    offered, answers = app.selectbox(key=BECOMES).options, []
    assert "␣" not in offered and len(offered) == 26
    for label in (offered[-1], offered[3], offered[-1]):
        app.selectbox(key=BECOMES).select(label).run()
        assert headline(app).startswith(
            f"You changed token 3 of your sentence, '␣', into '{label}'."
        )
        answers.append(moved(app)[-1].tolist())
    assert answers[0] == answers[2] != answers[1]


def test_choices_are_in_the_address_and_stay() -> None:
    asked = {
        LEAK: "A future token",
        SIZE: "4",
        TOKEN: "2",
        BECOMES: "3",
        "normalization.leak.norm": "ln_f",
    }
    app = page(**asked)
    assert asked.items() <= app.query_params.items()
    assert "before ln_f" in panels(app)["distances"]["title"]
    go_to(app, "tables")
    go_to(app, "normalization")
    assert asked.items() <= app.query_params.items()


def test_running_averages_are_the_runs_own_where_it_has_them(made: Path) -> None:
    app = page(run="batch")
    assert any("its running averages are the run's own" in one.value for one in app.caption)
    shown = moving(app, "means", "1.x")
    run = Run.open(made / "batch")
    for at, step in enumerate(run.steps):
        own = run.model_at(int(step)).get_buffer("blocks.0.ln1.running_mean")
        np.testing.assert_array_equal(shown[at], own)
    assert any(
        "its running averages are those of 32 held-back windows" in one.value
        for one in page().caption
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            {"text": "t", LEAK: "A future token"},
            "a sentence of one token has no future; type a longer one.",
        ),
        ({"run": "bare"}, "text.txt of run bare is missing or damaged."),
        ({"run": "bare", LEAK: "A future token"}, "text.txt of run bare is missing or damaged."),
    ],
)
def test_what_cannot_be_shown_is_said_and_the_clock_stands(
    query: dict[str, str], said: str
) -> None:
    app = page(**query)
    assert f"The leak cannot be shown: {said}" in words(app)
    assert panels(app) == {}


def test_a_diverged_model_moves_by_no_number(made: Path) -> None:
    app = page(run="boom", step=str(Run.open(made / "boom").steps[-1]))
    assert "by NaN (what the model computes is NaN or infinite) under no norm" in headline(app)
    assert panels(app).keys() == PANELS


# ---- the batch -----------------------------------------------------------------------------------


@pytest.fixture
def run(made: Path) -> Run:
    return Run.open(made / "layer")


@pytest.fixture
def moment(run: Run, monkeypatch: pytest.MonkeyPatch) -> Moment:
    """The run as it is looked at without a browser."""
    visitor(monkeypatch)
    return moments.moment_of(run)


def typed(moment: Moment, text: str) -> Sentence:
    return sentence_of(moment.run, text)


def test_only_sentence_1_is_replaced_by_another_window(moment: Moment) -> None:
    made = changes.another_sentence(moment, typed(moment, "the fox"), 4)
    assert made.idx.shape == (4, 7)
    assert made.idx[0].tolist() == moment.run.tokenizer.encode("the fox")
    assert torch.equal(made.idx[1:], moment.run.validation_windows()[0][:3, :7])
    assert (made.idx != made.changed).any(1).tolist() == [False, True, False, False]
    assert made.upto == 7 and made.others.shape == (4, 8)


def test_the_replacement_is_the_same_in_a_batch_of_any_size(moment: Moment) -> None:
    few, many = (
        changes.another_sentence(moment, typed(moment, "the fox"), size) for size in (2, 64)
    )
    assert torch.equal(few.changed, many.changed[:2])


def test_only_the_chosen_token_is_replaced(moment: Moment) -> None:
    made = changes.future_token(moment, typed(moment, "the fox"), 2, 4, 0)
    assert (made.idx != made.changed).nonzero().tolist() == [[0, 4]]
    assert made.changed[0, 4] == 0 and made.upto == 4
    assert made.key != changes.future_token(moment, typed(moment, "the fox"), 2, 4, 1).key


def test_the_key_of_a_batch_names_all_of_it(moment: Moment) -> None:
    made = changes.future_token(moment, typed(moment, "the fox"), 2, 4, 0)
    others = [
        replace(made, upto=3),
        replace(made, held_back=made.held_back + 1),
        replace(made, others=made.others[:1]),
        replace(made, idx=made.idx + 1),
        replace(made, changed=made.idx),
    ]
    assert made.key == replace(made).key
    assert len({one.key for one in (made, *others)}) == 6


def test_windows_that_all_begin_alike_cannot_take_each_others_place(
    moment: Moment, tmp_path: Path
) -> None:
    alike = replace(moment, run=recorded_run(tmp_path / "alike", steps=1, snapshots=2))
    (alike.run.path / "text.txt").write_text("the " + "o" * 2000)
    said = refusal(changes.another_sentence, alike, typed(alike, "oo"), 2)
    assert said.startswith("all windows of the held-back text begin with the same 2 tokens")


def test_large_batches_are_shown_at_fewer_steps_from_the_first_to_the_last(
    moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = changes.another_sentence(moment, typed(moment, "the fox"), 2)
    assert movement.bounded(moment, made).steps.tolist() == moment.steps.tolist()
    monkeypatch.setattr(movement, "FEWEST", 2)
    huge = replace(made, idx=torch.zeros(1, dtype=torch.int64).expand(10**5, 10**5))
    assert movement.bounded(moment, huge).steps.tolist() == moment.steps[[0, -1]].tolist()


def test_batches_compared_are_fewer_then_smaller_where_reading_them_takes_long(run: Run) -> None:
    def drawn(**changes: int) -> movement.Drawn:
        return movement.drawn(run.model_config.replaced(**changes))

    assert drawn() == (movement.SIZES, 8)
    assert drawn(block_size=1) == (movement.SIZES[1:], 8)
    large = {"block_size": 256, "vocab_size": 103, "n_layer": 4, "n_head": 4}
    assert drawn(n_embd=64, **large) == (movement.SIZES, 3)
    assert drawn(n_embd=256, **large) == ((1, 2, 4, 8), 2)
    assert drawn(n_embd=4096, **large) == ((1, 2), 2)


def test_a_batch_too_large_to_be_read_again_is_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(movement, "AGAIN", 0)
    drawn = panels(page(**{SIZE: "4"}))["distances"]
    assert drawn["title"].endswith("; larger batches take too long")
    measured, _ = json.loads(drawn["figure"])["data"]
    assert numbers(measured["x"]).tolist() == [1, 2]
    assert len(numbers(measured["y"])) == 2 and measured["name"] == "measured, mean of 2 batches"
    assert drawn["alt"].endswith("At 4 windows nothing was measured.")


def test_the_sentence_beside_yours_is_another_one(moment: Moment) -> None:
    text = moment.run.tokenizer.decode(moment.run.validation_windows()[0][0].tolist())
    made = changes.another_sentence(moment, typed(moment, text), 2)
    assert made.idx[0].tolist() == moment.run.validation_windows()[0][0].tolist()
    assert not torch.equal(made.idx[1], made.idx[0])
    assert not torch.equal(made.changed[1], made.idx[1])
