"""A run whose rows are all equal at first: how many differ later, and which never do."""

import numpy as np

from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from explorer.timeline import Tick
from explorer.visit.moment import Moment, frequency
from model_core.config import Table
from model_core.embeddings.pairs import different_rows


def verdict(moment: Moment, table: Table, vectors: np.ndarray) -> str:
    """What training made of equal rows (S, N, C)."""
    counts, total = different_rows(vectors), vectors.shape[1]
    return (
        f"{table.capitalize()} are not random at first: all {total} rows are equal. "
        f"{counts[-1]} differ at step {moment.steps[-1]:,}"
    )


def ticks(moment: Moment, table: Table, vectors: np.ndarray) -> list[Tick]:
    """A mark at the first recorded step with the largest number of different rows."""
    counts = different_rows(vectors)
    at = int(counts.argmax())
    if counts[at] == 1:
        return []
    return [Tick(int(moment.steps[at]), f"{counts[at]} of {vectors.shape[1]} {table} differ")]


def panel(moment: Moment, table: Table, vectors: np.ndarray) -> Panel:
    """How many different rows there are at each step."""
    counts, total = different_rows(vectors), vectors.shape[1]
    return curves_panel(
        moment.steps,
        {"different rows": counts.astype(np.float32)},
        Frame("different", _kept(moment, table, vectors, counts), 6, 240),
        Scale("different rows", limits=(0, 1.15 * total)),
    )


def _kept(moment: Moment, table: Table, vectors: np.ndarray, counts: np.ndarray) -> str:
    """Which rows remain equal to others at the last step."""
    if counts[-1] == vectors.shape[1]:
        before = np.flatnonzero(counts < vectors.shape[1])
        first = moment.steps[before[-1] + 1 if len(before) else 0]
        return f"Every row is unlike all others from step {first:,} on"
    known = frequency(moment.run)
    never = known[moment.rows] == 0
    if table == "tokens" and known.any() and never.sum() > 1:
        alone = different_rows(vectors[-1:, never])[0] == 1
        how = "still share one row" if alone else "differ, too"
        return f"The {never.sum()} tokens that never occur in the training text {how}"
    return f"{vectors.shape[1] - counts[-1]} rows are still equal to another one"
