"""The model's own code line by line, with what each line assigned while the model read a text."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.taps import tapped

PICTURE = (24, 48)  # rows and columns at most; each is the mean of what it stands for


@dataclass(frozen=True)
class Assigned:
    """What line `at` of a source assigned to `name`, or returned: a tensor or a whole number."""

    at: int
    name: str
    value: Tensor | int


@dataclass(frozen=True)
class Call:
    """One call of a function of `module`, "" for the model: its source, what ran, and with what."""

    module: str
    function: str
    lines: tuple[str, ...]
    ran: set[int] = field(default_factory=set)
    values: list[Assigned] = field(default_factory=list)

    @property
    def skipped(self) -> set[int]:
        """The lines of statements that did not run; a docstring is none."""
        every = {at for at, node in _statements(self.lines) if not isinstance(node, ast.Expr)}
        return every - self.ran

    def statement(self, at: int) -> str:
        """The statement that line `at` begins, in one line; at 0 the head of the function."""
        every = dict(_statements(self.lines))
        span = _span(every[at]) if at in every else range(at, min(every))
        return " ".join(self.lines[n].strip() for n in span)


@torch.no_grad()
def follow(model: BigramLanguageModel, ids: Tensor, layer: int) -> list[Call]:
    """The calls inside the model and one of its blocks while it reads ids (T,), in their order.

    The source is that of the functions themselves. Attention is computed step by step, as whenever
    its weights are looked at. Under `torch.func.vmap` too; no other tracer sees this pass.
    """
    anatomy = model.anatomy
    names = ["", anatomy.final_norm]
    if anatomy.blocks:
        block = anatomy.blocks[layer]
        names += [block.name, *block.norms, block.attention.name, block.feed_forward.name]
    follower = _Follower({id(model.get_submodule(name)): name for name in names})
    before = sys.gettrace()
    with tapped(model, *(heads.weights for heads in anatomy.heads)):
        sys.settrace(follower.enter)
        try:
            model(ids[None])
        finally:
            sys.settrace(before)
    return follower.calls


def read_lines(model: BigramLanguageModel, ids: Tensor, layer: int) -> dict[str, Tensor]:
    """Of the N tensors that `follow` finds, ids left out: "mean" and "std" (N,), and each small.

    The std is that of all numbers of the tensor, divided by their count. "0", "1" … hold a picture
    of each (rows, columns), see `small`; truth values count as 0 and 1.
    """
    found = [value.double() for value in measured(follow(model, ids, layer))]
    pictures = {str(n): small(value) for n, value in enumerate(found)}
    return pictures | {
        "mean": torch.stack([value.mean() for value in found]),
        "std": torch.stack([value.std(correction=0) for value in found]),
    }


def measured(calls: list[Call]) -> list[Tensor]:
    """The tensors that were assigned, in order, without whole numbers such as ids."""
    values = (one.value for call in calls for one in call.values)
    return [value for value in values if is_measured(value)]


def is_measured(value: Tensor | int) -> TypeGuard[Tensor]:
    return isinstance(value, Tensor) and value.dtype != torch.int64


def is_mask(value: Tensor | int) -> bool:
    """Truth values: they say which cells count, whatever the text and the weights."""
    return isinstance(value, Tensor) and value.dtype == torch.bool


def small(value: Tensor) -> Tensor:
    """A tensor of one text as a picture: positions downward, everything else to the right.

    Heads stand side by side. What is larger than PICTURE is averaged.
    """
    if value.dim() > 2:
        value = value[0]
    if value.dim() == 3:  # (H, T, ...)
        value = value.movedim(0, 1)
    flat = value.flatten(1) if value.dim() > 1 else value.reshape(1, -1)
    size = min(flat.shape[0], PICTURE[0]), min(flat.shape[1], PICTURE[1])
    return F.adaptive_avg_pool2d(flat[None], size)[0]


class _Follower:
    """A tracer of functions that the modules' own classes define; `names` by the modules' id."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self.calls: list[Call] = []

    def enter(self, frame: FrameType, _event: str, _arg: object) -> "_Frame | None":
        module, code = frame.f_locals.get("self"), frame.f_code
        own = getattr(vars(type(module)).get(code.co_name), "__code__", None)
        if id(module) not in self._names or own is not code:
            return None
        source, first = inspect.getsourcelines(code)
        lines = textwrap.dedent("".join(source)).splitlines()
        call = Call(self._names[id(module)], code.co_qualname, tuple(lines))
        self.calls.append(call)
        for name in code.co_varnames[1 : code.co_argcount]:
            _note(call, 0, name, frame.f_locals[name])
        return _Frame(call, first)


class _Frame:
    """Follows one call: what a statement assigned is read when the next one begins."""

    def __init__(self, call: Call, first: int) -> None:
        self._call, self._first = call, first
        self._statements = dict(_statements(call.lines))
        self._begun: ast.stmt | None = None

    def __call__(self, frame: FrameType, event: str, arg: object) -> "_Frame":
        if event == "line":
            statement = self._statements.get(frame.f_lineno - self._first)
            if statement is not self._begun:
                self._end(frame)
            self._begun = statement
        elif event == "return":
            if isinstance(self._begun, ast.Return):
                self._call.ran.update(_span(self._begun))
                _note(self._call, self._begun.lineno - 1, "return", arg)
            else:
                self._end(frame)
        return self

    def _end(self, frame: FrameType) -> None:
        if self._begun is None:
            return
        self._call.ran.update(_span(self._begun))
        if isinstance(self._begun, ast.Assign):
            targets = (node for target in self._begun.targets for node in ast.walk(target))
            for name in (node.id for node in targets if isinstance(node, ast.Name)):
                _note(self._call, self._begun.lineno - 1, name, frame.f_locals[name])


def _note(call: Call, at: int, name: str, value: Any) -> None:
    """Add what is a tensor or a whole number; of a tuple each of its tensors."""
    for one in value if isinstance(value, tuple) else [value]:
        if isinstance(one, Tensor):  # a copy: the next line may change it in place
            call.values.append(Assigned(at, name, one.detach().clone()))
        elif type(one) is int:
            call.values.append(Assigned(at, name, one))


def _statements(lines: tuple[str, ...]) -> Iterator[tuple[int, ast.stmt]]:
    """Each line of a function's source that belongs to a statement, and the innermost one."""
    (function,) = ast.parse("\n".join(lines)).body
    for node in ast.walk(function):  # outer ones first
        if isinstance(node, ast.stmt) and node is not function:
            yield from ((line, node) for line in _span(node))


def _span(statement: ast.stmt) -> range:
    """The lines of a statement, of one that holds others its head."""
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return range(statement.lineno - 1, end)
