"""The backward pass of one sentence: how large the loss's gradient is at every part of a model."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call, grad

from model_core.anatomy import Anatomy, parameter_shapes
from model_core.config import ModelConfig
from model_core.lines import small
from model_core.model import BigramLanguageModel
from model_core.normalization.parts import part_sites
from model_core.taps import tapped


def part_parameters(config: ModelConfig, anatomy: Anatomy) -> dict[str, list[str]]:
    """The names of the parameters of each of `part_sites`: a stream has none."""
    names = parameter_shapes(config)
    return {
        site: [*anatomy.tables]
        if site == anatomy.embedding
        else [name for name in names if name.startswith(f"{site}.")]
        for site in part_sites(config, anatomy).values()
    }


@torch.no_grad()
def part_shapes(model: BigramLanguageModel, ids: Tensor) -> list[tuple[int, ...]]:
    """What each of `part_sites` puts out for ids (T,): tokens by channels, or by the vocabulary."""
    sites = list(part_sites(model.config, model.anatomy).values())
    with tapped(model, *sites) as seen:
        model(ids[None])
    return [tuple(seen[site].shape[1:]) for site in sites]


def read_backward(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """The gradient of the mean cross-entropy of ids (T,), each token after those before it.

    Root mean squares at P parts: "outputs" (P,) of the gradient by all T·C numbers that a part puts
    out, "weights" (P,) of that by its parameters, NaN where it has none. "0", "1" … are pictures of
    what the parts put out, see `small`. All NaN for one token, which has no next one.
    """
    parts = part_parameters(model.config, model.anatomy)
    with torch.inference_mode(False):
        with torch.no_grad(), tapped(model, *parts) as seen:
            model(ids[None])

        def loss(weights: Mapping[str, Tensor], nudges: Mapping[str, Tensor]) -> Tensor:
            with _nudged(model, nudges):
                logits = functional_call(model, dict(weights), (ids[None],))[0][0]
            return F.cross_entropy(logits[:-1], ids[1:])

        nudges = {site: torch.zeros_like(seen[site]) for site in parts}
        weights = dict(model.named_parameters())
        by_weight, by_output = grad(loss, argnums=(0, 1))(weights, nudges)
    defined = 1 if len(ids) > 1 else torch.nan  # the mean over no token has the gradient 0 here
    nothing = next(iter(by_weight.values())).new_full((1,), torch.nan)
    of_parts = [[by_weight[name].flatten() for name in names] for names in parts.values()]
    return {
        "outputs": defined * torch.stack([_size(by_output[site]) for site in parts]),
        "weights": defined
        * torch.stack([_size(torch.cat(some or [nothing])) for some in of_parts]),
        **{str(n): small(seen[site]) for n, site in enumerate(parts)},
    }


def _size(values: Tensor) -> Tensor:
    """The root of the mean square."""
    return values.square().mean().sqrt()


@contextmanager
def _nudged(model: BigramLanguageModel, nudges: Mapping[str, Tensor]) -> Iterator[None]:
    """Add a tensor to what passes each site: the gradient by it is the gradient by that."""
    hooks = []
    for site, nudge in nudges.items():
        path, _, side = site.partition(":")
        module = model.get_submodule(path)
        if side:
            hooks.append(module.register_forward_pre_hook(lambda _, x, by=nudge: (x[0] + by,)))
        else:
            hooks.append(module.register_forward_hook(lambda _, __, y, by=nudge: y + by))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
