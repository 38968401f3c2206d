"""What is written of a training: when, how much, and that it belongs to exactly its step."""

import errno
import json
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model_core.anatomy import anatomy_of
from model_core.config import ModelConfig, TrainingConfig
from model_core.model import BigramLanguageModel
from model_core.norms import KINDS, NormKind
from model_core.runs import Run, read_metrics
from model_core.runs.snapshots import save_snapshot, snapshot_path
from model_core.runs.status import read_status
from model_core.runs.storage import write_whole
from model_core.runs.tensors import pack, unpack
from model_core.training import loop
from model_core.training.loop import train
from model_core.training.recording import Recorder, apart, snapshot_bytes, snapshot_steps
from model_core.training.trainer import Trainer
from tests.support.refusals import refusal
from tests.support.runs import history, new_run, recorded_run

# --- when ----------------------------------------------------------------------------------------


@given(
    st.integers(1, 10_000_000),
    st.integers(2, 300),
    st.integers(2, 400),
)
@example(1, 2, 2)
@example(2, 3, 3)
@example(1000, 120, 119)
def test_planned_steps_keep_to_their_limits(steps: int, snapshots: int, room: int) -> None:
    config = TrainingConfig(steps=steps, snapshots=snapshots, snapshot_budget=room * 1000 + 999)
    planned = snapshot_steps(config, 1000)
    assert planned.dtype == np.int64
    assert (planned[0], planned[-1]) == (0, steps)
    assert (np.diff(planned) > 0).all()
    most = min(snapshots, room, steps + 1)
    assert most / 2 < len(planned) <= most


def test_the_first_steps_are_all_recorded_and_later_ones_evenly() -> None:
    planned = snapshot_steps(TrainingConfig(), 1000)
    assert planned[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert 115 <= len(planned) <= 120
    half = np.diff(planned)[len(planned) // 2 :]
    assert half.max() <= 17  # 1000 steps, some 60 of them spread evenly
    assert (planned <= 10).sum() > (planned > 990).sum()


def test_a_run_shorter_than_its_snapshots_records_every_step() -> None:
    assert snapshot_steps(TrainingConfig(steps=9), 1000).tolist() == list(range(10))


def test_a_budget_too_small_for_two_snapshots_is_refused_with_what_is_needed() -> None:
    words = refusal(snapshot_steps, TrainingConfig(snapshot_budget=1999), 1000)
    assert words == (
        "snapshot_budget=1,999 bytes is too small for two snapshots of 1,000; give at least 2,000"
    )


# --- how much ------------------------------------------------------------------------------------

SIZES: list[dict[str, Any]] = [
    {"vocab_size": 27, "block_size": 41, "n_embd": 5, "n_head": 1, "n_layer": 2},
    {"vocab_size": 27, "block_size": 41, "n_embd": 5, "n_head": 1, "n_layer": 0},
    {"vocab_size": 96, "block_size": 32, "n_embd": 64, "n_head": 4, "n_layer": 8},
    {"vocab_size": 2, "block_size": 1, "n_embd": 1, "n_head": 1, "n_layer": 12},
]


def recorded_tensors(config: ModelConfig) -> dict[str, torch.Tensor]:
    """Tensors as a snapshot holds them."""
    weights = BigramLanguageModel(config).state_dict()
    names = [kind + name for kind in ("gradient.", "update.") for name in anatomy_of(config).tables]
    return weights | {name: weights[name.partition(".")[2]].clone() for name in names}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("norm", KINDS)
@pytest.mark.parametrize("bias", [False, True])
def test_a_snapshots_size_is_known_before_it_is_made(
    tmp_path: Path, size: dict[str, Any], norm: NormKind, bias: bool
) -> None:
    config = ModelConfig.recorded(**size, norm=norm, bias=bias)
    (tmp_path / "snapshots").mkdir()
    save_snapshot(tmp_path, 0, recorded_tensors(config))
    real = snapshot_path(tmp_path, 0).stat().st_size
    assert abs(snapshot_bytes(config) - real) <= 0.25 * real + 4000


@pytest.mark.parametrize("norm", KINDS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("n_layer", [0, 3])
def test_the_size_counts_every_number_of_the_model(
    norm: NormKind, bias: bool, n_layer: int
) -> None:
    """Between two widths only the numbers differ, not what is written around them."""
    sizes: dict[str, Any] = {"vocab_size": 7, "block_size": 3, "n_head": 1, "n_layer": n_layer}
    configs = [ModelConfig(**sizes, n_embd=C, norm=norm, bias=bias) for C in (8, 9)]
    numbers = [
        sum(value.numel() for value in recorded_tensors(config).values()) for config in configs
    ]
    estimates = [snapshot_bytes(config) for config in configs]
    assert estimates[1] - estimates[0] == 4 * (numbers[1] - numbers[0])


# --- the numbers of a row belong to the weights of its step --------------------------------------

VARIETY: list[dict[str, Any]] = [
    {"norm": "layer"},
    {"norm": "batch", "norm_position": "post"},
    {"norm": "rms", "optimizer": "sgd", "learning_rate": 0.1},
    {"norm": "none", "bias": True, "grad_clip": 0.1, "weight_decay": 0.1},
]


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Nats per token by the definition, in float64."""
    right = logits.double().log_softmax(-1).gather(-1, targets[..., None])
    return -right.mean().item()


@pytest.mark.parametrize("changes", VARIETY, ids=lambda changes: str(changes["norm"]))
def test_every_row_is_what_plain_torch_gives_at_that_snapshot(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    run = recorded_run(tmp_path / "run", **changes)
    ids = torch.tensor(run.tokenizer.encode(run.text))
    train_ids, held_back = ids[: len(ids) - len(ids) // 10], ids[len(ids) - len(ids) // 10 :]
    B, T = run.training_config.batch_size, run.model_config.block_size
    draws = torch.Generator().manual_seed(run.training_config.seed)
    starts = [
        torch.randint(len(train_ids) - T, (B,), generator=draws) for _ in range(run.steps[-1] + 1)
    ]
    places = np.linspace(0, len(held_back) - T - 1, 32).astype(int)
    held = torch.stack([held_back[place : place + T + 1] for place in places])
    gradients = dict(zip(run.steps.tolist(), run.token_gradients(), strict=True))
    norms = dict(zip(run.steps.tolist(), run.gradient_norms(), strict=True))
    for row in read_metrics(run.path):
        batch = torch.stack([train_ids[start : start + T + 1] for start in starts[row["step"]]])
        model = run.model_at(row["step"])
        with torch.no_grad():
            val_loss = cross_entropy(model(held[:, :-1])[0], held[:, 1:])
        model.train()
        logits, _ = model(batch[:, :-1])
        loss = F.nll_loss(logits.log_softmax(-1).flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        squares: dict[str, float] = {}
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            part = re.sub(r"^(blocks\.\d+|\w+).*", r"\1", name)
            squares[part] = squares.get(part, 0.0) + parameter.grad.square().sum().item()
        assert row["train_loss"] == pytest.approx(loss.item(), rel=1e-5)
        assert row["grad_norm"] == pytest.approx(math.sqrt(sum(squares.values())), rel=1e-4)
        assert set(run.anatomy.parts) == set(squares)
        expected = [math.sqrt(squares[part]) for part in run.anatomy.parts]
        np.testing.assert_allclose(norms[row["step"]], expected, rtol=1e-3)
        assert row["val_loss"] == pytest.approx(val_loss, rel=1e-5)
        assert row["epoch"] == row["step"] * B * T / len(train_ids)
        gradient = model.token_embedding_table.weight.grad
        assert gradient is not None
        np.testing.assert_allclose(gradients[row["step"]], gradient, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("changes", VARIETY, ids=lambda changes: str(changes["norm"]))
def test_gradients_and_updates_are_those_of_a_trainer_stepped_by_hand(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    run = recorded_run(tmp_path / "run", **changes)
    one = Trainer(
        run.model_config, run.training_config, torch.tensor(run.tokenizer.encode(run.text))
    )
    tables = [one.model.get_parameter(name) for name in one.model.anatomy.tables]
    seen = zip(
        *(run.token_gradients(), run.position_gradients()),
        *(run.token_updates(), run.position_updates()),
        strict=True,
    )
    recorded = dict(zip(run.steps.tolist(), seen, strict=True))
    for step in range(run.training_config.steps + 1):
        one.compute_gradients()
        before = [table.detach().clone() for table in tables]
        gradients = [table.grad.clone() for table in tables if table.grad is not None]
        one.update()
        updates = [table.detach() - old for table, old in zip(tables, before, strict=True)]
        if step in recorded:
            for values, expected in zip(recorded[step], [*gradients, *updates], strict=True):
                assert np.array_equal(values, expected.numpy())
    assert run.steps[-1] == run.training_config.steps


def test_plain_gradient_descent_moves_against_the_recorded_gradient(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", optimizer="sgd", learning_rate=0.1)
    np.testing.assert_allclose(run.token_updates(), -0.1 * run.token_gradients(), atol=3e-7)
    np.testing.assert_allclose(run.position_updates(), -0.1 * run.position_gradients(), atol=3e-7)


def test_adams_first_move_is_one_learning_rate_against_the_gradients_sign(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", optimizer="adam", learning_rate=0.01)
    gradient, update = run.token_gradients()[0], run.token_updates()[0]
    large = np.abs(gradient) > 1e-4  # Adam adds 1e-8 to the gradient's size before it divides
    assert large.sum() > 100
    np.testing.assert_allclose(update[large], -0.01 * np.sign(gradient[large]), rtol=1e-3)
    assert (update[gradient == 0] == 0).all()


def test_a_gradient_is_recorded_before_it_is_clipped(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", optimizer="sgd", learning_rate=1.0, grad_clip=0.01)
    norms = run.metrics()["grad_norm"].to_numpy()[:, None, None]
    assert (norms > 0.1).all()
    expected = -0.01 * run.token_gradients() / norms
    np.testing.assert_allclose(run.token_updates(), expected, rtol=1e-3, atol=3e-7)


def test_at_neighbouring_steps_an_update_is_the_difference_of_the_tables(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", snapshots=31)
    assert run.steps.tolist() == list(range(31))
    assert np.array_equal(run.token_updates()[:-1], np.diff(run.token_embeddings(), axis=0))
    assert np.array_equal(run.position_updates()[:-1], np.diff(run.position_embeddings(), axis=0))


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_a_rows_sample_is_drawn_from_the_weights_of_its_step(tmp_path: Path, norm: str) -> None:
    run = recorded_run(tmp_path / "run", norm=norm, learning_rate=0.05)
    samples = run.metrics()["sample"]
    for step, sample in zip(run.steps, samples, strict=True):
        draws = torch.Generator().manual_seed(run.training_config.seed)
        noise = -torch.empty(8, run.model_config.vocab_size).exponential_(generator=draws).log()
        ids, model = run.tokenizer.encode(run.text[:1]), run.model_at(step)
        for gumbel in noise:  # one token after the other, as the words of the docstring say
            logits, _ = model(torch.tensor([ids]))
            ids.append(int((logits[0, -1] + gumbel).argmax()))
        assert sample == run.tokenizer.decode(ids)
    assert len(set(samples)) > 1


def test_validation_loss_is_left_out_between_evaluations(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", eval_interval=7)
    table = run.metrics()
    evaluated = table["step"][table["val_loss"].notna()].tolist()
    assert evaluated[0] == 0
    assert (np.diff(evaluated) >= 7).all()
    assert len(evaluated) >= 3
    assert table["train_loss"].notna().all()


def test_tokens_per_second_fit_the_time_that_passed(tmp_path: Path) -> None:
    path = new_run(tmp_path / "run")
    began = time.monotonic()
    train(path)
    passed = time.monotonic() - began
    run = Run.open(path)
    speed = run.metrics()["tokens_per_second"].to_numpy()
    tokens = np.diff(run.steps) * run.training_config.batch_size * run.model_config.block_size
    assert np.isnan(speed[0])
    assert passed / 100 < (tokens / speed[1:]).sum() <= passed


# --- what was recorded never changes -------------------------------------------------------------


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "snapshots").mkdir()
    return tmp_path


def test_a_snapshot_does_not_follow_the_weights(empty: Path) -> None:
    weights = torch.zeros(3)
    recorder = Recorder(empty)
    recorder.record(0, {"w": weights}, {})
    weights.fill_(1)
    recorder.record(1, {"w": weights}, {})
    recorder.close()
    seen = [unpack(snapshot_path(empty, step).read_bytes())["w"].tolist() for step in (0, 1)]
    assert seen == [[0, 0, 0], [1, 1, 1]]


def test_a_recorded_step_is_on_disk_when_recording_it_returns(empty: Path) -> None:
    recorder = Recorder(empty)
    for step in range(3):
        recorder.record(step, {"w": torch.zeros(1)}, {"train_loss": 1.0})
        assert [row["step"] for row in read_metrics(empty)] == list(range(step + 1))
        assert snapshot_path(empty, step).is_file()
    recorder.close()


def test_a_recorded_step_stays_as_it_is(empty: Path) -> None:
    recorder = Recorder(empty)
    recorder.record(3, {"w": torch.zeros(1)}, {"train_loss": 1.0})
    recorder.record(3, {"w": torch.ones(1)}, {"train_loss": 2.0})
    recorder.close()
    recorder = Recorder(empty, after=3)
    recorder.record(3, {"w": torch.ones(1)}, {"train_loss": 3.0})
    recorder.close()
    assert read_metrics(empty) == [{"step": 3, "train_loss": 1.0}]
    assert unpack(snapshot_path(empty, 3).read_bytes())["w"].tolist() == [0]


def test_going_on_removes_what_a_kill_left_and_nothing_of_anybody_else(empty: Path) -> None:
    """Of ours only temporary names, which end in 16 hexadecimal digits."""
    snapshots, mark = empty / "snapshots", "0123456789abcdef"
    Recorder(empty).close()
    ours = [snapshots / f".00000007.safetensors.{mark}", empty / f".resume.safetensors.{mark}"]
    theirs = [snapshots / name for name in (".notes", ".00000007.safetensors.swp", ".DS_Store")]
    theirs += [snapshots / f".plan.md.{mark}", empty / ".resume.draft"]
    folders = [snapshots / "old", snapshots / ".git", snapshots / f".00000009.safetensors.{mark}"]
    for path in (*ours, *theirs):
        path.touch()
    for path in folders:
        path.mkdir()
    Recorder(empty).close()
    assert not [path for path in ours if path.exists()]
    assert all(path.exists() for path in (*theirs, *folders))


def test_a_number_that_is_none_is_recorded_as_not_known(empty: Path) -> None:
    recorder = Recorder(empty)
    recorder.record(
        0, {"w": torch.zeros(1)}, {"loss": math.nan, "norms": {"a": math.inf, "b": 1.0}}
    )
    recorder.close()
    (line,) = (empty / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line) == {"step": 0, "loss": None, "norms": {"a": None, "b": 1.0}}


def test_a_sample_with_line_ends_is_one_line_of_plain_ascii(empty: Path) -> None:
    recorder = Recorder(empty)
    recorder.record(0, {"w": torch.zeros(1)}, {"sample": "a\nb\u2028é"})
    recorder.close()
    assert (empty / "metrics.jsonl").read_bytes().isascii()
    assert read_metrics(empty) == [{"step": 0, "sample": "a\nb\u2028é"}]


def test_going_on_drops_what_came_later_and_what_is_torn(empty: Path) -> None:
    (empty / "metrics.jsonl").write_bytes(b'{"step": 0}\n{"step": 1}\n{"step": 2}\n{"ste')
    (empty / "snapshots" / ".00000003.safetensors.0123456789abcdef").write_bytes(b"half")
    recorder = Recorder(empty, after=1)
    recorder.record(2, {"w": torch.zeros(1)}, {"train_loss": 0.5})
    recorder.close()
    assert read_metrics(empty) == [{"step": 0}, {"step": 1}, {"step": 2, "train_loss": 0.5}]
    assert os.listdir(empty / "snapshots") == ["00000002.safetensors"]


# --- what is taken as unchanged ------------------------------------------------------------------


def spoilt(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    (path / name).write_bytes(change((path / name).read_bytes()))


NOT_RESUMED: dict[str, tuple[Callable[[Path], object], str]] = {
    "text edited": (
        lambda path: spoilt(path, "text.txt", lambda data: data.replace(b"Quick", b"quick")),
        "text.txt of run fox has changed since it was made; put it back, or train a new run",
    ),
    "text cut": (
        lambda path: spoilt(path, "text.txt", lambda data: data[:-1]),
        "text.txt of run fox has changed since it was made; put it back, or train a new run",
    ),
    "tokens exchanged": (
        lambda path: spoilt(path, "tokenizer.json", lambda data: data[:40] + data[40:].swapcase()),
        "tokenizer.json of run fox has changed since it was made; put it back, or train a new run",
    ),
    "other model": (
        lambda path: spoilt(path, "run.json", lambda data: data.replace(b'd": 6', b'd": 8')),
        "not resumed: 9 snapshots from step 0 do not fit run.json: tokens.weight is 27×6, not "
        "27×8; positions.weight is 8×6, not 8×8; lm_head.weight is 27×6, not 27×8 and 22 more",
    ),
}


@pytest.mark.parametrize(("change", "words"), NOT_RESUMED.values(), ids=NOT_RESUMED)
def test_a_run_whose_ground_has_changed_is_not_resumed_and_keeps_what_it_has(
    recorded: Run, tmp_path: Path, change: Callable[[Path], object], words: str
) -> None:
    path = Path(shutil.copytree(recorded.path, tmp_path / "fox"))
    change(path)
    before = history(path)
    assert refusal(train, path) == words
    assert (read_status(path).state, read_status(path).words) == ("failed", words)
    assert history(path) == before


def test_what_resuming_needs_is_refused_where_it_is_of_another_model(
    recorded: Run, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(recorded.path, tmp_path / "fox"))
    state = unpack((path / "resume.safetensors").read_bytes())
    del state["draws"]
    write_whole(path / "resume.safetensors", pack(state))
    assert "resume.safetensors does not fit run.json" in refusal(train, path)


# --- a disk that fails at the n-th call ----------------------------------------------------------


class Death(BaseException):
    """What a killed process does at every call from then on: nothing."""


class Written:
    """A file whose `write` is counted; one that fails has written half before."""

    def __init__(self, file: Any, count: Callable[[], None]) -> None:
        self.file, self.count = file, count

    def write(self, data: bytes) -> int:
        try:
            self.count()
        except BaseException:
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            raise
        return self.file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "Written":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


@contextmanager
def disk_fails(monkeypatch: pytest.MonkeyPatch, fault: BaseException, nth: int) -> Iterator[list]:
    """The n-th open, write, fsync, rename, unlink raises `fault`, and all later but after EIO."""
    calls = [0]
    fdopen = os.fdopen

    def count() -> None:
        calls[0] += 1
        once = getattr(fault, "errno", 0) == errno.EIO
        if calls[0] == nth or calls[0] > nth and not once:
            raise fault

    def counted(real: Callable[..., Any], writes: Callable[..., bool]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if writes(*arguments):
                count()
            return real(*arguments, **named)

        return call

    def new_file(path: Path, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        file = open_(path, mode, *arguments, **named)
        return Written(file, count) if "w" in mode else file

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace", "unlink"):
            patch.setattr(os, name, counted(getattr(os, name), lambda *_: True))
        patch.setattr(os, "open", counted(os.open, lambda _, flags, *__: bool(flags & os.O_CREAT)))
        patch.setattr(os, "fdopen", lambda *arguments: Written(fdopen(*arguments), count))
        open_ = counted(Path.open, lambda _, mode="r", *__: "w" in mode)
        patch.setattr(Path, "open", new_file)
        yield calls


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device", "/server"),
        OSError(errno.EIO, "I/O"),
        Death(),
    ],
    ids=["full", "broken once", "death"],
)
def test_whichever_call_fails_the_run_opens_says_why_and_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    monkeypatch.setattr(loop, "MEMORY_EVERY", 0)
    small = {"steps": 2, "n_layer": 1, "n_embd": 2}
    fresh = new_run(tmp_path / "fresh", **small)
    expected = history(recorded_run(tmp_path / "whole", **small).path)
    for nth in count(1):
        path = Path(shutil.copytree(fresh, tmp_path / f"run{nth}"))
        with disk_fails(monkeypatch, fault, nth) as calls, suppress(OSError, Death):
            train(path)
        run = Run.open(path)
        acknowledged = [row["step"] for row in read_metrics(path)]
        assert run.damaged == []
        assert set(acknowledged) <= set(run.steps.tolist())
        if calls[0] < nth:
            assert nth > 40
            return
        status = run.status
        if status.state == "finished":  # only this could not be written as it should
            assert len(acknowledged) == 3
        elif isinstance(fault, Death):
            assert status.words.startswith("stopped unexpectedly") or status.state == "queued"
        elif isinstance(fault, OSError) and fault.errno == errno.EIO:
            assert (status.state, status.words.partition(" near")[0]) == ("failed", "I/O")
        else:
            saved = f"{len(acknowledged)} of 3 steps saved; free 1 MB, then resume"
            assert (status.state, status.words) == ("stopped", f"the disk is full: {saved}")
        assert train(path).state == "finished"
        assert history(path) == expected
        assert list(path.rglob(".*")) == []


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_run(tmp_path / "run")
    measured, calls = Trainer.validation_loss, iter(range(100))

    def full_after_four(trainer: Trainer) -> float:
        if next(calls) >= 4:
            raise OSError(28, "No space left on device")
        return measured(trainer)

    monkeypatch.setattr(Trainer, "validation_loss", full_after_four)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    assert train(path).words == "the disk is full: 4 of 9 steps saved; free 1 MB, then resume"
    assert (path / "metrics.jsonl").read_bytes().endswith(b"}\n")
    assert len(read_metrics(path)) == len(Run.open(path).steps) == 4


@settings(max_examples=20)
@given(st.integers(1, 30), st.integers(1, 10))
def test_steps_apart_are_at_least_the_interval_apart(interval: int, factor: int) -> None:
    steps = [step * factor for step in range(40)]
    chosen = apart(steps, interval)
    assert chosen[0] == 0
    assert min(np.diff(chosen), default=interval) >= interval
    assert all(any(0 <= step - other < interval for other in chosen) for step in steps)
