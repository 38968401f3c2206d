"""Look inside a forward pass: what named modules put out or take in, inside a `with` block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


class _AllSeen(Exception):
    """Ends a forward pass that nobody needs any more."""


@contextmanager
def tapped(model: nn.Module, *patterns: str, stop: bool = False) -> Iterator[dict[str, Tensor]]:
    """What the matching modules put out (or take in) in the forward passes inside the block.

    A pattern is a module's name with `*` for anything; with ":in" behind it the module's first
    input is heard instead. `model_core.anatomy` has the names. The dict is keyed in the same way,
    in the order of computing, and holds the last pass. With `stop`, the block ends in its first
    pass as soon as all is heard: what lies deeper is not computed. ValueError when a pattern
    matches nothing.
    """
    seen: dict[str, Tensor] = {}
    modules = {name: module for name, module in model.named_modules() if name}  # but the model
    sites = dict(site for pattern in patterns for site in _sites(modules, pattern))
    enough = len(sites) if stop else None
    hooks = [_listen(module, key, seen, enough) for key, module in sites.items()]
    with suppress(_AllSeen):
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()


def _sites(modules: Mapping[str, nn.Module], pattern: str) -> list[tuple[str, nn.Module]]:
    """Keys and modules a pattern matches."""
    path, colon, side = pattern.partition(":")
    names = [path] if path in modules else [name for name in modules if fnmatchcase(name, path)]
    found = [(name + colon + side, modules[name]) for name in names]
    if not found or (colon and side != "in"):
        last = list(modules)[-1]
        raise ValueError(f"no module matches {pattern!r}; try {last!r} or '{last}:in'")
    return found


def _listen(
    module: nn.Module, key: str, seen: dict[str, Tensor], enough: int | None
) -> RemovableHandle:
    """Inputs are heard before the module runs: it may change them in place."""

    def hear(value: Tensor) -> None:
        seen[key] = value.detach().clone()
        if len(seen) == enough:
            raise _AllSeen

    def hear_input(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        hear(inputs[0])

    def hear_output(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
        hear(output)

    if key.endswith(":in"):
        return module.register_forward_pre_hook(hear_input)
    return module.register_forward_hook(hear_output)
