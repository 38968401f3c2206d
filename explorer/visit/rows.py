"""The rows of both embedding tables, with those the visitor has chosen."""

from explorer.charts.parts.rows import Rows
from explorer.visit import session
from explorer.visit.moment import Moment


def token_rows(moment: Moment) -> Rows:
    return Rows(moment.labels, "token", moment.picks, moment.chosen, moment.selected)


def position_rows(moment: Moment) -> Rows:
    """All positions; the chosen one is the query."""
    count, query = moment.run.model_config.block_size, session.chosen().query
    chosen = query if query is not None and query < count else None
    return Rows([str(row) for row in range(count)], "position", chosen=chosen)
