"""Other runs to hold beside this one, and what the same layer of theirs receives."""

import numpy as np

from explorer.data.layer_inputs import AlignedSpread, Input, spread
from explorer.data.others import first_opened
from explorer.data.readers import Ids
from explorer.visit.moment import Moment
from explorer.visit.runs import run_names, run_path
from model_core.norms import NORMS
from model_core.runs import Run


def comparable(moment: Moment, tokens: int, layer: str, channel: int | None) -> list[str]:
    """Names of other runs with such a layer and channel that read the same `tokens` at a time.

    Those come first that differ in nothing but their norm, of these one without any.
    """
    found = {}
    for name in run_names():
        other = first_opened(name) if name != moment.run.name else None
        if other and _reads(other, moment.run, tokens) and _has(other, layer, channel):
            found[name] = _unlike(other, moment.run)
    return sorted(found, key=found.__getitem__)


def held_beside(
    moment: Moment, ids: Ids, name: str, layer: str, channel: int | None = None
) -> AlignedSpread:
    """What a layer of the run `name` receives, at its recorded steps nearest to those shown.

    ValueError or OSError when that run is damaged, gone, or has no step yet.
    """
    run = Run.open(run_path(name))
    if not len(run.steps):
        raise ValueError(f"run {name} has no whole recorded step yet")
    wanted = beside(moment.steps, run.steps)
    steps = run.steps[np.unique(wanted[wanted >= 0])]
    norm, position = run.model_config.norm, run.model_config.norm_position
    kind = NORMS[norm].title + (f", {position}" if NORMS[norm].exists else "")
    return AlignedSpread(
        name,
        f"{name} ({kind}): what its layer receives",
        spread(run, steps, ids, Input(layer, "input", channel)),
        steps,
        np.where(wanted < 0, -1, np.searchsorted(steps, run.steps[wanted])),
    )


def channels(name: str) -> int:
    """`n_embd` of the run `name`; 0 when it cannot be read."""
    run = first_opened(name)
    return run.model_config.n_embd if run else 0


def beside(steps: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    """The index among `recorded` steps (R,) of the one nearest to each of `steps`: (S,).

    -1 where the recording had ended: there is nothing to show. Both ascend.
    """
    above = np.searchsorted(recorded, steps).clip(max=len(recorded) - 1)
    below = (above - 1).clip(min=0)
    nearer = steps - recorded[below] < recorded[above] - steps
    return np.where(steps > recorded[-1], -1, np.where(nearer, below, above))


def _reads(other: Run, run: Run, tokens: int) -> bool:
    same = (other.tokenizer.kind, other.tokenizer.tokens) == (
        run.tokenizer.kind,
        run.tokenizer.tokens,
    )
    return same and other.model_config.block_size >= tokens


def _has(other: Run, layer: str, channel: int | None) -> bool:
    names = [one.name for one in other.anatomy.layers]
    return layer in names and (channel or 0) < other.model_config.n_embd


def _unlike(other: Run, run: Run) -> tuple[bool, ...]:
    """Sorts the most alike first."""
    theirs, ours = other.model_config, run.model_config
    as_ours = theirs.replaced(norm=ours.norm, norm_position=ours.norm_position)
    same = (as_ours, other.training_config, other.corpus) == (ours, run.training_config, run.corpus)
    return (not same, theirs.norm == ours.norm, NORMS[theirs.norm].exists)
