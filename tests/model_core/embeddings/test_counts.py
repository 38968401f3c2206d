"""Counts replayed from the seed are those of the training that took place."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model_core.embeddings import counts
from model_core.embeddings.counts import frequency, most_frequent, updates
from model_core.runs import Run
from model_core.runs.status import Status, write_request
from model_core.training import loop
from model_core.training.loop import train
from model_core.training.trainer import Trainer
from tests.support.refusals import refusal
from tests.support.runs import TINY, new_run, recorded_run


def test_frequency_counts_the_training_split_only(recorded: Run) -> None:
    seen = frequency(recorded)
    assert (seen.shape, seen.dtype) == ((27,), np.int64)
    held_back = len(recorded.text) // 10
    characters = Counter(recorded.text[:-held_back])
    assert seen.tolist() == [characters[token] for token in recorded.tokenizer.tokens]


def test_a_text_too_short_to_split_is_counted_whole(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", steps=1, snapshots=2, block_size=500)
    assert frequency(run).sum() == len(run.text)


VARIETY: list[dict[str, Any]] = [
    {"batch_size": 1, "block_size": 3},
    {"batch_size": 3, "dropout": 0.2, "norm": "batch", "seed": 5},
    {"batch_size": 2, "tokenizer": "word", "optimizer": "sgd", "grad_clip": 0.1},
]


def rows_with_a_gradient(run: Run) -> np.ndarray:
    """(S, V): counted step by step in a training of its own."""
    ids = torch.tensor(run.tokenizer.encode(run.text))
    trainer = Trainer(run.model_config, run.training_config, ids)
    seen = np.zeros((run.steps[-1] + 1, run.model_config.vocab_size), np.int64)
    for step in range(run.steps[-1]):
        trainer.compute_gradients()
        gradient = trainer.model.token_embedding_table.weight.grad
        assert gradient is not None
        seen[step + 1] = seen[step] + (gradient != 0).any(-1).numpy()
        trainer.update()
    return seen[run.steps]


@pytest.mark.parametrize("changes", VARIETY)
@pytest.mark.parametrize("at_once", [1, 40, counts.IDS_AT_ONCE])
def test_updates_are_the_rows_to_which_a_trainer_gave_a_gradient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], at_once: int
) -> None:
    monkeypatch.setattr(counts, "IDS_AT_ONCE", at_once)
    run = recorded_run(tmp_path / "run", **changes)
    seen = updates(run)
    assert (seen.shape, seen.dtype) == ((len(run.steps), run.model_config.vocab_size), np.int64)
    assert np.array_equal(seen, rows_with_a_gradient(run))
    assert seen[-1].min() < seen[-1].max()


def test_updates_of_a_stopped_and_resumed_run_are_those_of_one_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    path = new_run(tmp_path / "run", batch_size=1)

    def stop_at_ten(status: Status) -> None:
        if status.state == "running" and status.step >= 9:
            write_request(path, "stop")

    assert train(path, watch=stop_at_ten).state == "stopped"
    write_request(path, "run")
    assert train(path).state == "finished"
    run = Run.open(path)
    assert {10, TINY["steps"]} <= set(run.steps.tolist())
    assert np.array_equal(updates(run), rows_with_a_gradient(run))


def test_where_a_recorded_gradient_is_not_zero_the_count_grows(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", batch_size=1, snapshots=31)
    moved = (run.token_gradients() != 0).any(-1)
    assert np.array_equal(np.diff(updates(run), axis=0), moved[:-1])


def test_without_its_text_nothing_is_counted(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", steps=1, snapshots=2)
    (run.path / "text.txt").unlink()
    for count in (frequency, updates):
        words = refusal(count, Run.open(run.path))
        assert words == "text.txt of run run is missing or damaged"


@pytest.mark.parametrize(
    ("n", "ids"), [(0, []), (1, [1]), (2, [1, 3]), (3, [0, 1, 3]), (4, [0, 1, 2, 3]), (9, range(5))]
)
def test_the_most_frequent_come_in_the_order_of_their_ids_and_of_equals_the_lower(
    n: int, ids: list[int]
) -> None:
    assert most_frequent(np.array([4, 7, 4, 7, 1]), n).tolist() == list(ids)
