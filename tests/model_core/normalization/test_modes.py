"""Batch norm's two modes against plain torch, and against its formula."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from model_core import corpora
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel, MultiHeadAttention
from model_core.norm_modules import BatchNorm
from model_core.normalization import (
    length_losses,
    lengths,
    modes,
    read_scales,
    window_lengths,
)
from model_core.normalization.modes import batch_mode, check_more_than_one, mode_losses
from model_core.norms import KINDS
from tests.support.norms import EACH_TOKEN
from tests.support.refusals import refusal

IDS = torch.randint(11, (6, 8), generator=torch.Generator().manual_seed(2))
IDX, TARGETS = IDS[:, :-1], IDS[:, 1:]


def trained_a_little(**changes: Any) -> BigramLanguageModel:
    """A model whose running averages have seen a few batches."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 11, "block_size": 7, "n_embd": 6, "n_head": 2}
    model = BigramLanguageModel(ModelConfig(**sizes | changes, n_layer=2))
    for _ in range(3):
        model(IDX)
    return model.eval()


def stored(model: BigramLanguageModel) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_batch_norm_takes_the_statistics_of_its_batch_inside_the_block_only() -> None:
    norm = BatchNorm(6).eval()
    x = torch.randn(4, 7, 6, generator=torch.Generator().manual_seed(1)) * 3 + 2
    with batch_mode(norm):
        inside = norm(x)
    by_hand = (x - x.mean((0, 1))) / (x.var((0, 1), correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(inside, by_hand, rtol=0, atol=1e-6)
    torch.testing.assert_close(norm(x), x, rtol=1e-4, atol=0)  # running mean 0, variance 1


def test_neither_weights_nor_running_averages_nor_modes_change_not_even_after_an_error() -> None:
    model = trained_a_little(norm="batch", dropout=0.5)
    before = stored(model)
    with pytest.raises(RuntimeError, match="meant"), batch_mode(model):
        model(IDX)
        assert not model.get_submodule("blocks.0.sa.dropout").training
        raise RuntimeError("meant")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module.training for module in model.modules())
    model.train()(IDX)
    assert model.ln_f.num_batches_tracked == before["ln_f.num_batches_tracked"] + 1


@pytest.mark.parametrize("norm", EACH_TOKEN)
def test_every_other_norm_has_one_loss(norm: str) -> None:
    batch, running = mode_losses(trained_a_little(norm=norm, dropout=0.3), IDX, TARGETS, 2)
    assert batch == running


@pytest.mark.parametrize("batch_size", [1, 2, 6, 100])
def test_the_losses_of_batch_norm_are_those_of_torch_in_its_two_modes(batch_size: int) -> None:
    model = trained_a_little(norm="batch")
    seen = mode_losses(model, IDX, TARGETS, batch_size)
    assert not model.training

    def over_windows() -> float:
        parts = [model(IDX[at], TARGETS[at])[0] for at in torch.arange(6).split(batch_size)]
        return F.cross_entropy(torch.cat(parts).flatten(0, 1), TARGETS.flatten()).item()

    with torch.no_grad():
        running = over_windows()
        model.train()
        batch = over_windows()
    assert seen == pytest.approx((batch, running), abs=1e-6)
    assert abs(batch - running) > 1e-3


def test_a_batch_of_one_token_has_no_variance_and_is_refused_in_words() -> None:
    model, one = trained_a_little(norm="batch"), IDX[:, :1]
    said = refusal(mode_losses, model, one, TARGETS[:, :1], 1)
    assert said == refusal(check_more_than_one, 1) and "got 1: " in said
    assert said == refusal(mode_losses, model, one[:5], TARGETS[:5, :1], 2)  # the last batch
    mode_losses(model, one, TARGETS[:, :1], 2)
    mode_losses(trained_a_little(norm="layer"), one, TARGETS[:, :1], 1)


@pytest.mark.parametrize(("norm", "most"), [("layer", 2), ("batch", 3)])
def test_only_a_batch_that_is_felt_is_read_whole(
    norm: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And attention stays in its fused kernel, which keeps no weights."""
    monkeypatch.setattr(modes, "AT_ONCE", 2 * 7)
    monkeypatch.setattr(modes, "SMALL", 0)
    monkeypatch.setattr(MultiHeadAttention, "_explicit", None)
    model, passes = trained_a_little(norm=norm), list[int]()
    model.register_forward_pre_hook(lambda _, given: passes.append(len(given[0])))
    mode_losses(model, IDX, TARGETS, 3)
    assert max(passes) == most


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_small_batches_lose_the_same_however_many_are_read_in_a_pass(
    batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, seen = trained_a_little(norm="batch"), []
    for at_once, small in ((100 * 7, 0), (100 * 7, 100), (4 * 7, 100)):
        monkeypatch.setattr(modes, "AT_ONCE", at_once)
        monkeypatch.setattr(modes, "SMALL", small)
        seen.append(mode_losses(model, IDX, TARGETS, batch_size))
    np.testing.assert_allclose(seen, seen[:1] * 3, atol=1e-6)


@pytest.mark.parametrize("norm", KINDS)
def test_scales_are_those_of_what_enters_each_norm_in_training_mode(norm: str) -> None:
    model, ids = trained_a_little(norm=norm), IDX[0]
    entered: list[Tensor] = []
    with torch.no_grad():
        scales = read_scales(model, ids)["scale"]
        for name in model.anatomy.norms:
            model.get_submodule(name).register_forward_pre_hook(lambda _, x: entered.append(x[0]))
        model.train()(ids[None])
    by_hand = [((x - x.mean(-1, keepdim=True)) ** 2).mean(-1).sqrt().mean() for x in entered]
    torch.testing.assert_close(scales, torch.stack(by_hand), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("block_size", "expected"), [(1, (1,)), (8, (1, 2, 4, 8)), (41, (1, 2, 4, 8, 16, 32, 41))]
)
def test_lengths_double_up_to_the_block(block_size: int, expected: tuple[int, ...]) -> None:
    assert window_lengths(block_size) == expected


def test_only_batch_norm_feels_how_many_tokens_are_in_a_batch() -> None:
    ids = torch.randint(11, (300,), generator=torch.Generator().manual_seed(3))
    gaps = {}
    for norm in ("layer", "batch"):
        losses = length_losses(trained_a_little(norm=norm), ids, 4, (1, 2, 4, 7))
        assert losses.shape == (2, 4) and np.isfinite(losses).all()
        gaps[norm] = np.abs(losses[0] - losses[1])
    assert (gaps["layer"] == 0).all()
    assert gaps["batch"][0] > gaps["batch"][-1] > 0


def test_losses_of_lengths_are_those_of_evenly_spaced_windows_in_whole_batches() -> None:
    ids = torch.randint(11, (300,), generator=torch.Generator().manual_seed(3))
    model = trained_a_little(norm="batch")
    seen = length_losses(model, ids, 100, (3,))
    windows = corpora.validation_windows(ids, 3, 200)  # of 256 at most, two whole batches
    assert seen[:, 0] == pytest.approx(mode_losses(model, *windows, 100))
    alone = length_losses(model, ids, 1, (1, 2))
    assert np.isnan(alone[:, 0]).all() and np.isfinite(alone[:, 1]).all()


@pytest.mark.parametrize("tokens", [12, 14, 18])
@pytest.mark.parametrize("batch_size", [2, 4, 16])
def test_of_a_short_text_only_whole_batches_are_read_or_all_windows_at_once(
    tokens: int, batch_size: int
) -> None:
    ids = torch.arange(tokens) % 11
    model = trained_a_little(norm="batch", block_size=8)
    seen = length_losses(model, ids, batch_size, (1, 8))
    for length, losses in zip((1, 8), seen.T, strict=True):
        there = tokens - length
        count = there - there % batch_size if batch_size <= there else there
        windows = corpora.validation_windows(ids, length, count)
        assert losses == pytest.approx(mode_losses(model, *windows, batch_size))


def test_a_text_of_one_window_of_one_token_has_no_loss_in_batch_norms_training_mode() -> None:
    model, ids = trained_a_little(norm="batch"), torch.tensor([1, 2])
    assert np.isnan(length_losses(model, ids, 16, (1,))).all()


def test_a_batch_takes_no_more_than_a_bounded_number_of_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lengths, "BATCH_TOKENS", 5 * 7)
    ids = torch.randint(11, (300,), generator=torch.Generator().manual_seed(3))
    model = trained_a_little(norm="batch")
    most = length_losses(model, ids, 65_536, (3, 7))
    np.testing.assert_array_equal(most, length_losses(model, ids, 5, (3, 7)))
