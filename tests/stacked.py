"""One function of a model, for each of several alone and for all at once in one `vmap`."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from model_core.model import BigramLanguageModel

Function = Callable[[BigramLanguageModel, Tensor], dict[str, Tensor]]


class _Calling(nn.Module):
    """What `functional_call` can call: the function on a model whose weights it replaces."""

    def __init__(self, function: Function, model: BigramLanguageModel) -> None:
        super().__init__()
        self.function = function
        self.model = model

    def forward(self, ids: Tensor) -> dict[str, Tensor]:
        return self.function(self.model, ids)


def alone_and_stacked(
    function: Function, models: Sequence[BigramLanguageModel], ids: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Every result of the function, those of the models in rows: one by one, and in one call."""
    each = [function(model, ids) for model in models]
    alone = {name: torch.stack([results[name] for results in each]) for name in each[0]}
    calls = [_Calling(function, model).eval() for model in models]
    weights = torch.func.stack_module_state(calls)

    def call(weights: tuple[dict[str, Tensor], dict[str, Tensor]]) -> dict[str, Tensor]:
        return torch.func.functional_call(calls[0], weights, (ids,))

    return alone, torch.vmap(call)(weights)
