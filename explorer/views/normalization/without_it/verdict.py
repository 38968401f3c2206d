"""What runs that differ in their norm alone show, in one sentence made of their numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explorer.charts.parts.labels import capitalized
from model_core.norms import NORMS
from model_core.training.variants import VARIANTS

VISIBLE = 0.05  # nats per token between the modes of batch norm


@dataclass(frozen=True)
class Outcome:
    """What became of one variant.

    `losses` (R,) of the training batches and `scales` (S, K) of what enters its norms, in depth
    order; `lost_at` is the first step without a loss; `blocks` of the model; `evaluated` is the
    validation loss at the step shown and `gap` what running averages add to it.
    """

    losses: np.ndarray
    lost_at: int | None
    scales: np.ndarray | None
    blocks: int
    evaluated: float
    gap: float

    @property
    def growth(self) -> float:
        """How many times larger the residual stream leaves the blocks than it enters them.

        At the last step where that is a number; NaN where it never is.
        """
        if self.scales is None:
            return float("nan")
        with np.errstate(all="ignore"):  # of a diverged model
            growth = self.scales[:, -1].astype(np.float64) / self.scales[:, 0]
        known = growth[np.isfinite(growth)]
        return float(known[-1]) if len(known) else float("nan")


def verdict(outcomes: Mapping[str, Outcome], step: int) -> str:
    """The largest difference between them; `step` is the one shown."""
    lost = {name: one for name, one in outcomes.items() if one.lost_at is not None}
    kept = {name: one for name, one in outcomes.items() if name not in lost}
    if lost:
        parts = [
            *(_lost(name, one) for name, one in lost.items()),
            *map(_kept, kept, kept.values()),
        ]
        return f"{capitalized('; '.join(parts))}."
    worst = max(outcomes, key=lambda name: np.nan_to_num(outcomes[name].gap))
    known = {name: one.evaluated for name, one in kept.items() if np.isfinite(one.evaluated)}
    losses = ", ".join(
        f"{known[name]:.3g} {words(name)}" for name in sorted(known, key=known.__getitem__)
    )
    told = f"At step {step:,} the validation loss is {losses}" if known else ""
    if outcomes[worst].gap > VISIBLE:
        return f"{told}: running averages alone add {outcomes[worst].gap:.2g} nats {words(worst)}."
    return f"{told or 'No loss is known'}."


def words(variant: str) -> str:
    """ "without a norm", "with layer norm", "with layer norm after each sum"."""
    norm, position = VARIANTS[variant]
    if not NORMS[norm].exists:
        return "without a norm"
    return f"with {NORMS[norm].title}" + (" after each sum" if position == "post" else "")


def _lost(name: str, one: Outcome) -> str:
    ends = f"the loss is NaN at step {one.lost_at:,}"
    if not np.isfinite(one.growth):
        return f"{words(name)} {ends}"
    grows = f"the stream grows {_times(one.growth)}-fold over {one.blocks} blocks"
    return f"{words(name)} {grows} and {ends}"


def _kept(name: str, one: Outcome) -> str:
    known = one.losses[np.isfinite(one.losses)]
    unit = 10.0 ** (math.floor(math.log10(known.max())) - 1)  # of two digits
    below = math.ceil(known.max() / unit) * unit
    return f"{words(name)} it stays below {below:.2g} and ends at {known[-1]:.3g}"


def _times(growth: float) -> str:
    """Three digits, large numbers in full."""
    if growth < 100:
        return f"{growth:.2g}"
    rounded = round(growth, 2 - math.floor(math.log10(growth)))
    return f"{rounded:,.0f}"
