"""What is said of a table that looks random, or no longer does."""

import numpy as np

from explorer.data.randomness import Looks
from explorer.visit.moment import Moment
from model_core.config import Table
from model_core.embeddings.randomness import TESTS

SMALLEST = 1e-12  # p value that is still told apart from smaller ones
# By table: which pairs of rows may be alike, and the others.
PAIRS: dict[Table, tuple[str, str]] = {
    "tokens": ("within a kind", "between kinds"),
    "positions": ("side by side", "further apart"),
}
_ALIKE = {"tokens": "Tokens of one kind", "positions": "Positions side by side"}


def verdict(moment: Moment, table: Table, vectors: np.ndarray, seen: Looks) -> str:
    """Whether and until when the numbers of (S, N, C) look random."""
    name, last = table.capitalize(), int(moment.steps[-1])
    if not np.isfinite(seen.p).all(1).any():
        return f"{name}: no recorded step has numbers that can be tested"
    if seen.since is None:
        return f"{name} look like random numbers at the start and still at step {last:,}"
    step = int(moment.steps[seen.since])
    why = _why(vectors, seen)
    if not seen.since:
        return f"{name} are not random at first: {why}"
    return f"{name} look like random numbers until step {step:,}, then {why}"


def tick(table: Table, vectors: np.ndarray, seen: Looks) -> str:
    """The mark on the clock where they stop looking random, and by which test."""
    return f"{table} stop looking random: {_why(vectors, seen)}"


def notes(seen: Looks) -> list[str]:
    """The test of the distribution at every step."""
    pairs = zip(seen.distance.tolist(), seen.p[:, 0].tolist(), strict=True)
    return ["" if np.isnan(p) else f"D = {d:.3f}, p {_p(p)}" for d, p in pairs]


def _p(p: float) -> str:
    return f"= {p:.2g}" if p >= SMALLEST else f"< {SMALLEST:g}"


def directions(moment: Moment, seen: Looks) -> str:
    """How many directions of the last finite step hold more than chance gives."""
    known = np.flatnonzero(np.isfinite(seen.values).all(1))
    if not len(known):
        return "Directions: no numbers to compare"
    last = seen.values[known[-1]]
    beyond, step = int((last > 1).sum()), int(moment.steps[known[-1]])
    if not beyond:
        return f"No direction is beyond chance at step {step:,}: the largest is {last[0]:.2f} of it"
    verb = "is" if beyond == 1 else "are"
    return f"{beyond} of {len(last)} directions {verb} beyond chance at step {step:,}"


def alike(moment: Moment, table: Table, seen: Looks) -> str:
    """Whether rows that belong together point the same way at the last step that is known."""
    within, between, chance = seen.alike
    known = np.flatnonzero(np.isfinite(within) & np.isfinite(chance))
    if not len(known):
        return f"{_ALIKE[table]}: no two to compare"
    at = known[-1]
    how = "alike" if within[at] > chance[at] else "no more alike than chance"
    rest = f", {between[at]:.2f} {PAIRS[table][1]}" if np.isfinite(between[at]) else ""
    return f"{_ALIKE[table]} are {how} at step {moment.steps[at]:,}: {within[at]:.2f}{rest}"


def _why(vectors: np.ndarray, seen: Looks) -> str:
    """What the strongest test found at the step from which on the table is not random."""
    assert seen.since is not None
    match TESTS[int(seen.p[seen.since].argmin())]:
        case "size":
            last = np.flatnonzero(np.isfinite(seen.p).all(1))[-1]
            first, end = (
                float(np.sqrt((vectors[at].astype(np.float64) ** 2).mean())) for at in (0, last)
            )
            return f"their size changes ({first:.2g} at first, {end:.2g} at last)"
        case "directions":
            return (
                f"one direction stands out ({seen.values[seen.since, 0]:.2f} of what chance gives)"
            )
    return f"they spread differently (D = {seen.distance[seen.since]:.2f})"
