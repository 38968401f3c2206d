"""How far to trust a map, in words, and how that is computed."""

import numpy as np

from explorer.visit.page import how_computed
from model_core.projections import Chance, verdict

BY_CHANCE = (
    "**Trustworthiness**: are the nearest on the map also near in the table? 1 is yes. **Chance**: "
    "what the same method reaches for the same rows after each channel's numbers are exchanged "
    "among them, which leaves nothing that joins channels; mean and standard deviation over a few "
    "exchanges. A map within 2 standard deviations of that is *no better than chance*; else the "
    "share (trust − chance) / (1 − chance) is *poor* up to a third, *fair* up to two thirds, then "
    "*good*. From 0.99 on a map is good in any case."
)


def explain_trust() -> None:
    """The formula of trustworthiness, and what its number is compared with."""
    how_computed(
        r"T = 1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j \in U_i} (r_{ij} - k)",
        BY_CHANCE
        + " U: rows among the k = 10 nearest of row i on the map but not in the table; r: "
        "the rank of j among the neighbours of i in the table (Venna and Kaski 2001).",
        "projections.trust, projections.chance, projections.verdict",
    )


def trust_words(trust: np.ndarray, chance: Chance | None, steps: np.ndarray) -> list[str]:
    """Trustworthiness (S,) at recorded steps (S,) beside that of chance, and what it means; the
    number alone where chance is not known yet, "" where there is none."""
    means = np.full(len(steps), np.nan) if chance is None else chance.at(steps)
    spread = 0.0 if chance is None else chance.spread
    return [_words(*pair, spread) for pair in zip(trust.tolist(), means.tolist(), strict=True)]


def _words(trust: float, mean: float, spread: float) -> str:
    if np.isnan(trust):
        return ""
    if np.isnan(mean):
        return f"trust {trust:.2f}"
    return f"trust {trust:.2f}, chance {mean:.2f} ± {spread:.2f}: {verdict(trust, mean, spread)}"
