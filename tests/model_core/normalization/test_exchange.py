"""The same weights with another norm: what is taken over, what is not, and running averages."""

import numpy as np
import pytest
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.norm_modules import BatchNorm
from model_core.normalization import with_running_averages
from model_core.normalization.exchange import exchanged, settle
from model_core.norms import KINDS, NormKind
from model_core.taps import tapped
from tests.support.norms import HAS, positions, scrambled
from tests.support.refusals import refusal

IDS = torch.randint(11, (5, 7), generator=torch.Generator().manual_seed(2))


def norm_of(model: BigramLanguageModel, name: str) -> dict[str, Tensor]:
    return model.get_submodule(name).state_dict()


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("old", KINDS)
def test_gain_and_shift_are_taken_where_both_kinds_have_them(old: NormKind, new: NormKind) -> None:
    model = scrambled(norm=old).train()
    other = exchanged(model, new)
    for name in model.anatomy.norms:
        before, after = norm_of(model, name), norm_of(other, name)
        learned = {part for part, _ in other.get_submodule(name).named_parameters()}
        assert learned == HAS[new].keys()
        for part in HAS[new]:
            if part in HAS[old]:
                assert torch.equal(after[part], before[part])
            else:
                assert (after[part] == HAS[new][part]).all()


@pytest.mark.parametrize("new", KINDS)
def test_all_else_is_the_same_and_is_a_copy_in_evaluation_mode(new: NormKind) -> None:
    model = scrambled(norm="layer", dropout=0.5).train()
    other = exchanged(model, new)
    assert other.config == model.config.replaced(norm=new)
    assert not any(module.training for module in other.modules())
    assert all(module.training for module in model.modules()) and model.config.norm == "layer"
    weights = {name: value for name, value in model.state_dict().items() if "ln" not in name}
    copied = other.state_dict()
    assert all(torch.equal(value, copied[name]) for name, value in weights.items())
    with torch.no_grad():
        other.lm_head.weight.add_(1)
        for name in model.anatomy.norms:
            for value in norm_of(other, name).values():
                value.add_(1)
    assert torch.equal(weights["lm_head.weight"], model.state_dict()["lm_head.weight"])
    assert norm_of(model, "ln_f")["weight"].max() <= 2


@positions
@pytest.mark.parametrize("norm", KINDS)
def test_exchanged_for_its_own_kind_a_model_computes_the_same(
    norm: NormKind, position: str
) -> None:
    model = scrambled(norm=norm, norm_position=position)
    with torch.no_grad():
        assert torch.equal(exchanged(model, norm)(IDS)[0], model(IDS)[0])


def test_precision_is_kept() -> None:
    other = exchanged(scrambled().train().double(), "batch")
    assert {v.dtype for v in other.state_dict().values()} == {torch.float64, torch.int64}


@positions
def test_settled_running_averages_are_the_statistics_of_the_windows(position: str) -> None:
    model = scrambled(norm="batch", norm_position=position)
    settle(model, IDS)
    names = model.anatomy.norms
    training = scrambled(norm="batch", norm_position=position).train()
    with tapped(training, *(f"{name}:in" for name in names)) as seen, torch.no_grad():
        training(IDS)
    for name in names:
        x = seen[f"{name}:in"].numpy().reshape(-1, 6)  # (B·T, C)
        running = norm_of(model, name)
        np.testing.assert_allclose(running["running_mean"], x.mean(0), atol=1e-6)
        np.testing.assert_allclose(running["running_var"], x.var(0, ddof=1), rtol=1e-5)


def test_settling_again_forgets_the_windows_before_and_leaves_the_mode() -> None:
    model, fresh = scrambled(norm="batch"), scrambled(norm="batch")
    settle(model, IDS[:2])
    settle(model, IDS)
    settle(fresh, IDS)
    after = fresh.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in model.state_dict().items())
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    assert {(norm.training, norm.momentum) for norm in norms} == {(False, 0.1)}


def test_one_token_alone_has_no_variance() -> None:
    said = refusal(settle, scrambled(norm="batch").train(), IDS[:1, :1])
    assert said.startswith("batch norm in training mode needs more than 1 value per channel")
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        scrambled(norm="batch").train()(IDS[:1, :1])  # torch says the same


def test_a_model_with_batch_norm_keeps_its_own_running_averages() -> None:
    model = scrambled(norm="batch").train()
    kept, other = norm_of(with_running_averages(model, IDS), "ln_f"), norm_of(model, "ln_f")
    assert all(torch.equal(kept[name], other[name]) for name in kept)
