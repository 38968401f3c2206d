"""The script of every visitor: page configuration, what all pages share, navigation."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from explorer.style import style, styles
from explorer.views import stories
from explorer.views.attention import page as attention
from explorer.views.compare import page as compare
from explorer.views.drift import page as drift
from explorer.views.lessons import band
from explorer.views.lessons import page as lessons
from explorer.views.normalization import page as normalization
from explorer.views.overview import page as overview
from explorer.views.tables import page as tables
from explorer.views.train import page as train
from explorer.views.train.form import around
from explorer.views.train.standing import steer
from explorer.visit import runs, session
from explorer.visit.header import header
from explorer.visit.moment import Moment, fallen_back, moment_of
from explorer.visit.page import freeze_once, plain, say_read
from explorer.visit.published import publish
from explorer.visit.queue import state_beside
from explorer.visit.sentence import Sentence
from explorer.visit.sentence import sentence as sentence_of
from explorer.visit.state import START
from explorer.visit.widgets import number
from model_core.runs import Run
from model_core.runs.status import State

# Seconds between two looks at a run that grows; the first step is awaited more eagerly.
LIVE_EVERY = {"queued": 0.25, "running": 1.0, "paused": 1.0}
ICON = Path(__file__).parent / "icon.svg"
View = Callable[[Moment, Sentence], None]


def show(
    view: View,
    place: Callable[[Run], AbstractContextManager[Any]] = lambda _: nullcontext(),
    first: Callable[[Run], None] = lambda _: None,
    standing: Callable[[Run], State] = lambda run: run.status.state,
) -> None:
    """A page about a run: in its `place`, `first` and the view, redrawn while live."""
    shown = runs.open_run()
    state = standing(shown)

    @st.fragment(run_every=LIVE_EVERY.get(state))
    def body() -> None:
        run = None
        try:
            run = runs.open_run()
            first(run)
            _draw(view, run)
        except (ValueError, OSError):
            if session.run() in runs.run_names() and not _has_changed(run):
                raise
            st.rerun()  # deleted or damaged meanwhile: what is left of it is drawn
        if standing(run) != state:
            st.rerun()

    with place(shown):
        body()


def _has_changed(run: Run | None) -> bool:
    """Whether a run has other whole snapshots now than when it was opened."""
    return run is not None and not np.array_equal(run.steps, runs.open_run().steps)


def _draw(view: View, run: Run) -> None:
    for note in runs.notes(run):
        st.warning(plain(note))
    _look(view, run)
    if end := runs.divergence(run):
        st.warning(plain(end))
    if lost := runs.lost_weights(run):
        st.caption(plain(lost))


def _look(view: View, run: Run) -> None:
    try:
        moment = moment_of(run)
    except ValueError as error:
        st.info(plain(str(error)))
        publish()  # the address is of this run already
        return
    sentence = sentence_of(moment.run, session.text() or "", session.start())
    say_read(sentence, moment.run.model_config.vocab_size)
    if sentence.count > len(sentence.ids):
        _choose_window(sentence)
    place = st.empty()
    view(moment, sentence)
    if said := fallen_back(moment):  # after the view: its widgets read the address
        place.caption(plain(said))


def _choose_window(sentence: Sentence) -> None:
    """Which part of a sentence that is longer than a block the model reads."""
    last, size = sentence.count - len(sentence.ids), len(sentence.ids)
    words, slider = st.columns([2, 3], vertical_alignment="center")
    words.caption(
        f"The sentence has {sentence.count:,} tokens, the model reads {size} at a time: "
        f"showing tokens {sentence.start:,} to {sentence.start + size - 1:,}."
    )
    number(
        slider.slider,
        START,
        "First token read",
        0,
        (0, last),
        of_run=True,
        label_visibility="collapsed",
    )


# Before the pages, whose icons Streamlit would fetch from the network for the tab.
st.set_page_config(
    page_icon=str(ICON),
    layout="wide",
    menu_items={"About": "Driftscope: watch a small language model learn."},
)
PAGES: tuple[tuple[str, Callable[[], None], str], ...] = (
    ("Overview", partial(show, overview.draw, stories.over), ":material/dashboard:"),
    ("Train", partial(show, train.draw, around, steer), ":material/model_training:"),
    ("Tables", partial(show, tables.draw, standing=tables.state), ":material/table_chart:"),
    ("Drift", partial(show, drift.draw), ":material/scatter_plot:"),
    ("Attention", partial(show, attention.draw), ":material/grid_on:"),
    (
        "Normalization",
        partial(show, normalization.draw, standing=normalization.state),
        ":material/equalizer:",
    ),
    ("Compare", partial(show, compare.draw, standing=state_beside), ":material/compare:"),
    ("Lessons", lessons.draw, ":material/school:"),
)
pages = [
    st.Page(page, title=title, icon=icon, url_path=title.lower()) for title, page, icon in PAGES
]
page = st.navigation(pages, position="hidden")
band.turn()
if goal := session.goal(page.title.lower()):
    st.switch_page(next(one for one in pages if one.title.lower() == goal))
st.set_page_config(f"{page.title} · Driftscope")
st.html(styles())
if st.context.is_embedded:  # pictures and clock only
    st.html(style("embedded"))
header(pages, page.title)
if band.turn():  # the address of a new visitor says only that
    st.rerun()
band.draw(page.title.lower())
page.run()
freeze_once(page.title)
