"""The most alike pairs of tokens, and whether the first is more alike than by chance."""

from collections.abc import Sequence

import numpy as np

from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.labels import fitted, shortened
from explorer.charts.parts.scales import Scale
from explorer.data.similarity import LISTED, Alike
from explorer.panels import AnyPanel, Frame, Words
from explorer.visit.moment import Moment

LABEL = 10  # columns of a token in the list


def panels(
    moment: Moment, labels: Sequence[str], values: np.ndarray, alike: Alike
) -> list[AnyPanel]:
    """Of N labelled tokens with cosines (S, N, N)."""
    texts = [_text(labels, *step) for step in zip(alike.pairs, alike.cosines, strict=True)]
    alt = f"The {LISTED} most alike pairs of tokens at each recorded step, with their cosines."
    found: list[AnyPanel] = [
        Words(Frame("pairs", "The most alike pairs", 5, 24 * (LISTED + 2)), texts, alt=alt)
    ]
    if alike.most is None:
        return found
    one, other, cosine = alike.most
    pair = f"{shortened(labels[one])} and {shortened(labels[other])}"
    than = "more alike than" if cosine > alike.chance else "no more alike than"
    title = f"{pair} are {than} the most alike pair by chance, {alike.chance:.3f}"
    curve = curves_panel(
        moment.steps,
        {"cosine": values[:, one, other]},
        Frame("pair", f"{title}, at step {moment.steps[-1]:,}", 5, 264),
        Scale("cosine", limits=(-1.1, 1.1)),
    )
    chance = Threshold(alike.chance, "by chance, last step", "end", over=False)
    return [*found, with_threshold(curve, chance)]


def _text(labels: Sequence[str], pairs: np.ndarray, cosines: np.ndarray) -> str:
    lines = [
        f"{at + 1:>2}  {fitted(labels[one], LABEL)} {fitted(labels[other], LABEL)}{value:z.3f}"
        for at, ((one, other), value) in enumerate(
            zip(pairs.tolist(), cosines.tolist(), strict=True)
        )
        if one >= 0
    ]
    return "\n".join(lines) or "none is a number"
