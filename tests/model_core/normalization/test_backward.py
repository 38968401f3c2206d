"""Gradients at every part: against autograd on the modules themselves, and a finite difference."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.normalization import part_parameters, part_shapes, part_sites, read_backward
from model_core.norms import KINDS

IDS = torch.tensor([1, 4, 2, 0, 3])
SHAPE = ModelConfig(vocab_size=5, block_size=6, n_embd=8, n_head=2, n_layer=2)


def model_of(**change: object) -> BigramLanguageModel:
    torch.manual_seed(0)
    return BigramLanguageModel(SHAPE.replaced(**change)).double().eval()


def loss_of(model: BigramLanguageModel) -> Tensor:
    logits = model(IDS[None])[0][0]
    chances = logits.exp() / logits.exp().sum(-1, keepdim=True)
    return -torch.stack([chances[at, IDS[at + 1]].log() for at in range(4)]).mean()


@pytest.mark.parametrize("position", ["pre", "post"])
@pytest.mark.parametrize("norm", KINDS)
def test_sizes_are_those_of_autograd(norm: str, position: str) -> None:
    model = model_of(norm=norm, norm_position=position)
    sites = list(part_sites(model.config, model.anatomy).values())
    kept: dict[str, Tensor] = {}

    def keep(site: str, value: Tensor) -> Tensor:
        kept[site] = value.clone()  # "none" puts out the stream itself, which others read too
        kept[site].retain_grad()
        return kept[site]

    for site in sites:
        if site.endswith(":in"):
            module = model.get_submodule(site.partition(":")[0])
            module.register_forward_pre_hook(lambda _, x: keep(sites[0], x[0]))
        else:
            hook: Any = lambda _, __, y, site=site: keep(site, y)  # noqa: E731
            model.get_submodule(site).register_forward_hook(hook)
    loss_of(model).backward()
    exact = [kept[site].grad for site in sites]
    assert all(one is not None for one in exact)
    found = read_backward(model_of(norm=norm, norm_position=position), IDS)
    sizes = torch.stack([one.square().mean().sqrt() for one in exact if one is not None])
    torch.testing.assert_close(found["outputs"], sizes)
    for at, names in enumerate(part_parameters(model.config, model.anatomy).values()):
        grads = [model.get_parameter(name).grad for name in names]
        whole = torch.cat([one.flatten() for one in grads if one is not None] or [torch.empty(0)])
        assert found["weights"][at].isnan() == (not names)
        if names:
            torch.testing.assert_close(found["weights"][at], whole.square().mean().sqrt())


def test_one_gradient_is_a_difference_of_losses() -> None:
    """Of a part with one parameter: the root mean square is its magnitude."""
    model, away = model_of(norm="dyt"), 1e-6
    names = part_parameters(model.config, model.anatomy)
    alpha = model.get_parameter(f"{model.anatomy.final_norm}.alpha")
    others = [name for name in names[model.anatomy.final_norm] if not name.endswith("alpha")]
    with torch.no_grad():
        losses = []
        for way in (away, -2 * away):
            alpha.add_(way)
            losses.append(loss_of(model).item())
        alpha.add_(away)
    by_alpha = (losses[0] - losses[1]) / (2 * away)
    grads = torch.autograd.grad(loss_of(model), [model.get_parameter(name) for name in others])
    squares = sum(one.square().sum().item() for one in grads) + by_alpha**2
    at = list(names).index(model.anatomy.final_norm)
    found = read_backward(model, IDS)["weights"][at].item()
    assert found == pytest.approx((squares / 17) ** 0.5, rel=1e-6)


def test_every_parameter_is_in_one_part_and_shapes_are_those_put_out() -> None:
    model = model_of(n_layer=1)
    names = [
        name for some in part_parameters(model.config, model.anatomy).values() for name in some
    ]
    assert sorted(names) == sorted(name for name, _ in model.named_parameters())
    assert part_shapes(model, IDS) == [(5, 8)] * 8 + [(5, 5)]
    with torch.no_grad():
        logits = model(IDS[None])[0]
    pictures = read_backward(model, IDS)
    torch.testing.assert_close(pictures["8"], logits[0])


def test_the_last_token_pulls_at_nothing_and_one_token_has_no_gradient() -> None:
    model = model_of()
    assert read_backward(model, IDS[:1])["weights"].isnan().all()
    cut = F.cross_entropy(model(IDS[None])[0][0, :-1], IDS[1:])
    torch.testing.assert_close(cut, loss_of(model))
