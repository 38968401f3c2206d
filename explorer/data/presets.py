"""What is known of a training before it starts: its plan, and a recorded run of its preset."""

from typing import Any, NamedTuple

import numpy as np

from explorer.data.cache import cached
from explorer.data.losses import training_losses
from explorer.visit.runs import RECORDED, run_names, run_path
from model_core.runs import Plan, Run
from model_core.training import recipe
from model_core.training.presets import PRESETS, plan
from model_core.training.recipe import Origin

Changes = tuple[tuple[str, Any], ...]


class Recorded(NamedTuple):
    """A recorded run's name, training loss (S,) in nats per token, and vocabulary's size."""

    name: str
    losses: np.ndarray
    vocab_size: int


@cached(16)
def planned(name: str, changes: Changes = (), own_text: str | None = None) -> Plan:
    """What a run of the preset of this name is made from; ValueError for what does not fit."""
    return plan(name, dict(changes), own_text)


@cached(64)
def origin(run: Run) -> Origin:
    """The preset that a run is made from, and what is changed of it."""
    return recipe.origin(run)


def recorded(name: str) -> Recorded | None:
    """The first run made as this preset says, or shipped under its name; not one that trains."""
    for one in run_names():
        try:
            run = Run.open(run_path(one))
        except ValueError:  # damaged, or deleted meanwhile
            continue
        shipped = run.path == RECORDED / name
        if (shipped or _is_of(run, name)) and not run.status.active and len(run.steps):
            return Recorded(one, training_losses(run), run.model_config.vocab_size)
    return None


def _is_of(run: Run, name: str) -> bool:
    """Whether a run has the preset's own settings, but for how long it is trained."""
    preset = PRESETS[name]
    same = run.corpus == preset.corpus and run.model_config == planned(name).model_config
    return same and run.training_config.learning_rate == preset.training["learning_rate"]
