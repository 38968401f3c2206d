"""What a part of For engineers draws, and what the parts share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.panels import Panel
from explorer.views.lessons.norms import gain_and_shift
from explorer.visit.moment import Moment
from model_core.anatomy import anatomy_of
from model_core.config import ModelConfig
from model_core.norms import NORMS

SIDES = {"in": "before", "out": "after", "normalized": "normalized"}


@dataclass(frozen=True)
class Part:
    """Panels, a note on what their numbers are of, and named tables of the n-th step drawn.

    `every` makes one table of all steps, where there is one.
    """

    panels: Sequence[Panel]
    note: str
    tables: Callable[[int], Mapping[str, pd.DataFrame]]
    every: Callable[[], pd.DataFrame] | None = None


def norm_sites(moment: Moment) -> tuple[str, ...]:
    return moment.run.anatomy.norms


def stream_sites(moment: Moment) -> tuple[str, ...]:
    """Where the residual stream is read."""
    return ("embedding", *moment.run.anatomy.stream[1:])


def sides_in_words(config: ModelConfig) -> str:
    """On which side of a norm the numbers are read."""
    if not NORMS[config.norm].exists:
        return "There is no norm, so before, normalized and after are the same numbers."
    learned = gain_and_shift(config.norm)
    return (
        f"'Before' is what enters the norm, 'normalized' what it makes of that without {learned}, "
        "'after' what leaves it."
    )


def stream_in_words(config: ModelConfig) -> str:
    """On which side of the norms the residual stream is read."""
    learned = gain_and_shift(config.norm)
    if not NORMS[config.norm].exists:
        return "The residual stream is never normalized."
    if config.norm_position == "post":
        return f"The residual stream is read after each norm and its {learned}."
    return (
        "The residual stream itself is not normalized; only its last site, "
        f"{anatomy_of(config).final_norm}, is after a norm and its {learned}."
    )


def table_of(
    kind: str, names: Sequence[str], values: Mapping[str, np.ndarray], at: int
) -> pd.DataFrame:
    """Series (S, K) at the n-th step: one row a site."""
    return pd.DataFrame({kind: names, **{name: series[at] for name, series in values.items()}})
