"""The same seed gives the same bits, and an interrupted training ends as if it never was."""

import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model_core.config import ModelConfig, TrainingConfig
from model_core.model import BigramLanguageModel
from model_core.runs import Run, read_metrics
from model_core.runs.status import Status, read_status, write_request
from model_core.training import jobs, loop
from model_core.training.loop import train
from model_core.training.trainer import Trainer, make_optimizer
from model_core.training.turns import only_trainer
from tests.support.refusals import refusal, sentence
from tests.support.runs import history, new_run, recorded_run

# --- one step ------------------------------------------------------------------------------------

MODEL = ModelConfig(vocab_size=9, block_size=6, n_embd=8, n_head=2, n_layer=2, bias=True)
IDS = torch.randint(9, (400,), generator=torch.Generator().manual_seed(0))


def trainer(model: dict[str, Any] | None = None, **training: Any) -> Trainer:
    settings = {"steps": 20, "batch_size": 4, "threads": 1, **training}
    return Trainer(
        ModelConfig(**MODEL.model_dump() | (model or {})), TrainingConfig(**settings), IDS
    )


def drifts(**changes: Any) -> dict[str, tuple[float, float]]:
    """How far AdamW moves each table in 30 steps, in float32 and in float64."""
    config = ModelConfig.recorded(**MODEL.model_dump() | changes)
    training = TrainingConfig(batch_size=8, learning_rate=1e-2)
    moved = []
    for precision in (torch.float32, torch.float64):
        one = Trainer(config, training, IDS % config.vocab_size)
        one.model.to(precision)
        tables = {name: one.model.get_parameter(name) for name in one.model.anatomy.tables}
        before = {name: table.detach().clone() for name, table in tables.items()}
        for _ in range(30):
            one.compute_gradients()
            one.update()
        moved.append([(tables[name] - before[name]).norm().item() for name in tables])
    return dict(zip(("tokens", "positions"), zip(*moved, strict=True), strict=True))


@pytest.mark.parametrize(
    ("changes", "table"),
    [({"n_embd": 1, "n_head": 1}, "tokens"), ({"norm": "batch", "block_size": 1}, "positions")],
)
def test_what_is_refused_moves_a_table_by_rounding_alone(
    changes: dict[str, Any], table: str
) -> None:
    short, long = drifts(**changes)[table]
    assert short > 0.01
    assert long < 1e-6


@pytest.mark.parametrize(
    "changes",
    [
        {"n_embd": 2},
        {"n_embd": 1, "n_head": 1, "norm": "rms"},
        {"n_embd": 1, "n_head": 1, "norm": "batch"},
        {"block_size": 1},
        {"norm": "batch", "block_size": 2},
        {"vocab_size": 1},
    ],
)
def test_the_smallest_that_is_not_refused_moves_tables_by_what_it_learns(
    changes: dict[str, Any],
) -> None:
    ModelConfig(**MODEL.model_dump() | changes)
    for short, long in drifts(**changes).values():
        assert long / 2 <= short <= 2 * long  # RMS norm: 0.094, in float32 to 0.144


REFERENCES = {
    "sgd": lambda groups, rate: torch.optim.SGD(groups, lr=rate),
    "adam": lambda groups, rate: torch.optim.Adam(groups, lr=rate),
    "adamw": lambda groups, rate: torch.optim.AdamW(groups, lr=rate),
}


@pytest.mark.parametrize("optimizer", REFERENCES)
@pytest.mark.parametrize("grad_clip", [0.0, 0.5])
def test_training_is_the_plain_torch_loop(optimizer: Any, grad_clip: float) -> None:
    settings: dict[str, Any] = {"weight_decay": 0.1, "learning_rate": 0.01}
    # without biases: a key's bias has a gradient of rounding errors only, which Adam scales up
    ours = trainer({"bias": False}, optimizer=optimizer, grad_clip=grad_clip, **settings)
    torch.manual_seed(1337)
    model = BigramLanguageModel(ours.model.config)
    matrices = [value for value in model.parameters() if value.dim() == 2]
    vectors = [value for value in model.parameters() if value.dim() == 1]
    groups = [
        {"params": matrices, "weight_decay": 0.1},
        {"params": vectors, "weight_decay": 0.0},
    ]
    reference = REFERENCES[optimizer](groups, 0.01)
    draws = torch.Generator().manual_seed(1337)
    for _ in range(20):
        starts = torch.randint(360 - 6, (4,), generator=draws)
        windows = torch.stack([IDS[start : start + 7] for start in starts])
        reference.zero_grad()
        logits, _ = model(windows[:, :-1])
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), windows[:, 1:])
        loss.backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        norm = math.sqrt(sum(gradient.square().sum() for gradient in gradients))
        for gradient in gradients:
            gradient *= min(1, grad_clip / norm) if grad_clip else 1
        seen_loss, seen_norms = ours.compute_gradients(), ours.gradient_norms()
        assert (seen_loss, math.hypot(*seen_norms.values())) == pytest.approx(
            (loss.item(), norm), rel=1e-3
        )
        ours.update()
        reference.step()
    assert ours.step == 20
    for seen, expected in zip(ours.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(seen, expected, rtol=1e-3, atol=1e-5)


def test_looking_leaves_the_weights_alone() -> None:
    one = trainer()
    before = {name: value.clone() for name, value in one.model.state_dict().items()}
    one.compute_gradients()
    assert all(torch.equal(value, before[name]) for name, value in one.model.state_dict().items())
    one.update()
    assert not torch.equal(one.model.lm_head.weight, before["lm_head.weight"])


def test_measuring_draws_no_random_number_and_learns_nothing() -> None:
    seen, unseen = (trainer({"norm": "batch", "dropout": 0.3}) for _ in range(2))
    losses = []
    for one in (seen, unseen):
        torch.manual_seed(3)
        for _ in range(5):
            if one is seen:
                one.validation_loss()
                one.sample(6)
                one.resume_state()
            losses.append(one.compute_gradients())
            one.update()
    assert losses[:5] == losses[5:]


def test_weight_decay_spares_gains_and_biases() -> None:
    optimizer = make_optimizer(trainer().model, TrainingConfig(weight_decay=0.5))
    decays = {
        p.dim(): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]
    }
    assert decays == {1: 0.0, 2: 0.5}


def test_an_epoch_is_the_training_split_read_once() -> None:
    one = trainer()
    assert one.epoch == 0
    one.step = 15  # 15 steps of 4 windows of 6 tokens, of 360 in the split
    assert one.epoch == 1


def test_untrained_loss_is_about_that_of_guessing() -> None:
    one = trainer({"n_layer": 0, "vocab_size": 1000})
    assert one.compute_gradients() == pytest.approx(math.log(1000), abs=1.0)
    assert all(norm > 0 for norm in one.gradient_norms().values())


def test_a_sample_starts_with_the_corpus_and_repeats() -> None:
    one = trainer()
    assert one.sample(6).shape == (7,)
    assert one.sample(6)[0] == IDS[0]
    assert torch.equal(one.sample(6), one.sample(6))


def test_a_draft_changes_nothing_but_the_time() -> None:
    drafted, fresh = trainer(), trainer()
    drafted.sample(6)
    for one in (drafted, fresh):
        torch.manual_seed(5)
        for parameter in one.model.parameters():
            torch.nn.init.normal_(parameter)
    assert torch.equal(drafted.sample(6), fresh.sample(6))


def test_samples_follow_the_probabilities_of_the_model() -> None:
    one = trainer({"n_layer": 0})
    with torch.inference_mode():
        logits, _ = one.model(IDS[None, :1])
    expected = logits[0, -1].softmax(-1)
    drawn = torch.zeros_like(expected)
    for seed in range(2000):
        one.config = one.config.replaced(seed=seed)
        drawn[one.sample(1)[1]] += 1 / 2000
    assert (drawn - expected).abs().max() < 5 * math.sqrt(0.25 / 2000)  # five standard errors


def test_a_corpus_shorter_than_a_window_is_refused() -> None:
    words = refusal(Trainer, MODEL, TrainingConfig(), IDS[:6])
    assert "the text has 6 tokens, block_size=6 needs 7" in words


def test_a_text_of_one_repeated_character_is_learned_without_nan() -> None:
    one = Trainer(
        MODEL.replaced(vocab_size=1),
        TrainingConfig(steps=5, batch_size=4, threads=1),
        torch.zeros(50, dtype=torch.int64),
    )
    for _ in range(5):
        assert one.compute_gradients() == 0
        assert set(one.gradient_norms().values()) == {0.0}
        one.update()


# --- the same to the bit -------------------------------------------------------------------------

KINDS: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.1},
    "adam": {"optimizer": "adam"},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1, "grad_clip": 0.5},
    "dropout": {"dropout": 0.2},
    "batch norm": {"norm": "batch"},
    "all": {"norm": "batch", "norm_position": "post", "dropout": 0.1, "bias": True},
}
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, kind: str) -> None:
    first, second = (recorded_run(tmp_path / name, **KINDS[kind]).path for name in "ab")
    assert history(first) == history(second)
    assert (first / "resume.safetensors").read_bytes() == (
        second / "resume.safetensors"
    ).read_bytes()


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    first, second = (recorded_run(tmp_path / str(seed), seed=seed).path for seed in (1, 2))
    one, other = history(first)["snapshots"], history(second)["snapshots"]
    assert all(one[name] != other[name] for name in one)


def stop_at(path: Path, step: int) -> Status:
    """Train until `step`, then ask to stop as a person would."""

    def watch(status: Status) -> None:
        if status.state == "running" and status.step >= step - 1:
            write_request(path, "stop")

    write_request(path, "run")
    return train(path, watch=watch)


@kinds
def test_stopped_three_times_and_resumed_ends_as_if_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    whole = history(recorded_run(tmp_path / "whole", **KINDS[kind]).path)
    path = new_run(tmp_path / "stopped", **KINDS[kind])
    for step in (3, 6, 19):  # the last is between two planned snapshots
        status = stop_at(path, step)
        assert (status.state, status.step) == ("stopped", step)
        assert status.words == f"stopped at step {step}; resume continues from there"
        assert Run.open(path).steps[-1] == step
    torch.manual_seed(99)  # whoever resumes is in another random state
    write_request(path, "run")
    assert train(path).state == "finished"
    seen = history(path)
    everything = history(recorded_run(tmp_path / "everything", snapshots=31, **KINDS[kind]).path)
    assert set(seen["metrics"]) == set(whole["metrics"]) | {3, 6, 19}
    assert all(
        seen["snapshots"][name] == everything["snapshots"][name] for name in seen["snapshots"]
    )
    assert {step: seen["metrics"][step] for step in whole["metrics"]} == whole["metrics"]
    assert {name: seen["snapshots"][name] for name in whole["snapshots"]} == whole["snapshots"]


class Crash(BaseException):
    """The end of a process at an arbitrary moment."""


def crash_at(path: Path, step: int) -> None:
    def watch(status: Status) -> None:
        if status.step >= step:
            raise Crash

    with pytest.raises(Crash):
        train(path, watch=watch)


def newest(path: Path) -> Path:
    return max(path.glob("snapshots/*"))


def tear(path: Path) -> None:
    data = (path / "metrics.jsonl").read_bytes()
    (path / "metrics.jsonl").write_bytes(data[:-20])


def drop_line(path: Path) -> None:
    lines = (path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    (path / "metrics.jsonl").write_bytes(b"".join(lines[:-1]))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 4
    path.write_bytes(bytes(data))


HARMS = {
    "nothing": lambda path: None,
    "newest snapshot lost": lambda path: newest(path).unlink(),
    "newest snapshot torn": lambda path: newest(path).write_bytes(newest(path).read_bytes()[:99]),
    "newest snapshot flipped": lambda path: flip(newest(path)),
    "line torn": tear,
    "line lost": drop_line,
    "memory lost": lambda path: (path / "resume.safetensors").unlink(),
    "memory torn": lambda path: (path / "resume.safetensors").write_bytes(b"1234567890"),
    "memory flipped": lambda path: flip(path / "resume.safetensors"),
    "memory empty": lambda path: (path / "resume.safetensors").write_bytes(b""),
    "every snapshot lost": lambda path: shutil.rmtree(path / "snapshots"),
    "status lost": lambda path: (path / "status.json").unlink(),
}


@pytest.mark.parametrize("harm", HARMS)
def test_after_a_crash_and_damage_resuming_ends_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    kind = KINDS["all"]
    whole = history(recorded_run(tmp_path / "whole", **kind).path)
    path = new_run(tmp_path / "crashed", **kind)
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    monkeypatch.setattr(loop, "MEMORY_EVERY", 0)
    crash_at(path, 17)
    HARMS[harm](path)
    assert train(path).state == "finished"
    assert history(path) == whole
    assert Run.open(path).damaged == []


def test_resuming_goes_on_where_memory_ends_and_not_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = new_run(tmp_path / "run")
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    monkeypatch.setattr(loop, "MEMORY_EVERY", 0)
    crash_at(path, 17)
    steps: list[int] = []
    compute = Trainer.compute_gradients

    def seen(one: Trainer) -> float:
        steps.append(one.step)
        return compute(one)

    monkeypatch.setattr(Trainer, "compute_gradients", seen)
    train(path)
    assert steps == list(range(15, 31))  # 15 is the last planned snapshot before the crash


@pytest.mark.parametrize("kind", ["all", "sgd"])
def test_resuming_a_finished_run_changes_nothing(tmp_path: Path, kind: str) -> None:
    path = recorded_run(tmp_path / "run", **KINDS[kind]).path
    before = history(path)
    assert train(path).state == "finished"
    assert history(path) == before


# --- divergence ----------------------------------------------------------------------------------

WILD = {"learning_rate": 1e30, "optimizer": "sgd", "norm": "none"}


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_run_that_diverges_says_where_and_keeps_everything_up_to_it(
    tmp_path: Path, norm: str
) -> None:
    run = recorded_run(tmp_path / "run", **WILD | {"norm": norm})
    status = run.status
    assert status.state == "diverged"
    assert status.step == run.steps[-1] < run.training_config.steps
    assert f"loss became NaN or infinite at step {status.step}" in sentence(status.words)
    assert "Try learning_rate=0.01 or another normalization" in status.words
    assert status.train_loss is None or math.isfinite(status.train_loss)
    table = run.metrics()
    assert table["train_loss"][:-1].notna().all()
    assert run.damaged == []
    assert all(run.model_at(step) is not None for step in run.steps)
    assert run.token_gradients().shape == run.token_updates().shape == run.token_embeddings().shape
    assert np.isfinite(run.token_updates()[0]).all()
    assert np.isnan(run.token_updates()[-1]).all()


def test_a_run_diverges_again_at_the_same_step_when_resumed(tmp_path: Path) -> None:
    path = recorded_run(tmp_path / "run", **WILD).path
    before = history(path), read_status(path).words
    assert train(path).state == "diverged"
    assert (history(path), read_status(path).words) == before


def test_divergence_between_two_planned_snapshots_is_recorded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = new_run(tmp_path / "run", snapshots=2)
    compute = Trainer.compute_gradients
    monkeypatch.setattr(
        Trainer, "compute_gradients", lambda one: math.nan if one.step == 11 else compute(one)
    )
    assert train(path).step == 11
    assert Run.open(path).steps.tolist() == [0, 11]
    row = read_metrics(path)[-1]
    assert (row["step"], row["train_loss"]) == (11, None)


def test_a_loss_far_above_that_of_guessing_is_told_after_twenty_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0)  # a status at every step
    path = new_run(tmp_path / "fox", learning_rate=10, steps=60, snapshots=61)
    seen: list[Status] = []
    with only_trainer(path):
        last = train(path, watch=seen.append)
    losses = [row["train_loss"] for row in read_metrics(path)]
    above = [loss > 3 * math.log(27) for loss in losses]
    first = next(at for at in range(41) if all(above[at : at + 20]))
    said = {status.step: status.words for status in seen if status.state == "running"}
    words = sentence(said[first + 20])
    assert words == (
        f"since step {first} loss is above 9.9 nats per token, three times that of guessing. "
        "Try learning_rate=0.01 or another normalization."
    )
    assert said[first + 18] == ""
    assert last.words == (words if all(above[first:]) else "")


def test_a_validation_loss_that_is_no_number_ends_the_run_as_diverged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = new_run(tmp_path / "run")
    measured, calls = Trainer.validation_loss, iter(range(100))
    monkeypatch.setattr(
        Trainer,
        "validation_loss",
        lambda one: math.inf if next(calls) >= 3 else measured(one),
    )
    assert train(path).state == "diverged"
    unknown = Run.open(path).metrics()["val_loss"].isna().tolist()
    assert unknown[:4] == [False, False, False, True]
    assert len(unknown) <= 5  # at most one step more, where losses are measured behind the training


# --- requests ------------------------------------------------------------------------------------


def test_steps_taken_one_by_one_in_a_pause_are_recorded_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0.0)
    path = new_run(tmp_path / "stepped", steps=30, snapshots=4)
    seen: list[int] = []

    def watch(status: Status) -> None:
        if status.state == "paused":
            seen.append(status.step)
            if len(set(seen)) <= 3:
                jobs.step(path)
            else:
                write_request(path, "run")
        elif not seen and status.step >= 12:
            write_request(path, "pause")

    with only_trainer(path):
        assert train(path, watch=watch).state == "finished"
    first = seen[0]
    assert sorted(set(seen)) == [first, first + 1, first + 2, first + 3]
    planned = history(recorded_run(tmp_path / "whole", steps=30, snapshots=4).path)
    stepped = history(path)
    extra = {first + 1, first + 2, first + 3}
    assert set(stepped["metrics"]) == set(planned["metrics"]) | extra
    for name, bits in planned["snapshots"].items():
        assert stepped["snapshots"][name] == bits
    every = history(recorded_run(tmp_path / "every", steps=30, snapshots=31).path)
    for step in extra:
        name = f"{step:08d}.safetensors"
        assert stepped["snapshots"][name] == every["snapshots"][name]
        assert stepped["metrics"][step] == every["metrics"][step]
    # the pause is no time of training
    speeds = {row["step"]: row["tokens_per_second"] for row in read_metrics(path)}
    assert {speeds[step] for step in extra} == {None}


def test_a_paused_training_waits_and_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = history(recorded_run(tmp_path / "whole").path)
    path = new_run(tmp_path / "paused")
    monkeypatch.setattr(loop, "HEARTBEAT", 0.001)
    states: list[str] = []

    def watch(status: Status) -> None:
        states.append(status.state)
        if states.count("paused") == 3:
            write_request(path, "run")
        elif "paused" not in states:
            write_request(path, "pause")

    assert train(path, watch=watch).state == "finished"
    assert states.count("paused") >= 3
    assert history(path) == whole


def test_a_paused_training_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_run(tmp_path / "run")
    monkeypatch.setattr(loop, "HEARTBEAT", 0)

    def watch(status: Status) -> None:
        write_request(path, "stop" if status.state == "paused" else "pause")

    assert train(path, watch=watch).state == "stopped"


def test_the_watcher_hears_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    heard: list[Status] = []
    path = new_run(tmp_path / "run")
    last = train(path, watch=heard.append)
    assert [status.step for status in heard] == sorted(status.step for status in heard)
    assert {status.state for status in heard} == {"running", "finished"}
    assert heard[-1] == last
    assert last.step == last.steps == 30
    assert all(status.seconds_left is None or status.seconds_left >= 0 for status in heard)
    assert last.train_loss == read_metrics(path)[-1]["train_loss"]


def test_whatever_goes_wrong_stands_in_the_status_without_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = new_run(tmp_path / "run")
    (path / "text.txt").unlink()
    with pytest.raises(ValueError):
        train(path)
    status = read_status(path)
    assert (status.state, status.words) == ("failed", "text.txt of run run is missing or damaged")


def test_training_does_not_wait_for_the_compiler() -> None:
    code = (
        "import sys, torch\n"
        "from model_core.config import ModelConfig, TrainingConfig\n"
        "from model_core.training.trainer import Trainer\n"
        "sizes = dict(vocab_size=9, block_size=4, n_embd=4, n_head=1, n_layer=1)\n"
        "one = Trainer(ModelConfig(**sizes), TrainingConfig(grad_clip=1), torch.arange(90) % 9)\n"
        "one.compute_gradients(), one.gradient_norms(), one.update(), one.compute_gradients()\n"
        "one.restore(1, one.model.state_dict(), one.resume_state())\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
