"""What the shelf says of a run that takes time to find out: its recipe, and its replays."""

import numpy as np

from explorer.data.cache import cached
from model_core.runs import Run
from model_core.runs.status import State
from model_core.training import recipe


def recipe_of(run: Run) -> str:
    """The command that makes a run again; ValueError where none does."""
    return _recipe(run, run.steps, run.status.state)


@cached(16)
def _recipe(run: Run, steps: np.ndarray, state: State) -> str:
    return recipe.recipe(run)


def first_difference(run: Run, other: Run) -> int | None:
    """The first step at which two runs of the same recipe differ; None where they do not."""
    return _difference(run, other, np.intersect1d(run.steps, other.steps))


@cached(32)
def _difference(run: Run, other: Run, steps: np.ndarray) -> int | None:
    return recipe.first_difference(run, other)
