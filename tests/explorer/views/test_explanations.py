""" "How is this computed?" names functions that are there."""

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path

import pytest

import explorer.views
import model_core

VIEWS = Path(explorer.views.__file__).parent


@cache
def functions() -> set[str]:
    """What can be called of the model, by its module and by each folder that offers it."""
    found = set()
    for info in pkgutil.walk_packages(model_core.__path__, "model_core."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", vars(module)):
            one = getattr(module, name)
            if callable(one) and (info.ispkg or one.__module__ == info.name):
                found.add(f"{info.name}.{name}")
                methods = vars(one) if inspect.isclass(one) else {}
                found |= {f"{info.name}.{name}.{method}" for method in methods}
    return found


SAID = {"how_computed": 2, "Part": 4}  # which argument says it, by what is called


@cache
def named() -> dict[str, str]:
    """The file of a view, and what it says computes its numbers."""
    found = {}
    for path in sorted(VIEWS.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            at = SAID.get(ast.unparse(call.func), len(call.args))
            if at < len(call.args) and ast.unparse(call.args[at]) != "part.function":
                found[str(path.relative_to(VIEWS))] = ast.literal_eval(call.args[at])
    return found


@pytest.mark.parametrize("view", named())
def test_a_view_names_functions_that_are_there(view: str) -> None:
    known = functions()
    names = named()[view].split(", ")
    assert not [name for name in names if not any(one.endswith(f".{name}") for one in known)]
