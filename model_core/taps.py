"""Record outputs or inputs of named modules during forward passes inside a `with` block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


class _AllRecorded(Exception):
    """Ends a forward pass once everything is recorded."""


@contextmanager
def tapped(model: nn.Module, *patterns: str, stop: bool = False) -> Iterator[dict[str, Tensor]]:
    """Outputs (or inputs) of the matching modules in the forward passes inside the block.

    A pattern is a module's name with `*` as wildcard; followed by ":in" it means the module's first
    input. `model_core.anatomy` has the names. The keys of the dict are sites (name, or name and
    ":in"), in the order of computing; values are those of the last pass. With `stop`, the block
    ends in its first pass as soon as all sites are recorded: deeper modules are not computed.
    ValueError when a pattern matches nothing.
    """
    seen: dict[str, Tensor] = {}
    modules = {name: module for name, module in model.named_modules() if name}  # "" is the model
    sites = dict(site for pattern in patterns for site in _sites(modules, pattern))
    enough = len(sites) if stop else None
    hooks = [_hook(module, key, seen, enough) for key, module in sites.items()]
    with suppress(_AllRecorded):
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


def _hook(
    module: nn.Module, key: str, seen: dict[str, Tensor], enough: int | None
) -> RemovableHandle:
    """Record one site; inputs before the module runs, which may change them in place."""

    def record(value: Tensor) -> None:
        seen[key] = value.detach().clone()
        if len(seen) == enough:
            raise _AllRecorded

    def record_input(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        record(inputs[0])

    def record_output(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
        record(output)

    if key.endswith(":in"):
        return module.register_forward_pre_hook(record_input)
    return module.register_forward_hook(record_output)
