"""Bounded caches, shared by all visitors: what of a run or a moment is their key."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
import streamlit as st

from explorer.visit.moment import Moment
from model_core.runs import Run

P = ParamSpec("P")
R = TypeVar("R")


def of_run(moment: Moment) -> str:
    return moment.run.identity


def settled(moment: Moment) -> str:
    """A run at one step."""
    return f"{moment.run.identity}:{moment.step}"


def settled_among(moment: Moment) -> str:
    """The same with what is recorded before it."""
    return f"{recorded(moment)}:{moment.step}"


def recorded(moment: Moment) -> str:
    """A run with all its recorded steps: snapshots are added, never changed."""
    return f"{moment.run.identity}:{len(moment.run.steps)}:{moment.run.steps[-1]}"


def shown(moment: Moment) -> str:
    """The same with the steps shown, which may be fewer."""
    return f"{recorded(moment)}:{hash(moment.steps.tobytes())}"


def cached(
    entries: int, by: Callable[[Moment], str] = of_run, *, spinner: bool | str = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the results for the last `entries` different arguments, as the objects they are.

    Of a Moment counts what `by` says, of a Run its identity, of an array every byte: pass none but
    steps. An argument whose name begins with _ does not count.
    """
    keys: dict[str | type, Callable[[Any], Any]]
    keys = {Moment: by, Run: lambda run: run.identity, np.ndarray: np.ndarray.tobytes}
    return st.cache_resource(max_entries=entries, show_spinner=spinner, hash_funcs=keys)
