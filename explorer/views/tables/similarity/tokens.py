"""Tokens: cosines in the order of clusters, and an analogy or the most alike pairs."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.embeddings.similarity import cosines_panel
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.rows import Rows
from explorer.data import similarity
from explorer.data.similarity import SHUFFLES, Alike
from explorer.panels import AnyPanel, Frame
from explorer.views.tables.similarity import analogies, pairs
from explorer.views.tables.similarity.part import Part
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.moment import Moment, labels_of, rows_shown
from explorer.visit.page import plain
from explorer.visit.widgets import one_of
from model_core.embeddings.relations import LEVEL

MOST = 100  # tokens of the heatmap
ORDERS = ("last step", "first step", "ids")
FORMULA = (
    r"\cos(x, y) = \frac{x \cdot y}{\lVert x\rVert \lVert y\rVert}, \qquad "
    r"a - b + c \approx d, \qquad \cos(a - b,\, d - c)"
)
WORDS = (
    "The heatmap's tokens stand in the order of a hierarchical clustering by the mean of "
    "1 − cosine at one step, the same order at all steps. **By chance**: the largest cosine of two "
    f"tokens in {SHUFFLES} tables of the last step in which each channel's numbers are exchanged "
    "among the tokens. **a − b + c**: the tokens whose rows "
    "point most nearly that way, without a, b and c themselves; the rank of d is among the "
    f"same tokens, and no better than chance where more than {LEVEL:.0%} of them would do as "
    "well. **Same step**: the cosine of the step from b to a and of that from c to d; "
    "1 would be a parallelogram."
)


def part(moment: Moment, line: DeltaGenerator) -> Part:
    """With the choices in a line of the page."""
    order = one_of(line.segmented_control, "tables.order", "Clusters of", ORDERS)
    asked = analogies.choose(moment, line)
    if asked is None:
        st.caption(plain(analogies.NONE_ASKED))
    rows = rows_shown(moment.run, MOST, moment.selection + tuple(_some(moment.token)))
    ids = rows[_order(moment, rows, order)]
    values = similarity.cosines(moment, "tokens", tuple(ids.tolist()))
    alike = similarity.alike(moment, tuple(ids.tolist()))
    panels: list[AnyPanel] = [_heatmap(moment, ids, values, order, alike)]
    if asked is None:
        panels += pairs.panels(moment, labels_of(moment.run, ids), values, alike)
    else:
        panels += analogies.panels(moment, asked)

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
        FORMULA,
        WORDS,
        "similarity.cosines, similarity.cluster_order, similarity.most_alike, similarity.analogy",
    )


def _order(moment: Moment, rows: np.ndarray, order: str) -> np.ndarray:
    if order == "ids":
        return np.arange(len(rows))
    at = len(moment.steps) - 1 if order == ORDERS[0] else 0
    return similarity.order(moment, tuple(rows.tolist()), at)


def _heatmap(
    moment: Moment, ids: np.ndarray, values: np.ndarray, order: str, alike: Alike
) -> AnyPanel:
    labels = labels_of(moment.run, ids)
    lit = [at for at, one in enumerate(ids.tolist()) if one in moment.selection]
    chosen = next((at for at, one in enumerate(ids.tolist()) if one == moment.token), None)
    title = "No two tokens can be compared"
    if alike.most is not None:
        one, other, cosine = alike.most
        title = (
            f"Most alike at step {moment.steps[-1]:,}: {shortened(labels[one])} and "
            f"{shortened(labels[other])}, cosine {cosine:.3f}, by chance up to {alike.chance:.3f}"
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


def _some(token: int | None) -> list[int]:
    return [] if token is None else [token]
