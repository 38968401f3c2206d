"""The leak in Streamlit's own test harness: what is drawn, told, refused and kept."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer import look as looks
from explorer.look import Sentence
from explorer.normalizing import changes, movement
from model_core.normalization import CASES, TRAINING, leak_places
from model_core.normalization.exchange import exchanged, settle
from model_core.normalization.leak import leak
from model_core.normalization.modes import batch_mode
from model_core.runs import Run
from tests.conftest import recorded_run, refusal
from tests.test_attending import drawn, panels
from tests.test_pages import go_to, opened, words

PANELS = {"movement", "moved-tokens", "distances", "means"}
LEAK, TOKEN, BECOMES, SIZE = "leak", "leak token", "leak becomes", "sentences"
ZEROS = "by exactly **0** under batch norm in evaluation mode, layer norm, RMS norm and no norm."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("leaking") / "runs"
    recorded_run(folder / "layer", snapshots=4)
    recorded_run(folder / "batch", norm="batch", norm_position="post", snapshots=4)
    recorded_run(folder / "flat", n_layer=0, snapshots=4)
    recorded_run(folder / "boom", norm="none", learning_rate=1e6)  # weights become NaN
    (recorded_run(folder / "bare", snapshots=4).path / "text.txt").unlink()
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


def page(**query: str) -> AppTest:
    asked = {"run": "layer", "text": "the fox", "lab": "The leak"} | query
    return go_to(opened(**asked), "normalization")


def headline(app: AppTest) -> str:
    (told,) = (text.value for text in app.markdown if text.value.startswith("#### "))
    return re.sub(r"\\(.)", r"\1", told.removeprefix("#### "))


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
    share = found.moved.max(1) / found.spread
    at = int(share.argmax())
    place = list(leak_places(run.model_config))[at]
    assert f"moved by up to **{found.moved[at].max():.3g}** at {place} (" in headline(app)
    table = app.dataframe[0].value
    np.testing.assert_array_equal(table[f"{TRAINING}: movement"], found.moved.max(1))
    assert (table[[f"{case}: movement" for case in CASES[1:]]] == 0).all(axis=None)
    np.testing.assert_allclose(moved(app)[1], share, rtol=1e-6)


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
    app.selectbox(key=TOKEN).set_value("3").run()
    offered, answers = app.selectbox(key=BECOMES).options, []
    assert "·" not in offered and len(offered) == 26
    for label in (offered[-1], offered[3], offered[-1]):
        app.selectbox(key=BECOMES).select(label).run()
        assert headline(app).startswith(
            f"You changed token 3 of your sentence, '·', into '{label}'."
        )
        answers.append(moved(app)[-1].tolist())
    assert answers[0] == answers[2] != answers[1]


def test_choices_are_in_the_address_and_stay() -> None:
    asked = {LEAK: "A future token", SIZE: "4", TOKEN: "2", BECOMES: "3", "leak norm": "ln_f"}
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
    assert (
        "by what is no number (what the model computes is NaN or infinite) under no norm"
        in headline(app)
    )
    assert panels(app).keys() == PANELS


# ---- the batch -----------------------------------------------------------------------------------


@pytest.fixture
def run(made: Path) -> Run:
    return Run.open(made / "layer")


def typed(run: Run, text: str) -> Sentence:
    return looks.sentence(run, text)


def test_only_sentence_1_is_replaced_by_another_window(run: Run) -> None:
    made = changes.another_sentence(run, typed(run, "the fox"), 4)
    assert made.idx.shape == (4, 7)
    assert made.idx[0].tolist() == run.tokenizer.encode("the fox")
    assert torch.equal(made.idx[1:], run.validation_windows()[0][:3, :7])
    assert (made.idx != made.changed).any(1).tolist() == [False, True, False, False]
    assert made.upto == 7 and made.others.shape == (4, 8)


def test_the_replacement_is_the_same_in_a_batch_of_any_size(run: Run) -> None:
    few, many = (changes.another_sentence(run, typed(run, "the fox"), size) for size in (2, 64))
    assert torch.equal(few.changed, many.changed[:2])


def test_only_the_chosen_token_is_replaced(run: Run) -> None:
    made = changes.future_token(run, typed(run, "the fox"), 2, 4, 0)
    assert (made.idx != made.changed).nonzero().tolist() == [[0, 4]]
    assert made.changed[0, 4] == 0 and made.upto == 4
    assert made.key != changes.future_token(run, typed(run, "the fox"), 2, 4, 1).key


def test_windows_that_all_begin_alike_cannot_take_each_others_place(tmp_path: Path) -> None:
    (alike,) = {recorded_run(tmp_path / "alike", steps=1, snapshots=2)}
    (alike.path / "text.txt").write_text("the " + "o" * 2000)
    said = refusal(changes.another_sentence, alike, typed(alike, "oo"), 2)
    assert said.startswith("all windows of the held-back text begin with the same 2 tokens")


def test_large_batches_are_shown_at_fewer_steps_from_the_first_to_the_last(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks.session, "step", lambda: None)
    monkeypatch.setattr(looks.session, "token", lambda: None)
    monkeypatch.setattr(looks.session, "tokens", tuple)
    monkeypatch.setattr(looks.session, "head", lambda: (0, 0))
    look = looks.look_at(run)
    made = changes.another_sentence(run, typed(run, "the fox"), 2)
    assert movement.bounded(look, made).steps.tolist() == look.steps.tolist()
    monkeypatch.setattr(movement, "FEWEST", 2)
    huge = replace(made, idx=torch.zeros(1, dtype=torch.int64).expand(10**5, 10**5))
    assert movement.bounded(look, huge).steps.tolist() == look.steps[[0, -1]].tolist()
