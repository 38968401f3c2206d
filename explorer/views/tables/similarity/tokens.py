"""Tokens: cosines in the order of clusters, and analogies."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.embeddings.similarity import cosines_panel
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.labels import fitted, shortened
from explorer.charts.parts.rows import Rows
from explorer.charts.parts.scales import Scale
from explorer.data import similarity, tables
from explorer.panels import AnyPanel, Frame, Words
from explorer.views.tables.similarity.part import Part
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.moment import Moment, frequency, labels_of, left_out, rows_shown
from explorer.visit.widgets import one_of
from model_core.embeddings.relations import LEVEL
from model_core.embeddings.similarity import Analogy, analogy

MOST = 100  # tokens of the heatmap
NEAREST = 8  # tokens listed for an analogy
WIDTH = 76  # pixels of a token's field: four stand side by side on a phone
LABEL = 12  # columns of a token in that list
ORDERS = ("last step", "first step", "ids")
SIGNS = {"a": "a", "b": "− b", "c": "+ c", "d": "= d?"}


def part(moment: Moment, line: DeltaGenerator) -> Part:
    """With the choices in a line of the page."""
    order, asked = _choices(moment, line)
    rows = rows_shown(moment.run, MOST, moment.selection + tuple(_some(moment.token)))
    ids = rows[_order(moment, rows, order)]
    values = similarity.cosines(moment, "tokens", tuple(ids.tolist()))
    found = _found(moment, asked)
    panels: list[AnyPanel] = [
        _heatmap(moment, ids, values, order),
        *_analogy(moment, asked, found),
    ]

    def told(settled: Moment) -> None:
        with drawer():
            at = pd.DataFrame(
                {
                    "one": np.repeat(labels_of(moment.run, ids), len(ids)),
                    "other": np.tile(labels_of(moment.run, ids), len(ids)),
                    "cosine": values[settled.at].ravel(),
                }
            )
            st.markdown(f"**Cosines at step {settled.step:,}**")
            numbers(at, "Cosines", file_of(settled, "cosines"), height=260)

    return Part(
        panels,
        told,
        r"\cos(x, y) = \frac{x \cdot y}{\lVert x\rVert \lVert y\rVert}, \qquad "
        r"a - b + c \approx d, \qquad \cos(a - b,\, d - c)",
        "The heatmap's tokens stand in the order of a hierarchical clustering by the mean of "
        "1 − cosine at one step, the same order at all steps. **a − b + c**: the tokens whose rows "
        "point most nearly that way, without a, b and c themselves; the rank of d is among the "
        f"same tokens, and no better than chance where more than {LEVEL:.0%} of them would do as "
        "well. **Same step**: the cosine of the step from b to a and of that from c to d; "
        "1 would be a parallelogram.",
        "similarity.cosines, similarity.cluster_order, similarity.analogy",
    )


def _choices(moment: Moment, line: DeltaGenerator) -> tuple[str, dict[str, int]]:
    """The order of the heatmap, and a, b, c and d as indices among the rows shown."""
    order = one_of(line.segmented_control, "tables.order", "Clusters of", ORDERS)
    suggested = dict(zip(SIGNS, _suggested(moment), strict=True))
    ids = moment.rows.tolist()
    names = dict(zip(ids, moment.labels, strict=True))
    asked = {
        name: one_of(
            line.selectbox,
            f"tables.{name}",
            SIGNS[name],
            ids,
            default=suggested[name],
            of_run=True,
            format_func=names.__getitem__,
            width=WIDTH,
        )
        for name in SIGNS
    }
    return order, {name: ids.index(token) for name, token in asked.items()}


def _suggested(moment: Moment) -> list[int]:
    """Two letters that occur small and large, the most frequent: x - X + Y = y; else any four."""
    at = {token: one for one, token in zip(moment.rows.tolist(), moment.tokens, strict=True)}
    often = frequency(moment.run)
    both = [token for token in at if token.islower() and token.upper() in at and len(token) == 1]
    both.sort(key=lambda token: -min(often[at[token]], often[at[token.upper()]]))
    if len(both) > 1:
        x, y = both[:2]
        return [at[x], at[x.upper()], at[y.upper()], at[y]]
    return [int(one) for one in np.resize(moment.rows, 4)]


def _order(moment: Moment, rows: np.ndarray, order: str) -> np.ndarray:
    if order == "ids":
        return np.arange(len(rows))
    at = len(moment.steps) - 1 if order == ORDERS[0] else 0
    return similarity.order(moment, tuple(rows.tolist()), at)


def _found(moment: Moment, asked: dict[str, int]) -> Analogy:
    rows = (asked["a"], asked["b"], asked["c"], asked["d"])
    return analogy(tables.token_embeddings(moment), rows, NEAREST)


def _heatmap(moment: Moment, ids: np.ndarray, values: np.ndarray, order: str) -> AnyPanel:
    labels = labels_of(moment.run, ids)
    lit = [at for at, one in enumerate(ids.tolist()) if one in moment.selection]
    chosen = next((at for at, one in enumerate(ids.tolist()) if one == moment.token), None)
    last = values[-1].copy()
    np.fill_diagonal(last, -np.inf)
    title = "No two tokens can be compared"
    if np.isfinite(last).any():
        one, other = np.unravel_index(np.nanargmax(last), last.shape)
        title = (
            f"Most alike at step {moment.steps[-1]:,}: {shortened(labels[one])} and "
            f"{shortened(labels[other])}, cosine {last[one, other]:.2f}"
        )
    total = moment.run.model_config.vocab_size
    if len(ids) < total:
        title += f" (the {len(ids)} most frequent of {total:,})"
    where = "" if order == "ids" else "; in clusters of the " + order
    return cosines_panel(
        values,
        Rows(labels, "token", ids.tolist(), chosen, lit),
        Frame("cosines", title + where, 7, 560, rows=2),
    )


def _analogy(moment: Moment, asked: dict[str, int], found: Analogy) -> list[AnyPanel]:
    a, b, c, d = (shortened(moment.labels[at]) for at in asked.values())
    others = len(moment.rows) - len({asked[name] for name in "abc"})
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
            Frame("analogy", title, 5, 24 * (NEAREST + 3)),
            texts,
            alt=f"{title}. The {NEAREST} nearest tokens at each recorded step.",
        ),
        curves_panel(
            moment.steps,
            {"same step": found.parallel},
            Frame("parallel", f"Is the step from {b} to {a} that from {c} to {d}?", 5, 240),
            Scale("cosine", limits=(-1.1, 1.1)),
        ),
    ]


def _lines(moment: Moment, ids: np.ndarray, near: np.ndarray) -> list[str]:
    return [
        f"{at + 1:>2}  {fitted(moment.labels[one], LABEL)}{value:z.3f}"
        for at, (one, value) in enumerate(zip(ids.tolist(), near.tolist(), strict=True))
        if one >= 0
    ]


def _ranked(label: str, rank: float, others: int) -> str:
    return "" if np.isnan(rank) else f"\n{label} is number {rank:.0f} of {others}"


def _some(token: int | None) -> list[int]:
    return [] if token is None else [token]
