"""Random at first?: the numbers of a table beside those that chance makes, at every step."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.randomness import directions_panel
from explorer.charts.parts.arrays import bound
from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.histograms import histogram_panel
from explorer.charts.parts.scales import Scale
from explorer.data import tables
from explorer.data.randomness import Looks, looks
from explorer.panels import AnyPanel, Frame, Panel
from explorer.timeline import Tick
from explorer.views.tables.random_at_first import equal, words
from explorer.visit.clock import clock
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import Moment, left_out, with_ticks
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of
from model_core.config import Table
from model_core.embeddings.randomness import LEVEL, TESTS, initial_shares, marchenko_pastur
from model_core.normalization.distributions import bin_shares

BINS = 80  # of many numbers; of n the double of their root
TABLES: dict[str, Table] = {"Token table": "tokens", "Position table": "positions"}


def draw(moment: Moment, sentence: Sentence) -> None:
    table = TABLES[
        one_of(
            st.segmented_control,
            "tables.random",
            "Of which table",
            tuple(TABLES),
            label_visibility="collapsed",
        )
    ]
    if table == "tokens" and (said := left_out(moment)):
        st.caption(said)
    vectors = (tables.token_embeddings if table == "tokens" else tables.position_embeddings)(moment)
    seen, equal_at_first = looks(moment, table), moment.run.model_config.equal_rows
    panels: list[AnyPanel] = [
        _histogram(moment, table, vectors, seen),
        _directions(moment, vectors, seen),
        _alike(moment, table, seen),
        equal.panel(moment, table, vectors) if equal_at_first else _tests(moment, seen),
    ]
    happened = equal.ticks(moment, table, vectors) if equal_at_first else []
    if seen.since is not None and not equal_at_first:
        happened = [Tick(int(moment.steps[seen.since]), words.tick(table, vectors, seen))]
    moment = with_ticks(moment, happened)
    moment = clock(moment, panels)
    with drawer():
        _table(moment, table, seen)
    _explained(seen.p.size)


def _histogram(moment: Moment, table: Table, vectors: np.ndarray, seen: Looks) -> Panel:
    config, end = moment.run.model_config, bound(vectors)
    std, said = config.embedding_init_std, equal.verdict if config.equal_rows else None
    edges = np.linspace(-end, end, 1 + min(BINS, int(2 * np.sqrt(vectors[0].size))))
    shares = bin_shares(vectors.reshape(len(vectors), -1), edges)
    first = np.broadcast_to(initial_shares(edges, std), shares.shape)
    return histogram_panel(
        {"this table": shares, f"random numbers of standard deviation {std:g}": first},
        edges,
        Frame(
            "numbers",
            said(moment, table, vectors) if said else words.verdict(moment, table, vectors, seen),
            7,
            310,
            notes=words.notes(seen),
        ),
        Scale("a number of the table"),
    )


def _directions(moment: Moment, vectors: np.ndarray, seen: Looks) -> Panel:
    _, rows, channels = vectors.shape
    low = abs(np.sqrt(rows) - np.sqrt(channels)) / (np.sqrt(rows) + np.sqrt(channels))
    return directions_panel(
        seen.values,
        marchenko_pastur(rows, channels),
        low,
        Frame("directions", words.directions(moment, seen), 5, 310),
    )


def _alike(moment: Moment, table: Table, seen: Looks) -> Panel:
    within, between = words.PAIRS[table]
    of_pairs = {within: seen.alike.within, between: seen.alike.between}
    return curves_panel(
        moment.steps,
        of_pairs | {"chance, 99% below": seen.alike.chance},
        Frame("alike", words.alike(moment, table, seen), 6, 240),
        Scale("mean cosine"),
    )


def _tests(moment: Moment, seen: Looks) -> Panel:
    """The p values on a logarithmic scale, with the first of Holm's thresholds."""
    drawn = np.maximum(seen.p, words.SMALLEST)
    panel = curves_panel(
        moment.steps,
        dict(zip(TESTS, drawn.T, strict=True)),
        Frame("tests", "Could chance make this table? Below the line: no", 6, 240),
        Scale("p value", log=True, limits=(-12.5, 0.5)),
    )
    return with_threshold(panel, Threshold(LEVEL / seen.p.size, f"{LEVEL:g} / {seen.p.size} tests"))


def _table(moment: Moment, table: Table, seen: Looks) -> None:
    """All numbers of the pictures, a line a recorded step."""
    frame = pd.DataFrame(
        {
            "step": moment.steps,
            "largest distance": seen.distance,
            **{f"p, {name}": p for name, p in zip(TESTS, seen.p.T, strict=True)},
            "largest direction": seen.values[:, 0],
            "cosine within": seen.alike.within,
            "cosine between": seen.alike.between,
            "within by chance": seen.alike.chance,
        }
    )
    numbers(frame, "Tests", File(moment.run.name, f"random-{table}", None), height=260)


def _explained(tests: int) -> None:
    how_computed(
        r"D = \max_x \lvert F_n(x) - \Phi(x/\sigma) \rvert, \qquad "
        r"\sum x^2/\sigma^2 \sim \chi^2_{NC}, \qquad "
        r"s_k / \mathrm{rms} \in [\,\lvert\sqrt N - \sqrt C\rvert,\ \sqrt N + \sqrt C\,]",
        "Three tests ask whether the table could still be N × C independent numbers from N(0, σ²), "
        "σ from the run's own configuration. **Distribution**: the largest distance D between the "
        "numbers' distribution and the normal one (Kolmogorov, Smirnov). **Size**: the sum of "
        "squares. **Directions**: the largest singular value, after the size is divided out, by "
        "the law of Tracy and Widom; the orange line is the law of Marchenko and Pastur (1967), "
        "the dashed lines its edges. The table **stops looking random** at the first step from "
        f"which on every recorded step fails a test, after Holm's correction for all {tests:,} "
        f"tests: of tables that stay random at most {LEVEL:.0%} get such a mark. "
        f"A p value below {words.SMALLEST:g} is drawn there. "
        "**Chance** for cosines: the same pairs with the rows exchanged 200 times. **All rows "
        "equal at first** is a setting of a new run, on Train under *All settings*: no random "
        "numbers are needed to tell tokens apart, since each row has a gradient of its own; the "
        "first step of Adam keeps only its signs, so a few rows may part later.",
        "randomness.p_values, randomness.not_random_from, randomness.marchenko_pastur, pairs.alike",
    )
