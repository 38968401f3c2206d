"""Batch statistics against the running ones, how far small batches are off, and their windows."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from model_core.normalization import (
    batch_statistics,
    distances,
    expected_distances,
    filling_windows,
    with_running_averages,
)
from model_core.normalization.exchange import exchanged, settle
from model_core.runs import Run
from tests.support.norms import IDS, WINDOWS, made, positions
from tests.support.refusals import refusal
from tests.support.runs import new_run


@positions
def test_batch_statistics_are_those_that_batch_norm_divides_by(position: str) -> None:
    """With gamma 1 and beta 0, what leaves a norm must be (x - mean) / √(var + ε)."""
    model = made(norm="batch", norm_position=position, n_layer=1)
    found = batch_statistics(model, IDS)
    assert found.mean.shape == (3, 6)
    x = model.embed(IDS)
    block: Any = model.blocks[0].train()
    entering = x + block.sa(x) if position == "post" else x
    middle, scale = (torch.tensor(part[0]) for part in (found.mean, np.sqrt(found.var + 1e-5)))
    torch.testing.assert_close(block.ln1(entering), (entering - middle) / scale)


def test_batch_statistics_follow_numpy_and_change_nothing() -> None:
    model = made(norm="batch")
    settle(model, WINDOWS)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = batch_statistics(model, IDS)
    rows = model.embed(IDS).detach().double().numpy().reshape(-1, 6)
    np.testing.assert_allclose(found.mean[0], rows.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.var[0], rows.var(0), atol=1e-6)  # divisor B·T
    for at, name in enumerate(model.anatomy.norms):
        np.testing.assert_array_equal(found.running_mean[at], before[f"{name}.running_mean"])
        np.testing.assert_array_equal(found.running_var[at], before[f"{name}.running_var"])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module.training for module in model.modules())


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that is made inside the block."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


def test_what_enters_all_norms_is_never_put_together() -> None:
    """The largest tensor is one feed-forward's hidden layer, (B, T, 4 C)."""
    model = made(norm="batch", n_layer=3)
    for measure in (batch_statistics, partial(distances, sizes=(3,))):
        with Largest() as seen:
            measure(model, IDS)
        assert seen.numbers == IDS.numel() * 4 * 6


def test_a_model_settled_on_a_batch_is_at_no_distance_from_it() -> None:
    model = with_running_averages(made(norm="layer"), IDS)
    found = batch_statistics(model, IDS)
    np.testing.assert_allclose(found.mean, found.running_mean, atol=1e-6)
    np.testing.assert_allclose(found.var * 21 / 20, found.running_var, rtol=1e-5)


def test_distance_falls_with_the_root_of_the_number_of_independent_tokens() -> None:
    """Windows of one token drawn by chance: the law of the standard error, σ / √(B T)."""
    model = made(norm="batch", n_layer=0, block_size=2, n_embd=64, n_head=1)
    settle(model, torch.arange(11)[:, None])  # each token once
    sizes = (2, 8, 32)
    found = distances(model, torch.arange(11)[:, None], sizes, repeats=200)
    assert found.shape == (3, 1)
    np.testing.assert_allclose(found[:, 0], expected_distances(sizes, 1), rtol=0.1)


def test_distance_is_in_running_standard_deviations_of_each_channel() -> None:
    """All windows are alike, so every batch drawn from them has the same mean."""
    model, alike = made(norm="batch", n_layer=0), IDS[:1].repeat(4, 1)
    with torch.no_grad():
        model.get_buffer("ln_f.running_mean").fill_(0.5)
        model.get_buffer("ln_f.running_var").copy_(torch.arange(1.0, 7.0))
    mean = model.embed(alike).detach().double().numpy().mean((0, 1))
    expected = (np.abs(mean - 0.5) / np.sqrt(np.arange(1, 7) + 1e-5)).mean()
    np.testing.assert_allclose(distances(model, alike, (1, 3)), expected, rtol=1e-5)


def test_expected_distances_are_the_mean_size_of_a_normal_error() -> None:
    normal = np.random.default_rng(0).standard_normal((20_000, 6))
    found = np.abs(normal.mean(1)).mean()  # batches of 2 windows of 3 tokens
    np.testing.assert_allclose(expected_distances((2,), 3), found, rtol=0.02)


def test_other_norms_have_no_running_averages_and_one_token_no_variance() -> None:
    assert "norm='layer'" in refusal(batch_statistics, made(), IDS)
    assert "norm='layer'" in refusal(distances, made(), IDS, (2,))
    batch = exchanged(made(), "batch")
    assert "more than 1 value per channel" in refusal(batch_statistics, batch, IDS[:1, :1])
    assert "more than 1 value per channel" in refusal(distances, batch, IDS[:, :1], (1,))


# ---- who else is in the batch --------------------------------------------------------------------


def test_company_is_the_validation_windows_and_then_more_of_the_same_text(tmp_path: Path) -> None:
    run = Run.open(new_run(tmp_path / "run"))
    many, few = filling_windows(run, 40), filling_windows(run, 3)
    inputs, _ = run.validation_windows()
    assert many.shape == (40, 8) and len(inputs) == 32
    assert torch.equal(many[:32], inputs) and torch.equal(few, inputs[:3])
    assert torch.equal(filling_windows(run, 40), many)
    text = run.tokenizer.decode(run.split().validation.tolist())
    assert all(run.tokenizer.decode(window.tolist()) in text for window in many)


def test_company_needs_the_text(tmp_path: Path) -> None:
    run = Run.open(new_run(tmp_path / "run"))
    (run.path / "text.txt").unlink()
    assert refusal(filling_windows, run, 3) == "text.txt of run run is missing or damaged"
