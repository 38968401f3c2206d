"""Taps: what is heard under which name, and that it changes no result and leaves nothing behind."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.taps import tapped

IDS = torch.tensor([[1, 4, 2, 0, 3], [3, 3, 0, 1, 4]])
ATTENTION = ("blocks.*.sa.scores", "blocks.*.sa.weights")


@pytest.fixture(params=["pre", "post"])
def model(request: pytest.FixtureRequest) -> BigramLanguageModel:
    torch.manual_seed(0)
    shape = ModelConfig(
        vocab_size=5, block_size=6, n_embd=8, n_head=2, n_layer=3, norm_position=request.param
    )
    return BigramLanguageModel(shape).eval()


def hooks(model: nn.Module) -> Iterator[object]:
    """Every hook that hangs on any module."""
    for module in model.modules():
        yield from (*module._forward_hooks.values(), *module._forward_pre_hooks.values())


def test_an_output_is_what_the_module_gives(model: BigramLanguageModel) -> None:
    with tapped(model, "token_embedding_table") as seen:
        model(IDS)
    assert torch.equal(seen["token_embedding_table"], model.token_embedding_table(IDS))


def test_an_input_is_what_the_module_takes(model: BigramLanguageModel) -> None:
    with tapped(model, "lm_head:in", "ln_f", "ln_f:in", "blocks.2.resid_post") as seen:
        model(IDS)
    assert torch.equal(seen["lm_head:in"], seen["ln_f"])
    assert torch.equal(seen["ln_f:in"], seen["blocks.2.resid_post"])


def test_an_input_is_heard_before_an_in_place_module_changes_it(
    model: BigramLanguageModel,
) -> None:
    place = "blocks.0.ffwd"
    with tapped(model, f"{place}.activation:in", f"{place}.activation", f"{place}.expand") as seen:
        model(IDS)
    before = seen[f"{place}.activation:in"]
    assert (before < 0).any()
    assert torch.equal(before, seen[f"{place}.expand"])
    assert torch.equal(before.relu(), seen[f"{place}.activation"])


def test_a_star_hears_every_layer_in_the_order_of_computing(model: BigramLanguageModel) -> None:
    with tapped(model, "blocks.*.sa.weights", "blocks.*.ln1:in") as seen:
        model(IDS)
    assert list(seen) == [
        f"blocks.{layer}.{place}"
        for layer in range(3)
        for place in (
            ["ln1:in", "sa.weights"]
            if model.config.norm_position == "pre"
            else ["sa.weights", "ln1:in"]
        )
    ]


def test_the_residual_stream_is_carried_from_block_to_block(model: BigramLanguageModel) -> None:
    with tapped(model, "blocks.*.resid_*") as seen:
        model(IDS)
    embedded = model.token_embedding_table(IDS) + model.position_embedding_table.weight[:5]
    assert torch.equal(seen["blocks.0.resid_pre"], embedded)
    for layer in (1, 2):
        before = seen[f"blocks.{layer - 1}.resid_post"]
        assert torch.equal(seen[f"blocks.{layer}.resid_pre"], before)


def test_a_block_adds_attention_then_feed_forward_to_the_stream(
    model: BigramLanguageModel,
) -> None:
    with tapped(model, "blocks.0.*") as seen:
        model(IDS)
    at = {name.removeprefix("blocks.0."): value for name, value in seen.items()}
    if model.config.norm_position == "pre":
        assert torch.equal(at["resid_mid"], at["resid_pre"] + at["sa"])
        assert torch.equal(at["resid_post"], at["resid_mid"] + at["ffwd"])
    else:
        ln1, ln2 = (model.get_submodule(f"blocks.0.{name}") for name in ("ln1", "ln2"))
        assert torch.equal(at["resid_mid"], ln1(at["resid_pre"] + at["sa"]))
        assert torch.equal(at["resid_post"], ln2(at["resid_mid"] + at["ffwd"]))


def test_the_last_pass_is_what_is_kept(model: BigramLanguageModel) -> None:
    with tapped(model, "ln_f") as seen:
        model(IDS)
        model(IDS[:1, :2])
    assert seen["ln_f"].shape == (1, 2, 8)


def test_what_was_heard_is_a_copy_without_gradient(model: BigramLanguageModel) -> None:
    with tapped(model, "blocks.0.resid_pre", "blocks.0.resid_pre:in") as seen:
        logits, _ = model(IDS)
    kept = {name: value.clone() for name, value in seen.items()}
    assert not any(value.requires_grad for value in seen.values())
    seen["blocks.0.resid_pre"].zero_()  # would be the same memory behind nn.Identity
    assert torch.equal(seen["blocks.0.resid_pre:in"], kept["blocks.0.resid_pre:in"])
    logits.sum().backward()  # fails if what was saved for the gradient had been overwritten


def test_what_was_heard_does_not_follow_the_weights(model: BigramLanguageModel) -> None:
    with tapped(model, "ln_f") as seen:
        model(IDS)
        kept = seen["ln_f"].clone()
    torch.nn.init.zeros_(model.get_parameter("ln_f.weight"))
    assert torch.equal(seen["ln_f"], kept)


@pytest.mark.parametrize("places", [ATTENTION, ("*",), ("*", "*:in")])
def test_results_with_taps_equal_results_without(
    model: BigramLanguageModel, places: tuple[str, ...]
) -> None:
    def result() -> tuple[Tensor, tuple[Tensor, ...]]:
        logits, loss = model(IDS, IDS.flip(1))
        return logits.detach(), torch.autograd.grad(loss, list(model.parameters()))

    logits, gradients = result()
    with tapped(model, *places) as seen:
        tapped_logits, tapped_gradients = result()
    assert seen
    torch.testing.assert_close(tapped_logits, logits, rtol=0, atol=1e-6)
    for mine, theirs in zip(tapped_gradients, gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)


def test_a_tap_outside_attention_changes_no_bit(model: BigramLanguageModel) -> None:
    logits = model(IDS)[0]
    with tapped(model, "blocks.*.resid_*", "ln_f:in"):
        assert torch.equal(model(IDS)[0], logits)


@pytest.mark.parametrize("place", ["scores", "weights", "scores:in", "weights:in"])
def test_each_place_of_attention_can_be_heard_alone(model: BigramLanguageModel, place: str) -> None:
    with tapped(model, f"blocks.*.sa.{place}") as seen:
        model(IDS)
    assert [value.shape for value in seen.values()] == [(2, 2, 5, 5)] * 3


def test_no_hook_is_left_after_the_block(model: BigramLanguageModel) -> None:
    with tapped(model, "*", "*:in"):
        assert list(hooks(model))
        model(IDS)
    assert not list(hooks(model))


def test_no_hook_is_left_after_an_exception(model: BigramLanguageModel) -> None:
    with pytest.raises(ZeroDivisionError), tapped(model, "*", "*:in"):
        raise ZeroDivisionError
    assert not list(hooks(model))


def test_no_hook_is_left_when_a_later_pattern_is_wrong(model: BigramLanguageModel) -> None:
    with pytest.raises(ValueError), tapped(model, *ATTENTION, "blocks.*.sa.nothing"):
        pass
    assert not list(hooks(model))


def test_an_inner_block_takes_only_its_own_hooks_away(model: BigramLanguageModel) -> None:
    with tapped(model, "ln_f") as outer:
        with tapped(model, "ln_f") as inner:
            pass
        model(IDS)
    assert list(outer) == ["ln_f"]
    assert not inner


@pytest.mark.parametrize("pattern", ["blocks.*.attention", "ln_f:out", "ln_f:", "", "LN_F"])
def test_a_pattern_that_matches_nothing_is_named(model: BigramLanguageModel, pattern: str) -> None:
    with pytest.raises(ValueError) as error, tapped(model, pattern):
        pass
    assert repr(pattern) in str(error.value)
    assert len(str(error.value)) <= 200
