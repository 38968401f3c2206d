"""The variants of a run on one clock: which there are, how they stand, their numbers by step."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from explorer.timeline import Tick, Timeline
from explorer.visit.moment import Moment, nearest
from explorer.visit.runs import RECORDED, any_active, name_of
from model_core.anatomy import anatomy_of
from model_core.norms import NORMS
from model_core.runs import Plan, Run, runs_folder
from model_core.runs.status import read_status
from model_core.training.variants import families, siblings


def family(like: Run | Plan) -> dict[str, Path]:
    """Where the variants are that were made already, shipped ones among them."""
    return siblings((RECORDED, runs_folder()), like)


def offered(run: Run) -> dict[str, dict[str, Path]]:
    """Groups to look at, by the name of one run of each: that of `run`, and those of several."""
    own = family(run)
    others = [
        group
        for group in families((RECORDED, runs_folder()))
        if len(group) > 1 and not {*group.values()} & {*own.values()}
    ]
    return {name_of(group.values()): group for group in (own, *others)}


def shown_first(groups: Mapping[str, Mapping[str, Path]]) -> str:
    """The group of the chosen run, which is the first, where it has others beside it.

    Else one that lacks a norm in one of its runs, else that of the chosen run alone.
    """
    own, *others = groups
    if len(groups[own]) > 1:
        return own
    return next((name for name in others if "none" in groups[name]), own)


def on_one_clock(moment: Moment, runs: Mapping[str, Run], wanted: int | None) -> Moment:
    """The moment at all steps, S of them, that its run or one of `runs` recorded.

    The track shows the loss of its run. While no step is `wanted`, the last one stands at which
    the loss of any is a number, once all have ended that of all: one may have diverged.
    """
    tables = [moment.metrics, *(metrics_of(run) for run in runs.values())]
    epochs, losses = (
        pd.concat([table[name] for table in tables], axis=1).sort_index()
        for name in ("epoch", "train_loss")
    )
    steps = epochs.index.to_numpy()
    if wanted is None:
        numbers = np.isfinite(losses.iloc[:, 1:])  # the first is the chosen run, once more
        ended = not any_active([run.path for run in runs.values()])
        known = steps[numbers.all(axis=1) if ended else numbers.any(axis=1)]
        wanted = int(known[-1]) if len(known) else moment.step
    own = moment.metrics.reindex(steps)
    track = (epochs.max(axis=1).to_numpy(), own["train_loss"].to_numpy())
    return replace(
        moment,
        steps=steps,
        step=nearest(wanted, steps),
        metrics=own,
        timeline=Timeline(steps, *track, _ends(runs)),
        live=moment.live or any_active([run.path for run in runs.values()]),
    )


def metrics_of(run: Run) -> pd.DataFrame:
    """`Run.metrics` indexed by step."""
    return run.metrics().set_index("step")


def lost_at(run: Run) -> int | None:
    """The first recorded step whose loss is NaN or infinite; None where there is none."""
    losses = metrics_of(run)["train_loss"]
    lost = losses.index[~np.isfinite(losses)]
    if len(lost):
        return int(lost[0])
    return int(run.steps[-1]) if run.status.state == "diverged" else None


def spread_out(values: np.ndarray, of_steps: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """What a run recorded at its steps (R, ...), at all `steps` (S,): NaN where it has none."""
    whole = np.full((len(steps), *values.shape[1:]), np.nan, np.float32)
    whole[np.searchsorted(steps, of_steps)] = values
    return whole


def has_two_modes(run: Run) -> bool:
    """Whether the run's norms compute something else in training than in evaluation mode."""
    return NORMS[run.model_config.norm].over_batch


def variant_parts(run: Run) -> tuple[str, ...]:
    """The P parts that some variant of the run has: a model without a norm lacks ln_f."""
    return anatomy_of(run.model_config.replaced(norm="layer")).parts


def gradients(run: Run) -> np.ndarray:
    """The gradient norm of each of `variant_parts`: (R, P), NaN where the model has no such."""
    parts = variant_parts(run)
    own = [parts.index(name) for name in run.anatomy.parts]
    norms = np.full((len(run.steps), len(parts)), np.nan, np.float32)
    norms[:, own] = run.gradient_norms()
    return norms


def standing(paths: Mapping[str, Path], variant: str) -> str:
    """How far a variant is, in words."""
    if variant not in paths:
        return "not trained"
    status = read_status(paths[variant])
    match status.state:
        case "queued":
            return "queued"
        case "finished":
            return f"finished at step {status.step:,}"
        case "diverged" | "stopped" | "failed":
            return f"{status.state} at step {status.step:,}"
    return f"{status.standing}, step {status.step:,} of {status.steps:,}"


def _ends(runs: Mapping[str, Run]) -> list[Tick]:
    return [
        Tick(int(run.steps[-1]), f"the loss of {variant} became NaN or infinite")
        for variant, run in runs.items()
        if run.status.state == "diverged"
    ]
