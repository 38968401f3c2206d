"""Batch norm's two modes against plain torch, and against its formula."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from model_core.config import ModelConfig
from model_core.model import BatchNorm, BigramLanguageModel
from model_core.normalization import batch_mode, mode_losses
from tests.conftest import refusal

IDS = torch.randint(11, (6, 8), generator=torch.Generator().manual_seed(2))
IDX, TARGETS = IDS[:, :-1], IDS[:, 1:]


def trained_a_little(**changes: Any) -> BigramLanguageModel:
    """A model whose running averages have seen a few batches."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 11, "block_size": 7, "n_embd": 6, "n_head": 2}
    model = BigramLanguageModel(ModelConfig(**sizes, n_layer=2, **changes))
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


@pytest.mark.parametrize("norm", ["layer", "rms", "none"])
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
    assert "2 tokens" in said and "got 1" in said
    assert said == refusal(mode_losses, model, one[:5], TARGETS[:5, :1], 2)  # the last batch
    mode_losses(model, one, TARGETS[:, :1], 2)
    mode_losses(trained_a_little(norm="layer"), one, TARGETS[:, :1], 1)
