"""Statistics around norms against the formulas, written out with plain tensor operations."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.normalization import norm_statistics, read_layers
from model_core.norms import NormKind
from tests.support.norms import (
    HAS,
    IDS,
    NAMES,
    behind_gain,
    entering,
    modes,
    norms,
    positions,
    scrambled,
)

STATISTICS = ("mean_in", "std_in", "mean_out", "std_out")


def by_hand(model: BigramLanguageModel, ids: Tensor) -> dict[str, np.ndarray]:
    """The four statistics of each token at each norm: (K, B, T)."""
    inputs = entering(model, ids)
    outputs = []
    for name, x in zip(NAMES, inputs, strict=True):
        weights = model.get_submodule(name).state_dict()
        outputs.append(behind_gain(model.config.norm, x, weights, model.training))
    moments: dict[str, np.ndarray] = {}
    for side, values in (("in", inputs), ("out", outputs)):
        x = torch.stack(values)
        mean = x.sum(-1) / x.shape[-1]
        moments[f"mean_{side}"] = mean.numpy()
        moments[f"std_{side}"] = ((x - mean[..., None]) ** 2).mean(-1).sqrt().numpy()
    return moments


@norms
@positions
@modes
def test_statistics_of_a_batch_follow_the_formula(norm: str, position: str, training: bool) -> None:
    model = scrambled(norm=norm, norm_position=position).train(training)
    expected = by_hand(model, IDS)
    seen = norm_statistics(model, IDS)
    assert seen["norm"].tolist() == list(NAMES)
    for column in STATISTICS:
        np.testing.assert_allclose(seen[column], expected[column].mean((1, 2)), atol=1e-5)


@norms
@positions
@modes
def test_statistics_of_tokens_follow_the_formula(norm: str, position: str, training: bool) -> None:
    model = scrambled(norm=norm, norm_position=position).train(training)
    expected = by_hand(model, IDS[:1])
    seen = read_layers(model, IDS[0])
    for column in STATISTICS:
        assert seen[column].shape == (5, 7)
        np.testing.assert_allclose(seen[column], expected[column][:, 0], atol=1e-5)


def test_layer_norm_without_gain_puts_out_mean_0_and_deviation_1() -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 11, "block_size": 7, "n_embd": 64, "n_head": 2}
    model = BigramLanguageModel(ModelConfig(**sizes, n_layer=2)).eval()
    seen = norm_statistics(model, IDS)
    np.testing.assert_allclose(seen["mean_out"], 0, atol=1e-6)
    np.testing.assert_allclose(seen["std_out"], 1, atol=1e-3)
    assert (seen["gamma"] == 1).all()
    assert (seen["beta"] == 0).all()


@norms
def test_gain_and_shift_are_the_learned_ones(norm: NormKind) -> None:
    model = scrambled(norm=norm)
    seen = norm_statistics(model, IDS)
    weights = model.state_dict()
    for row in seen.to_dict("records"):
        for column, part in (("gamma", "weight"), ("beta", "bias")):
            value = weights.get(f"{row['norm']}.{part}")
            assert np.isnan(row[column]) if value is None else row[column] == value.mean().item()
    assert seen["gamma"].notna().all() == ("weight" in HAS[norm])
    assert seen["beta"].notna().all() == ("bias" in HAS[norm])


def test_a_model_without_blocks_has_one_norm() -> None:
    model = BigramLanguageModel(
        ModelConfig(vocab_size=11, block_size=7, n_embd=6, n_head=1, n_layer=0)
    ).eval()
    assert norm_statistics(model, IDS)["norm"].tolist() == ["ln_f"]


@norms
def test_looking_at_norms_changes_nothing_and_leaves_no_hook(norm: str) -> None:
    model = scrambled(norm=norm)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seen = [norm_statistics(model, IDS) for _ in range(2)]
    assert seen[0].equals(seen[1])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
