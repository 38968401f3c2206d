"""What the shelf says of runs, read again only where it has changed: lines, recipe, replays."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from explorer.data.cache import cached
from explorer.data.others import Stamp, stamps
from model_core.runs import Run, shelf
from model_core.runs.metrics import read_metrics
from model_core.runs.status import State, Status, read_status
from model_core.training import recipe


class Line(NamedTuple):
    """Of a run: how it stands, its last validation loss in nats per token, its note."""

    status: Status
    loss: float | None
    note: str


def line(path: Path) -> Line:
    """As its files say now; how one stands that trains depends on the time, too."""
    found = _line(path, stamps(path, "status.json", "metrics.jsonl", "note.txt"))
    return found._replace(status=read_status(path)) if found.status.active else found


@cached(1024)
def _line(path: Path, state: tuple[Stamp | None, ...]) -> Line:
    losses = [row.get("val_loss") for row in read_metrics(path)]
    known = [loss for loss in losses if isinstance(loss, float)]
    return Line(read_status(path), known[-1] if known else None, shelf.read_note(path))


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
