"""Heads switched off, against weights set to zero by hand and against plain re-computations."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model_core.attention.ablation import ablated, head_costs, mean_outputs
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.taps import tapped
from tests.support.refusals import refusal

L, H, C, SIZE = 3, 4, 16, 4
IDX = torch.randint(11, (5, 9), generator=torch.Generator().manual_seed(2))
TARGETS = IDX.roll(-1, 1)
EVERY_HEAD = [(layer, head) for layer in range(L) for head in range(H)]

VARIETY: list[dict[str, Any]] = [
    {},
    {"norm_position": "post", "norm": "rms"},
    {"norm": "batch", "bias": True},
    {"norm": "none", "dropout": 0.3},
]


def make_model(**changes: Any) -> BigramLanguageModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 11, "block_size": 9, "n_embd": C, "n_head": H, "n_layer": L}
    model = BigramLanguageModel(ModelConfig(**(sizes | changes))).eval()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith(("running_mean", "running_var")):
                value.uniform_(0.5, 2.0)  # far from where they start
    return model


@pytest.fixture(params=VARIETY, ids=str)
def model(request: pytest.FixtureRequest) -> BigramLanguageModel:
    return make_model(**request.param)


def silenced(model: BigramLanguageModel, heads: list[tuple[int, int]]) -> BigramLanguageModel:
    """A copy in which `sa.proj` multiplies what these heads say by 0."""
    copy = deepcopy(model)
    for layer, head in heads:
        weight = copy.get_parameter(f"blocks.{layer}.sa.proj.weight")
        nn.init.zeros_(weight[:, head * SIZE : (head + 1) * SIZE])
    return copy


@torch.no_grad()
def logits(model: nn.Module) -> Tensor:
    return model(IDX)[0]


@torch.no_grad()
def loss(model: nn.Module) -> float:
    return model(IDX, TARGETS)[1].item()


def same(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def hooks(model: nn.Module) -> Iterator[object]:
    """Every hook that hangs on any module."""
    for module in model.modules():
        yield from (*module._forward_hooks.values(), *module._forward_pre_hooks.values())


@pytest.mark.parametrize(
    "heads", [[head] for head in EVERY_HEAD] + [[(0, 1), (0, 2), (2, 0)]], ids=str
)
def test_a_head_at_zero_is_a_head_whose_columns_of_proj_are_zero(
    model: BigramLanguageModel, heads: list[tuple[int, int]]
) -> None:
    with ablated(model, heads):
        seen = logits(model)
    same(seen, logits(silenced(model, heads)))
    assert (seen - logits(model)).abs().max() > 1e-3


def test_a_head_at_its_mean_adds_a_constant_to_what_proj_gives_without_it(
    model: BigramLanguageModel,
) -> None:
    """By linearity of `sa.proj`: W x with x replaced on some columns."""
    means, heads = mean_outputs(model, IDX), [(1, 0), (1, 3)]
    quiet = silenced(model, heads)
    columns = torch.tensor([*range(SIZE), *range(3 * SIZE, 4 * SIZE)])
    weight = model.get_parameter("blocks.1.sa.proj.weight")
    constant = weight[:, columns] @ means[1, columns]
    quiet.get_submodule("blocks.1.sa.proj").register_forward_hook(
        lambda *pass_: pass_[2] + constant
    )
    with ablated(model, heads, means):
        seen = logits(model)
    same(seen, logits(quiet))
    assert (seen - logits(silenced(model, heads))).abs().max() > 1e-3


def test_means_are_those_of_each_channel_over_batch_and_time(model: BigramLanguageModel) -> None:
    with tapped(model, "blocks.*.sa.qkv", "blocks.*.sa.weights") as seen:
        model(IDX)
    for layer, mean in enumerate(mean_outputs(model, IDX)):
        value = seen[f"blocks.{layer}.sa.qkv"][..., 2 * C :].unflatten(-1, (H, SIZE))
        outputs = torch.einsum("bhqk,bkhc->bqhc", seen[f"blocks.{layer}.sa.weights"], value)
        same(mean, outputs.flatten(2).sum((0, 1)) / IDX.numel())


def test_no_head_ablated_changes_no_bit(model: BigramLanguageModel) -> None:
    before = logits(model)
    with ablated(model, []):
        assert torch.equal(logits(model), before)


def test_a_layer_without_any_head_says_the_bias_of_proj(model: BigramLanguageModel) -> None:
    with ablated(model, [(1, head) for head in range(H)]), tapped(model, "blocks.1.sa") as seen:
        model(IDX)
    bias = model.state_dict().get("blocks.1.sa.proj.bias", torch.zeros(C))
    assert torch.equal(seen["blocks.1.sa"], bias.expand(*IDX.shape, C))


@pytest.mark.parametrize("n_head", [1, H])
def test_gradients_flow_as_if_the_head_were_not_there(n_head: int) -> None:
    """With one head, what enters `sa.proj` is a view of what attention keeps for its gradient."""
    model = make_model(n_head=n_head)
    quiet = deepcopy(model)
    nn.init.zeros_(quiet.get_parameter("blocks.1.sa.proj.weight")[:, : C // n_head])
    with ablated(model, [(1, 0)]):
        model(IDX, TARGETS)[1].backward()
    quiet(IDX, TARGETS)[1].backward()
    for one, other in zip(model.blocks[0].parameters(), quiet.blocks[0].parameters(), strict=True):
        assert one.grad is not None and other.grad is not None
        same(one.grad, other.grad)


def test_a_block_within_a_block_adds_its_heads(model: BigramLanguageModel) -> None:
    with ablated(model, [(0, 1)]):
        with ablated(model, [(2, 3)]):
            both = logits(model)
        one = logits(model)
    same(both, logits(silenced(model, [(0, 1), (2, 3)])))
    same(one, logits(silenced(model, [(0, 1)])))


def test_a_model_is_afterwards_what_it_was(model: BigramLanguageModel) -> None:
    weights, before = deepcopy(model.state_dict()), logits(model)
    with ablated(model, EVERY_HEAD):
        assert len(list(hooks(model))) == len(EVERY_HEAD)
        model(IDX)
    head_costs(model, IDX, TARGETS, "mean")
    assert not list(hooks(model))
    assert not model.training
    assert torch.equal(logits(model), before)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_no_hook_is_left_after_an_exception() -> None:
    model = make_model()
    with pytest.raises(ZeroDivisionError), ablated(model, EVERY_HEAD):
        raise ZeroDivisionError
    assert not list(hooks(model))


@pytest.mark.parametrize("head", [(L, 0), (0, H), (-1, 0), (0, -1)])
def test_a_head_the_model_lacks_is_refused_and_leaves_no_hook(head: tuple[int, int]) -> None:
    model = make_model()
    words = refusal(ablated(model, [(0, 0), head]).__enter__)
    assert words == (
        f"there is no head {head[1]} in layer {head[0]}; "
        "the model has 3 layers of 4 heads, counted from 0"
    )
    assert not list(hooks(model))


# --- what a head is worth ------------------------------------------------------------------------


def test_costs_at_zero_are_differences_of_losses_of_silenced_copies(
    model: BigramLanguageModel,
) -> None:
    whole, costs = head_costs(model, IDX, TARGETS, "zero")
    assert whole == pytest.approx(loss(model), abs=1e-6)
    assert costs.shape == (L, H)
    for head in EVERY_HEAD:
        expected = loss(silenced(model, [head])) - loss(model)
        assert costs[head] == pytest.approx(expected, abs=1e-6)
    assert np.abs(costs).min() > 1e-5


def test_costs_at_the_mean_are_those_with_the_means_of_the_same_windows(
    model: BigramLanguageModel,
) -> None:
    whole, costs = head_costs(model, IDX, TARGETS, "mean")
    means = mean_outputs(model, IDX)
    for head in EVERY_HEAD:
        with ablated(model, [head], means):
            assert costs[head] == pytest.approx(loss(model) - whole, abs=1e-6)
    assert np.abs(costs - head_costs(model, IDX, TARGETS, "zero")[1]).max() > 1e-3


def test_a_head_that_says_the_same_everywhere_costs_nothing_at_its_mean() -> None:
    """All tokens and positions alike: every position hears the same value."""
    model = make_model()
    nn.init.ones_(model.token_embedding_table.weight)
    nn.init.zeros_(model.position_embedding_table.weight)
    with torch.no_grad():
        model.token_embedding_table.weight[:, ::2] = -1
    np.testing.assert_allclose(head_costs(model, IDX, TARGETS, "mean")[1], 0, atol=1e-6)
    assert np.abs(head_costs(model, IDX, TARGETS, "zero")[1]).min() > 1e-5


def test_without_layers_there_is_no_head_to_switch_off() -> None:
    model = make_model(n_layer=0)
    whole, costs = head_costs(model, IDX, TARGETS, "zero")
    assert (whole, costs.shape) == (pytest.approx(loss(model)), (0, H))
    words = refusal(head_costs, model, IDX, TARGETS, "mean")
    assert words == "a model with n_layer=0 has no attention"
