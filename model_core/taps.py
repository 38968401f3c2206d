"""Look inside a forward pass: named places of the model, heard inside a `with` block."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


@contextmanager
def tapped(model: nn.Module, *patterns: str) -> Iterator[dict[str, Tensor]]:
    """What the matching modules put out (or take in) in the forward passes inside the block.

    A pattern is a module's name with `*` for anything, "blocks.*.sa.weights"; with ":in" behind it
    the module's first input is heard instead: "ln_f:in". The dict is keyed in the same way, in the
    order of computing, and holds the last pass. ValueError when a pattern matches nothing.
    """
    seen: dict[str, Tensor] = {}
    places = [place for pattern in patterns for place in _places(model, pattern)]
    hooks = [_listen(module, key, seen) for key, module in places]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _places(model: nn.Module, pattern: str) -> list[tuple[str, nn.Module]]:
    """Keys and modules a pattern matches; the model itself has no name."""
    path, colon, side = pattern.partition(":")
    modules = [(name, module) for name, module in model.named_modules() if name]
    found = [(name + colon + side, m) for name, m in modules if fnmatchcase(name, path)]
    if not found or (colon and side != "in"):
        raise ValueError(f"no place of the model matches {pattern!r}; try 'ln_f' or 'ln_f:in'")
    return found


def _listen(module: nn.Module, key: str, seen: dict[str, Tensor]) -> RemovableHandle:
    """Inputs are heard before the module runs: it may change them in place."""

    def hear_input(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        seen[key] = inputs[0].detach().clone()

    def hear_output(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
        seen[key] = output.detach().clone()

    if key.endswith(":in"):
        return module.register_forward_pre_hook(hear_input)
    return module.register_forward_hook(hear_output)
