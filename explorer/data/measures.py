"""Every row of a table at the settled step, with what is measured of it."""

from typing import Any

import numpy as np
import pandas as pd

from explorer.data.cache import cached, of_run, settled, settled_among
from explorer.data.tables import updates
from explorer.visit.moment import Moment, frequency, labels_of
from model_core.config import Table
from model_core.embeddings.measures import row_measures


@cached(4, settled_among)  # for the move since the step before
def measured(moment: Moment, table: Table) -> pd.DataFrame:
    """One row an id; of tokens also their names, counts and updates, as far as the text is there.

    `count` in the training text, `updates` so far, then `row_measures`.
    """
    run, step = moment.run, moment.step
    tables = (run.table_at(one, table) for one in (step, int(run.steps[0]), before(moment)))
    found = pd.DataFrame(row_measures(*tables))
    if table == "tokens":
        told: dict[str, Any] = {"token": names(moment), "count": frequency(run)}
        try:
            told["updates"] = updates(moment)[moment.at]
        except ValueError:  # its text is gone
            del told["count"]
        for at, (name, values) in enumerate(told.items()):
            found.insert(at, name, values)
    return found


def before(moment: Moment) -> int:
    """The recorded step before the settled one; the first has none but itself."""
    steps = moment.run.steps
    return int(steps[max(int(np.searchsorted(steps, moment.step)) - 1, 0)])


@cached(4, settled)
def table_at(moment: Moment, table: Table, step: int) -> np.ndarray:
    """(N, C) of a whole table at any recorded step."""
    return moment.run.table_at(step, table)


@cached(4, of_run)
def names(moment: Moment) -> tuple[str, ...]:
    """(V,) the labels of all tokens."""
    return labels_of(moment.run, range(moment.run.model_config.vocab_size))
