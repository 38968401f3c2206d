"""What is read layer by layer, against plain hooks and numpy."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model_core.model import BigramLanguageModel
from model_core.norm_modules import NormModule, before_gain
from model_core.normalization import (
    QUANTILES,
    read_distributions,
    read_layers,
    read_norm,
)
from tests.support.norms import IDS, entering, modes, normalized, norms, positions, scrambled


def heard(model: BigramLanguageModel, ids: Tensor, names: list[str]) -> list[Tensor]:
    """What leaves modules of these names for ids (T,), by hooks of our own."""
    outputs: dict[str, Tensor] = {}

    def listen(name: str) -> Any:
        def hear(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            outputs[name] = output[0].detach().clone()

        return model.get_submodule(name).register_forward_hook(hear)

    hooks = [listen(name) for name in names]
    with torch.no_grad():
        model(ids[None])
    for hook in hooks:
        hook.remove()
    return [outputs[name] for name in names]


@norms
@positions
@modes
def test_what_is_normalized_is_read_before_gain_and_shift(
    norm: str, position: str, training: bool
) -> None:
    model = scrambled(norm=norm, norm_position=position).train(training)
    entered = [x[0] for x in entering(model, IDS[:1])]  # K of (T, C)
    expected = []
    for x, name in zip(entered, model.anatomy.norms, strict=True):
        weights = model.get_submodule(name).state_dict()
        expected.append(normalized(norm, x, weights, training))
    seen = read_layers(model, IDS[0])
    stacked = torch.stack(expected)
    np.testing.assert_allclose(seen["mean_normalized"], stacked.mean(-1), atol=1e-5)
    np.testing.assert_allclose(seen["std_normalized"], stacked.std(-1, correction=0), atol=1e-5)
    told = np.moveaxis(np.quantile(stacked.flatten(1), QUANTILES, axis=1), 0, -1)
    seen = read_distributions(model, IDS[0])
    np.testing.assert_allclose(seen["quantiles_normalized"], told, atol=1e-5)
    entering_told = np.quantile(torch.stack(entered).flatten(1), QUANTILES, axis=1).T
    np.testing.assert_allclose(seen["quantiles_in"], entering_told, atol=1e-5)


@norms
@modes
def test_gain_and_shift_bring_what_is_normalized_to_what_leaves(norm: str, training: bool) -> None:
    """In batch norm's training mode too: of B·T positions."""
    module = scrambled(norm=norm).get_submodule("ln_f").train(training)
    x = torch.randn(3, 7, 6, generator=torch.Generator().manual_seed(0))
    gamma, beta = (getattr(module, part, None) for part in ("weight", "bias"))
    with torch.no_grad():
        found = before_gain(cast(NormModule, module), x)  # before running averages move
        expected = module(x)
    seen = found * (1 if gamma is None else gamma) + (0 if beta is None else beta)
    torch.testing.assert_close(seen, expected, atol=1e-6, rtol=1e-5)


@norms
@positions
def test_the_stream_is_measured_from_the_embedding_to_the_last_norm(
    norm: str, position: str
) -> None:
    model = scrambled(norm=norm, norm_position=position)
    assert model.anatomy.stream == (
        "blocks:in",
        *("blocks.0.resid_mid", "blocks.0.resid_post"),
        *("blocks.1.resid_mid", "blocks.1.resid_post"),
        "ln_f",
    )
    with torch.no_grad():
        embedding = model.embed(IDS[:1])[0]
    states = [embedding, *heard(model, IDS[0], list(model.anatomy.stream[1:]))]
    expected = [np.sqrt((state.numpy() ** 2).sum(-1)) for state in states]
    np.testing.assert_allclose(read_layers(model, IDS[0])["stream"], expected, rtol=1e-5)


@norms
@positions
def test_one_norm_is_read_before_and_behind_it(norm: str, position: str) -> None:
    model = scrambled(norm=norm, norm_position=position)
    for name, expected in zip(model.anatomy.norms, entering(model, IDS[:1]), strict=True):
        seen = read_norm(model, IDS[0], name)
        assert torch.equal(seen["in"], expected[0])
        assert torch.equal(seen["out"], heard(model, IDS[0], [name])[0])


def test_units_are_silent_when_no_token_turns_them_on() -> None:
    model = scrambled(bias=True)
    with torch.no_grad():
        model.get_parameter("blocks.0.ffwd.expand.weight")[:6] = 0
        model.get_parameter("blocks.0.ffwd.expand.bias")[:6] = torch.tensor(
            [-1.0, -2, -3, -4, -5, 1]
        )
    (first, second) = heard(model, IDS[0], [f"blocks.{i}.ffwd.expand" for i in range(2)])
    seen = read_layers(model, IDS[0])
    for layer, x in enumerate((first.numpy(), second.numpy())):
        assert seen["silent"][layer].item() == pytest.approx((x <= 0).all(0).mean())
        assert seen["off"][layer].item() == pytest.approx((x <= 0).mean())
    assert seen["silent"][0] >= 5 / 24


def test_gains_and_shifts_are_told_by_their_quantiles_over_the_channels() -> None:
    seen = read_distributions(scrambled(norm="layer"), IDS[0])
    for name, part in (("gamma", "weight"), ("beta", "bias")):
        parameter = scrambled(norm="layer").get_parameter(f"ln_f.{part}")
        told = np.quantile(parameter.detach(), QUANTILES)
        np.testing.assert_allclose(seen[name][-1], told, atol=1e-6)
    assert read_distributions(scrambled(norm="rms"), IDS[0])["beta"].isnan().all()
    assert read_distributions(scrambled(norm="none"), IDS[0])["gamma"].isnan().all()


def test_a_model_without_blocks_has_one_norm_and_no_units() -> None:
    model = BigramLanguageModel(scrambled().config.replaced(n_layer=0)).eval()
    seen = read_layers(model, IDS[0])
    assert seen["stream"].shape == (2, 7)
    assert seen["silent"].shape == (0,)
    assert seen["std_out"].shape == (1, 7)
