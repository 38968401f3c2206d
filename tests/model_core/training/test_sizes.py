"""Suggested sizes fit their text, and how long one takes is what it takes."""

import time
from pathlib import Path

import pytest
import torch

from model_core import corpora
from model_core.training.loop import train
from model_core.training.pace import training_seconds
from model_core.training.presets import create_from_preset, plan
from model_core.training.sizes import SIZES, config_of, fit
from tests.support.refusals import refusal


@pytest.mark.parametrize("tokens", [2, 11, 49, 50, 200, 5_000, 30_000, 465_000, 3_000_000])
def test_a_suggestion_can_be_trained_on_its_text(tokens: int) -> None:
    found = fit(tokens, min(tokens, 60))
    block = found.settings["block_size"]
    split = corpora.split(torch.zeros(tokens, dtype=torch.int64), block)
    assert found.held_back is not split.shared
    assert found.weights <= tokens or found.settings["n_embd"] == SIZES[0][0]
    larger = [size for size in SIZES if size[0] > found.settings["n_embd"]]
    assert all(config_of(size, min(tokens, 60), block).weights > tokens for size in larger)


def test_a_text_of_one_token_has_no_size() -> None:
    assert "2 to" in refusal(fit, 1, 1)


def test_longer_trainings_and_larger_models_take_longer() -> None:
    base = training_seconds(plan("quick-brown-fox", {}))
    assert training_seconds(plan("quick-brown-fox", {"steps": 2000})) > 1.3 * base
    assert training_seconds(plan("quick-brown-fox", {"n_layer": 8})) > 2 * base


def test_the_estimate_is_near_what_a_training_takes(tmp_path: Path) -> None:
    """In a thread's own time, which a busy machine does not lengthen; the disk is beside it."""
    changes = {"steps": 40, "snapshots": 5}
    expected = training_seconds(plan("induction", changes))
    create_from_preset(tmp_path / "run", "induction", changes)
    start = time.thread_time()
    train(tmp_path / "run")
    assert 0.5 < (time.thread_time() - start) / expected < 2
