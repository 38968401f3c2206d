"""Analogies of tokens: a − b + c = d, asked by the reader, or one that is better than chance."""

from typing import NamedTuple

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.labels import fitted, shortened
from explorer.charts.parts.scales import Scale
from explorer.data import similarity
from explorer.data.similarity import LISTED
from explorer.panels import AnyPanel, Frame, Words
from explorer.visit.moment import Moment, frequency, left_out
from explorer.visit.widgets import one_of
from model_core.embeddings.relations import LEVEL

WIDTH = 76  # pixels of a token's field: four stand side by side on a phone
LABEL = 12  # columns of a token in that list
SIGNS = {"a": "a", "b": "− b", "c": "+ c", "d": "= d?"}
NO_TOKEN = -1
NONE_ASKED = (
    "No analogy of letters small and large, x − X + Y = y, is better than chance here: "
    "choose a, b, c and d for one of your own."
)


class Asked(NamedTuple):
    """The tokens of an analogy, by their indices among those shown."""

    a: int
    b: int
    c: int
    d: int


def choose(moment: Moment, line: DeltaGenerator) -> Asked | None:
    """With fields in a line of the page; None until all four are chosen."""
    suggested = _suggested(moment)
    ids = [NO_TOKEN, *moment.rows.tolist()]
    names = dict(zip(ids, ("–", *moment.labels), strict=True))
    chosen = [
        one_of(
            line.selectbox,
            f"tables.{name}",
            sign,
            ids,
            default=NO_TOKEN if suggested is None else ids[1 + suggested[at]],
            of_run=True,
            format_func=names.__getitem__,
            width=WIDTH,
        )
        for at, (name, sign) in enumerate(SIGNS.items())
    ]
    return None if NO_TOKEN in chosen else Asked(*(ids.index(token) - 1 for token in chosen))


def panels(moment: Moment, asked: Asked) -> list[AnyPanel]:
    found = similarity.analogy(moment, asked)
    a, b, c, d = (shortened(moment.labels[at]) for at in asked)
    others = _others(moment, asked)
    rank, step = found.rank[-1], int(moment.steps[-1])
    verdict = "cannot be ranked" if np.isnan(rank) else f"is number {rank:.0f} of {others}"
    if rank > LEVEL * others:
        verdict += ", no better than chance,"
    texts = [
        "\n".join([*_lines(moment, ids, near), _ranked(d, rank, others)])
        for ids, near, rank in zip(found.ids, found.cosines, found.rank, strict=True)
    ]
    title = f"{a} − {b} + {c}: {d} {verdict} at step {step:,}"
    if said := left_out(moment):
        title += f". {said}"
    return [
        Words(
            Frame("analogy", title, 5, 24 * (LISTED + 3)),
            texts,
            alt=f"{title}. The {LISTED} nearest tokens at each recorded step.",
        ),
        curves_panel(
            moment.steps,
            {"same step": found.parallel},
            Frame("parallel", f"Is the step from {b} to {a} that from {c} to {d}?", 5, 240),
            Scale("cosine", limits=(-1.1, 1.1)),
        ),
    ]


def _suggested(moment: Moment) -> Asked | None:
    """The one of the two letters that occur most, small and large, if it is better than chance.

    No other is tried: of many analogies some are good by chance.
    """
    at = {token: one for one, token in enumerate(moment.tokens)}
    often = frequency(moment.run)[moment.rows]
    both = [token for token in at if token.islower() and token.upper() in at and len(token) == 1]
    both.sort(key=lambda token: -min(often[at[token]], often[at[token.upper()]]))
    if len(both) < 2:
        return None
    x, y = both[:2]
    asked = Asked(at[x], at[x.upper()], at[y.upper()], at[y])
    rank = similarity.analogy(moment, asked).rank[-1]
    return asked if rank <= LEVEL * _others(moment, asked) else None


def _others(moment: Moment, asked: Asked) -> int:
    """How many tokens are ranked: all but a, b and c."""
    return len(moment.rows) - len(set(asked[:3]))


def _lines(moment: Moment, ids: np.ndarray, near: np.ndarray) -> list[str]:
    return [
        f"{at + 1:>2}  {fitted(moment.labels[one], LABEL)}{value:z.3f}"
        for at, (one, value) in enumerate(zip(ids.tolist(), near.tolist(), strict=True))
        if one >= 0
    ]


def _ranked(label: str, rank: float, others: int) -> str:
    return "" if np.isnan(rank) else f"\n{label} is number {rank:.0f} of {others}"
