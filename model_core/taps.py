"""Look inside a forward pass: named places of the model, heard inside a `with` block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn


@contextmanager
def tapped(model: nn.Module, *patterns: str) -> Iterator[dict[str, Tensor]]:
    """What the matching modules put out (or take in) in the forward passes inside the block.

    A pattern is a module's name with `*` for anything, "blocks.*.sa.weights"; with ":in" behind it
    the module's first input is heard instead: "ln_f:in". The dict is keyed in the same way, in the
    model's order, and holds the last pass. ValueError when a pattern matches nothing.
    """
    seen: dict[str, Tensor] = {}
    hooks = []
    for pattern in patterns:
        path, _, side = pattern.partition(":")
        places = [place for place in model.named_modules() if fnmatchcase(place[0], path)]
        if not places:
            raise ValueError(f"no module of the model matches {pattern!r}")
        for name, module in places:
            key = f"{name}:in" if side else name
            hooks.append(module.register_forward_hook(_listener(seen, key, bool(side))))
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _listener(seen: dict[str, Tensor], key: str, wants_input: bool) -> Callable[..., None]:
    def listen(_module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        seen[key] = (inputs[0] if wants_input else output).detach().clone()

    return listen
