"""A function of a model, called for each of several models and once with their stacked weights."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.runs.history import _see

Function = Callable[[BigramLanguageModel, Tensor], dict[str, Tensor]]


def alone_and_stacked(
    function: Function, models: Sequence[BigramLanguageModel], ids: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The results of the function, one row a model: from a call each, and from one call for all."""
    each = [function(model, ids) for model in models]
    alone = {name: torch.stack([results[name] for results in each]) for name in each[0]}
    states = [model.state_dict() for model in models]
    weights = {name: torch.stack([state[name] for state in states]) for name in states[0]}
    seen = _see(models[0], weights, function, ids)
    return alone, {name: torch.from_numpy(values.copy()) for name, values in seen.items()}
