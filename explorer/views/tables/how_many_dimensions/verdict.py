"""Where more dimensions stop paying, in a sentence made of the losses."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from explorer.charts.parts.labels import counted
from model_core.training.widths import enough, paired, spread

CHANCE = 0.05  # of a difference as large without any: below it, one is clear


def verdict(sizes: Sequence[int], losses: np.ndarray) -> str:
    """Of validation losses (K, R) of K ascending sizes from R seeds."""
    told = spread(losses)
    found = enough(told)
    if found is None:
        return "No validation loss is known yet."
    at, best = found
    lowest = f"{told.mean[best]:.3g} nats per token at n_embd = {sizes[best]}"
    if (told.seeds > 0).sum() == 1:
        return f"One size is trained: {lowest}. Train others to see where more stop paying."
    if told.seeds[best] < 2:
        return f"The lowest loss is {lowest}, from one seed: more seeds tell what is chance."
    if at == best == len(sizes) - 1:
        return f"More dimensions still pay at the largest size: {lowest}."
    near = f"{told.mean[at]:.3g} nats, within one standard error ({told.error[best]:.1g})"
    if at == best:
        return f"More than {sizes[at]} dimensions do not pay: the lowest loss is {lowest}."
    return f"More than {sizes[at]} dimensions do not pay: {near} of the lowest, {lowest}."


def one_more(sizes: Sequence[int], losses: np.ndarray) -> str:
    """Whether the last size instead of the one before helps, from seeds that both have; "" without.

    Of neighbouring sizes that differ by one, as five and six do; the first such pair. Clear is what
    a paired t test at CHANCE finds.
    """
    for at, (small, large) in enumerate(zip(sizes, sizes[1:], strict=False)):
        if large == small + 1:
            mean, error, count = paired(losses[at], losses[at + 1])
            if count < 2:
                return ""
            clear = abs(mean) > stdtrit(count - 1, 1 - CHANCE / 2) * error
            what = ("helps" if mean < 0 else "hurts") if clear else "makes no clear difference"
            change = f"{mean:+.3f}".replace("-", "−")
            seeds = counted(count, "seed")
            return f"{large} instead of {small} {what}: {change} ± {error:.3f} over {seeds}."
    return ""
