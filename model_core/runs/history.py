"""Many recorded steps at once: their weights are stacked, and one pass reads a text with all."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from model_core.arrays import freeze
from model_core.model import BigramLanguageModel
from model_core.runs.run import Run
from model_core.taps import tapped

ROWS = 32  # steps in one stack at most
STACKED = 2**26  # bytes of weights at a time, in float64
CELLS = 2**23  # numbers of one kind in memory at a time, 64 MiB

# What is read of a model while it reads: pure functions of tensors, since `vmap` runs them.
Sight = Callable[..., Mapping[str, Tensor]]
Arrays = dict[str, np.ndarray]


class History:
    """The weights of runs, cached in at most `limit` bytes; safe to share between threads.

    Reading a text at 120 steps with one model after another takes seven times as long.
    """

    def __init__(self, limit: int = 2**28) -> None:
        self._limit = limit
        self._stacks: OrderedDict[tuple[Any, ...], dict[str, Tensor]] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self,
        run: Run,
        steps: Sequence[int] | np.ndarray,
        sight: Sight,
        ids: Tensor,
        *,
        reduce: Callable[[Arrays], Arrays] = lambda seen: seen,
    ) -> Arrays:
        """`sight(model, ids)` with the model of each of S ≥ 1 recorded steps: float32 (S, ...).

        Computed in float64: float32 leaves five digits of a probability near 1. `reduce` is applied
        to the arrays of a few steps at a time. ValueError for a damaged step.
        """
        config = run.model_config
        heads, depths = config.n_head * config.n_layer, config.n_layer + 1
        cells = ids.numel() * max(ids.shape[-1] * heads, config.vocab_size * depths)
        at_once = max(CELLS // max(cells, 1), 1)
        # Its numbers are replaced; without any, on the device "meta", torch imports for a second.
        with torch.random.fork_rng():
            shape = BigramLanguageModel(config).eval()
        size = 8 * sum(parameter.numel() for parameter in shape.parameters())
        rows = min(ROWS, max(STACKED // size, 1))
        parts = []
        for group in range(0, len(steps), rows):
            some_steps = tuple(int(step) for step in steps[group : group + rows])
            stack = self._stacked(run, some_steps)
            for first in range(0, len(some_steps), at_once):
                some = {name: _exact(of[first : first + at_once]) for name, of in stack.items()}
                parts.append(reduce(_see(shape, some, sight, ids)))
        return {name: _joined([part[name] for part in parts]) for name in parts[0]}

    def _stacked(self, run: Run, steps: tuple[int, ...]) -> dict[str, Tensor]:
        key = (run.identity, steps)
        with self._lock:
            if key not in self._stacks:
                weights = [run.weights(step) for step in steps]
                self._stacks[key] = {
                    name: torch.stack([one[name] for one in weights]) for name in weights[0]
                }
            self._stacks.move_to_end(key)
            stack = self._stacks[key]
            while sum(map(_bytes, self._stacks.values())) > self._limit:
                self._stacks.popitem(last=False)
        return stack


class Reader:
    """What one sight sees of one text, cached step by step; of a growing run new steps are read.

    Snapshots never change, so nothing is read twice. Safe to share between threads.
    """

    def __init__(self, history: History, sight: Sight, ids: Tensor, **more: Any) -> None:
        self._history, self._sight, self._ids, self._more = history, sight, ids, more
        self._steps = np.empty(0, np.int64)
        self._seen: Arrays = {}
        self._lock = threading.Lock()

    @property
    def begun(self) -> bool:
        """Whether any step was read."""
        return len(self._steps) > 0

    def at(self, run: Run, steps: np.ndarray) -> Arrays:
        """What was seen at recorded `steps` (S,), ascending, at least one: arrays (S, ...)."""
        with self._lock:
            missing = np.setdiff1d(steps, self._steps)
            if len(missing):
                read = self._history.read(run, missing, self._sight, self._ids, **self._more)
                self._add(missing, read)
            if len(steps) < len(self._steps):  # the caller bounds what is cached of a long text
                indices = np.searchsorted(self._steps, steps)
                self._seen = {name: _joined([of[indices]]) for name, of in self._seen.items()}
                self._steps = steps
            return self._seen

    def _add(self, steps: np.ndarray, seen: Arrays) -> None:
        if len(self._steps):
            order = np.argsort(np.concatenate([self._steps, steps]))
            seen = {name: _joined([self._seen[name], seen[name]], order) for name in seen}
        self._seen = seen
        self._steps = np.union1d(self._steps, steps)


class _Reading(nn.Module):
    """A sight as a module: `functional_call` then puts weights into the model that is seen."""

    def __init__(self, model: BigramLanguageModel, sight: Sight) -> None:
        super().__init__()
        self.model, self.sight = model, sight

    def forward(self, ids: Tensor) -> dict[str, Tensor]:
        # While it is tapped, attention avoids the fused kernel, which vmap cannot batch.
        with tapped(self.model, *(heads.weights for heads in self.model.anatomy.heads)):
            return dict(self.sight(self.model, ids))


@torch.inference_mode()
def _see(
    shape: BigramLanguageModel, weights: Mapping[str, Tensor], sight: Sight, ids: Tensor
) -> Arrays:
    reading = _Reading(shape, sight)

    def one(of_step: Mapping[str, Tensor]) -> dict[str, Tensor]:
        inside = {f"model.{name}": value for name, value in of_step.items()}
        return functional_call(reading, inside, (ids,))

    return {name: freeze(value) for name, value in vmap(one)(dict(weights)).items()}


def _joined(parts: Sequence[np.ndarray], order: np.ndarray | None = None) -> np.ndarray:
    """One read-only array: several threads share it."""
    whole = np.concatenate(parts)
    whole = whole if order is None else whole[order]
    whole.flags.writeable = False
    return whole


def _exact(weights: Tensor) -> Tensor:
    return weights.double() if weights.is_floating_point() else weights


def _bytes(stack: Mapping[str, Tensor]) -> int:
    return sum(value.nbytes for value in stack.values())
