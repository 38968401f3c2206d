"""Follow one vector: every number of one row over training, its way, and who was near it."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.data import tables
from explorer.timeline import Tick
from explorer.views.tables.follow_one_vector import step
from explorer.views.tables.follow_one_vector.choices import Followed, choose
from explorer.views.tables.follow_one_vector.panels import pictures
from explorer.views.tables.follow_one_vector.verdicts import of_stillness
from explorer.visit.clock import clock
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import Moment, left_out, with_ticks
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from model_core.embeddings.ways import Way, way


def draw(moment: Moment, sentence: Sentence) -> None:
    if words := left_out(moment):
        st.caption(words)
    followed = choose(moment)
    found = way(followed.way)
    still = of_stillness(followed.name, found, _updates(moment, followed), moment.steps)
    if still:
        st.info(plain(still))
    if found.far_at:
        label = f"{followed.name}: half of its final distance from the start"
        moment = with_ticks(moment, [Tick(int(moment.steps[found.far_at]), label)])
    moment = clock(moment, pictures(moment, followed, found))
    step.draw(moment, followed)
    with drawer():
        _numbers(moment, followed, found)
    how_computed(
        r"\mathrm{distance}_s = \lVert x_s - x_0 \rVert, \qquad \mathrm{way}_s = \sum_{r \le s} "
        r"\lVert x_r - x_{r-1} \rVert, \qquad \cos\theta_s = "
        r"\frac{(x_s - x_{s-1}) \cdot (x_{s-1} - x_{s-2})}"
        r"{\lVert x_s - x_{s-1} \rVert\,\lVert x_{s-1} - x_{s-2} \rVert}",
        "x is the row at recorded steps, in all channels; θ is the turn between two moves, and a "
        "mean cosine near 1 says that they go on in one direction, near 0 that they do not. Between"
        " two recorded steps the row may have gone a longer way and turned more often: where steps "
        "are recorded densely, way and turns are those of the optimizer's own steps. Neighbours: "
        "the nearest rows of the same table, by cosine and by distance, in all channels. One "
        "step: the gradient is clipped, enters the optimizer's moments, and moves the row.",
        "ways.way, neighbours.neighbours, counts.updates, arithmetic.row_step, replay.Replay",
    )


def _updates(moment: Moment, followed: Followed) -> np.ndarray | None:
    """In how many steps the row had a gradient; None where that cannot be counted."""
    if followed.table == "positions":
        return None
    try:
        return tables.updates(moment)[:, followed.row]
    except ValueError:  # the run's text is gone
        return None


def _numbers(moment: Moment, followed: Followed, found: Way) -> None:
    """The row at every recorded step, with what is measured of its way."""
    channels = {f"channel {n}": values for n, values in enumerate(followed.way.T)}
    measured = {"distance": found.distance, "path": found.length, "turn": found.turn}
    table = pd.DataFrame(
        {"step": moment.steps, "epoch": moment.timeline.epochs, **measured, **channels}
    )
    subject = f"{followed.rows.kind}-{followed.row}"
    numbers(table, "Every step", File(moment.run.name, subject, None), height=300)
