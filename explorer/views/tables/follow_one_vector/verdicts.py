"""What became of one vector, in one sentence each: the titles of its pictures."""

import numpy as np

from explorer.charts.parts.labels import capitalized
from model_core.embeddings.ways import Way


def of_distance(name: str, way: Way, steps: np.ndarray) -> str:
    """How far it came from where it began, and by when most of that."""
    name, far = capitalized(name), way.distance[-1]
    if not np.isfinite(far):
        return f"{name} is no vector of numbers any more at step {steps[-1]:,}"
    if way.far_at is None:
        return f"{name} has not moved by step {steps[-1]:,}"
    when = f"before step {steps[way.far_at]:,}" if way.far_at else "at once"
    return f"{name} has moved {far:.3g} from where it began, most of it {when}"


def of_length(way: Way) -> str:
    """How long the path was beside how far it led."""
    far, long = way.distance[-1], way.length[-1]
    if not (np.isfinite(long) and long > 0):
        return "Path and distance from the start"
    return f"A path of {long:.3g} led {far:.3g} away"


def of_turns(way: Way) -> str:
    """Whether it mostly went straight on, about or to and fro."""
    cosine = way.mean_cosine
    if not np.isfinite(cosine):
        return "No turns: fewer than two moves"
    kind = "keeps" if cosine > 0.5 else "reverses" if cosine < -0.1 else "changes"
    return f"From move to move it mostly {kind} its direction: mean cosine {cosine:.2f}"


def of_stillness(name: str, way: Way, updates: np.ndarray | None, steps: np.ndarray) -> str:
    """Why a row does not learn; "" of one that does.

    `updates` (S,): in how many steps a token's row had a gradient, None where that is not known.
    """
    if updates is not None and updates[-1] == 0:
        why = "only weight decay moves it" if way.length[-1] > 0 else "its row is as drawn at first"
        opening = f"{capitalized(name)} was in no batch by step {steps[-1]:,}"
        return f"{opening}: its row had no gradient; {why}."
    if len(steps) > 1 and way.length[-1] == 0:
        return f"{capitalized(name)} is never updated: its row is as drawn at first."
    return ""
