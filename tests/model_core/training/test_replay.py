"""One training step of one row: its arithmetic, its batch and its moments, in a second way."""

import math
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from model_core.config import Optimizer, Table, TrainingConfig
from model_core.runs import Run
from model_core.runs.snapshots import load_snapshot, snapshot_path
from model_core.runs.tensors import pack
from model_core.training import replay
from model_core.training.arithmetic import BETAS, EPSILON, Moments, clip_factor, row_step
from model_core.training.replay import Replay, batch_at, same_bits, window_losses
from model_core.training.trainer import make_optimizer
from tests.support.refusals import refusal
from tests.support.runs import recorded_run

# Optimizer, clipping, weight decay.
SETTINGS = [(*one, 0.1 if one[1] else 0.0) for one in product(get_args(Optimizer), (0.0, 0.3))]
RATES = {"sgd": 0.5, "adam": 0.01, "adamw": 0.01}
EVERY = {"steps": 12, "snapshots": 13}  # as many as there are: every step is recorded
PATIENT: dict[str, Any] = {"seconds": 60.0}


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def dense(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of every optimizer with and without clipping, every step recorded."""
    optimizer, grad_clip, weight_decay = request.param
    return recorded_run(
        tmp_path_factory.mktemp("dense") / "run",
        **EVERY,
        optimizer=optimizer,
        learning_rate=RATES[optimizer],
        grad_clip=grad_clip,
        weight_decay=weight_decay,
    )


@pytest.mark.parametrize("table", get_args(Table))
def test_a_step_of_a_row_leads_to_the_row_recorded_next(dense: Run, table: Table) -> None:
    rows, gradients = (
        (dense.token_embeddings(), dense.token_gradients())
        if table == "tokens"
        else (dense.position_embeddings(), dense.position_gradients())
    )
    norms = dense.metrics()["grad_norm"].to_numpy()
    again, clipped = Replay(dense), dense.training_config.grad_clip > 0
    for step, row in product((0, 1, 7, 11), (3, 5)):
        done = row_step(
            dense.training_config,
            step,
            rows[step, row],
            gradients[step, row],
            norm=norms[step],
            moments=again.moments(step, table, row, **PATIENT),
        )
        np.testing.assert_allclose(done.after, rows[step + 1, row], rtol=0, atol=1e-6)
        assert (done.factor < 1) == clipped


def test_moments_are_running_means_of_all_recorded_gradients(dense: Run) -> None:
    """Without the trainer: from what was recorded at every step before."""
    config, again = dense.training_config, Replay(dense)
    rows, gradients = dense.token_embeddings()[:, 5], dense.token_gradients()[:, 5]
    norms = dense.metrics()["grad_norm"].to_numpy()
    first, second = np.zeros(6), np.zeros(6)
    for step in range(13):
        found = again.moments(step, "tokens", 5, **PATIENT)
        assert found is not None
        if config.optimizer == "sgd":
            assert not np.any(found)
            continue
        np.testing.assert_allclose(found.first, first, rtol=1e-4, atol=1e-8)
        np.testing.assert_allclose(found.second, second, rtol=1e-4, atol=1e-10)
        scale = config.grad_clip / norms[step] if config.grad_clip else 1.0
        gradient = gradients[step] * scale
        if config.optimizer == "adam":
            gradient = gradient + config.weight_decay * rows[step]
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2


def test_the_arithmetic_of_adamw_with_numbers_that_can_be_checked_in_the_head() -> None:
    config = TrainingConfig(optimizer="adamw", learning_rate=0.1, weight_decay=0.5, grad_clip=1)
    row, gradient = np.array([2.0, -2.0]), np.array([3.0, 0.0])
    done = row_step(config, 0, row, gradient, norm=3 - 1e-6)
    assert done.moments is not None and done.unbiased is not None
    np.testing.assert_allclose(done.factor, 1 / 3)
    np.testing.assert_allclose(done.entering, [1, 0])
    np.testing.assert_allclose(done.moments.first, [0.1, 0])
    np.testing.assert_allclose(done.moments.second, [0.001, 0])
    np.testing.assert_allclose(done.unbiased, [[1, 0], [1, 0]])
    np.testing.assert_allclose(done.decay, [-0.1, 0.1])
    np.testing.assert_allclose(done.move, [-0.1, 0], atol=1e-8)
    np.testing.assert_allclose(done.after, [1.8, -1.9], atol=1e-8)


def test_a_second_step_goes_on_from_the_moments_before() -> None:
    config = TrainingConfig(optimizer="adam", learning_rate=0.1)
    before = Moments(np.array([1.0]), np.array([4.0]))
    done = row_step(config, 1, np.zeros(1), np.array([-9.0]), norm=9.0, moments=before)
    first, second = 0.9 * 1 - 0.9, 0.999 * 4 + 0.001 * 81
    assert done.moments is not None
    np.testing.assert_allclose(np.ravel(done.moments), [first, second], atol=1e-12)
    np.testing.assert_allclose(done.after, -0.1 * 0 / np.sqrt(second), atol=1e-12)


def test_the_constants_are_those_of_the_optimizer_that_trains(recorded: Run) -> None:
    model = recorded.model_at(0)
    for name in ("adam", "adamw"):
        made = make_optimizer(model, TrainingConfig(optimizer=name))
        assert (made.defaults["betas"], made.defaults["eps"]) == (BETAS, EPSILON)


@pytest.mark.parametrize("step", [0, 2, 30])
def test_a_batch_drawn_again_has_the_loss_and_gradient_recorded_with_it(
    recorded: Run, step: int
) -> None:
    batch = batch_at(recorded, step)
    at = int(np.searchsorted(recorded.steps, step))
    losses = window_losses(recorded, step, batch)
    np.testing.assert_allclose(losses.mean(), recorded.metrics()["train_loss"][at], rtol=1e-6)
    model, ids = recorded.model_at(step).train(), torch.tensor(batch.ids)
    model(ids[:, :-1], ids[:, 1:])[1].backward()
    table = model.get_parameter(recorded.anatomy.table("tokens"))
    assert table.grad is not None
    np.testing.assert_allclose(table.grad, recorded.token_gradients()[at], rtol=1e-4, atol=1e-8)
    train = recorded.split().train.numpy()
    assert all((train[one : one + 9] == ids[n].numpy()).all() for n, one in enumerate(batch.starts))


def test_it_stops_at_its_time_and_goes_on_at_the_next_call(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_resume_state", lambda run: {})
    again = Replay(recorded)
    assert again.moments(30, "tokens", 0, seconds=-1) is None and again.done == 0
    assert again.moments(30, "tokens", 0, **PATIENT) is not None and again.done == 30
    assert again.moments(2, "tokens", 0, seconds=-1) is not None, "kept on the way"


def test_it_begins_at_the_state_stored_for_resuming_where_that_is_before(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Replay(recorded).moments(30, "tokens", 5, **PATIENT)
    again = Replay(recorded)
    near = again.moments(30, "tokens", 5, seconds=-1)  # no time for a single step
    assert near is not None and whole is not None
    np.testing.assert_array_equal(near, whole)
    monkeypatch.setattr(replay, "_resume_state", lambda run: {})
    np.testing.assert_array_equal(Replay(recorded).moments(30, "tokens", 5, **PATIENT), whole)


def test_dropout_and_batch_norm_are_taken_again_too(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", dropout=0.2, norm="batch", steps=12)
    (tmp_path / "run" / "resume.safetensors").unlink()
    torch.manual_seed(5)
    before, again = torch.get_rng_state(), Replay(run)
    assert again.moments(6, "tokens", 5, seconds=-1) is None
    for step in (2, 12):
        assert again.moments(step, "tokens", 5, **PATIENT) is not None
    assert torch.equal(torch.get_rng_state(), before)


def test_another_course_than_the_recorded_one_is_said_not_shown(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", steps=12)
    tensors = load_snapshot(run.path, 12)
    tensors["lm_head.weight"] += 1e-7
    snapshot_path(run.path, 12).write_bytes(pack(tensors))
    run = Run.open(run.path)
    (run.path / "resume.safetensors").unlink()
    said = refusal(lambda: Replay(run).moments(12, "tokens", 5, **PATIENT))
    assert said.startswith("trained again here, lm_head.weight differs from what was recorded at")
    run = Run.open(run.path)
    (run.path / "text.txt").unlink()
    assert "text.txt" in refusal(lambda: Replay(run).moments(12, "tokens", 5, **PATIENT))


def test_bits_are_compared_not_numbers() -> None:
    nan = torch.tensor([float("nan"), 0.0])
    assert same_bits(nan, nan.clone())
    assert not same_bits(torch.tensor([0.0]), torch.tensor([-0.0]))
    assert not same_bits(torch.zeros(2), torch.zeros(1, 2))
    assert not same_bits(torch.zeros(1), torch.zeros(1, dtype=torch.float64))


def test_without_the_norm_of_all_gradients_no_factor_is_known() -> None:
    assert math.isnan(clip_factor(math.nan, 1.0))
    assert clip_factor(math.nan, 0.0) == 1.0
    assert clip_factor(4.0, 1.0) == pytest.approx(0.25, rel=1e-6) and clip_factor(0.5, 1.0) == 1.0
