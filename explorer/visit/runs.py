"""The runs a visitor can choose from, and the chosen one opened."""

import math
from collections.abc import Iterable
from pathlib import Path

from explorer.recorded.recipes import RECIPES, RECORDED
from explorer.visit import session
from model_core.anatomy import shapes_of
from model_core.runs import Run, list_runs, runs_folder
from model_core.runs.files import refusal
from model_core.runs.fit import summary
from model_core.runs.status import read_status

CHANGED = {
    "text.txt": "what is counted and measured on it here is of the new text.",
    "tokenizer.json": "tokens may have other names here than they had in training.",
}


def run_names() -> list[str]:
    """The recorded runs that come with the app, then the visitor's own, newest last."""
    return [*run_paths()]


def run_paths() -> dict[str, Path]:
    """Where the runs of `run_names` are, in that order: the visitor's own before a shipped one."""
    folder = runs_folder()
    shipped = {recipe.name: RECORDED / recipe.name for recipe in RECIPES}
    return shipped | {name: folder / name for name in list_runs(folder)}


def run_path(name: str) -> Path:
    """Where the run of this name is; ValueError without one."""
    if (path := run_paths().get(name)) is None:
        raise ValueError(f"there is no run named {name[:40]!r} any more; choose another")
    return path


def name_of(group: Iterable[Path]) -> str:
    """Under which runs that are compared are offered: the first of their names."""
    return min(path.name for path in group)


def any_active(group: Iterable[Path]) -> bool:
    return any(read_status(path).active for path in group)


def is_own(run: Run) -> bool:
    """Whether it is in the visitor's folder, and no part of the installation."""
    return run.path.parent != RECORDED


def maps_folder(run: Run) -> Path:
    """Where maps of a run are stored: in the run, unless it is part of the installation."""
    return run.path / "projections" if is_own(run) else runs_folder() / ".maps" / run.name


def open_run() -> Run:
    """The chosen run as it stands now; ValueError with the words to show."""
    return Run.open(run_path(session.run()))


def notes(run: Run) -> list[str]:
    """What to know before the pictures: why the run ended, and which steps are not whole."""
    status, sentences = run.status, []
    if status.words and status.state not in ("stopped", "diverged"):
        sentences.append(status.words)
    if run.damaged:
        first = ", ".join(f"{step:,}" for step in run.damaged[:5])
        more = f" and {len(run.damaged) - 5} more" if len(run.damaged) > 5 else ""
        sentences.append(f"Damaged snapshots are left out: step {first}{more}.")
    if run.unfit:
        sentences.append(f"Left out: {summary(run.unfit)}.")
    refusals = (refusal(run.path / name) for name in ("text.txt", "metrics.jsonl"))
    sentences += [f"{why}, and is not read." for why in refusals if why]
    sentences += [
        f"{name} has changed since this run was made: {CHANGED[name]}" for name in run.changed
    ]
    return sentences


def divergence(run: Run) -> str:
    """How a run that diverged ended: below the pictures, since it fits no line above them."""
    return run.status.words if run.status.state == "diverged" else ""


def lost_weights(run: Run) -> str:
    """A sentence where weights are no numbers that a picture can hold, else ""."""
    if not run.lost:
        return ""
    first, most = next(iter(run.lost)), max(run.lost.values())
    all_ = sum(math.prod(shape) for shape in shapes_of(run.model_config).values() if shape)
    return (
        f"From step {first:,}, up to {most:,} of {all_:,} weights are NaN, infinite or above 1e18; "
        "what follows from them is left out of pictures."
    )
