"""Record the steps around the settled one again, every one, beside those that are there."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.visit.moment import Moment
from explorer.visit.page import plain, say_problem, write_button
from explorer.visit.runs import is_own
from explorer.visit.widgets import number
from model_core.training import jobs
from model_core.training.again import check_span, new_steps

SPAN = 60  # steps at first


def draw(moment: Moment) -> None:
    """Which steps, how many of them are new, and the button; why there is none otherwise."""
    run, last = moment.run, int(moment.steps[-1])
    if not is_own(run):
        st.caption(
            "Steps of a run that comes with the app stay as they are; train one of your own."
        )
        return
    if moment.live:
        st.caption("More steps can be recorded once the training is over.")
        return
    begin = max(min(moment.step, last - SPAN), 0)
    *places, button = st.columns([1, 1, 1, 2], vertical_alignment="bottom")[:3]
    ends = [
        number(
            place.number_input,
            f"tables.follow.{name}",
            f"Record every step {words}",
            at,
            (0, last),
            of_run=True,
            follow=True,
        )
        for place, name, words, at in (
            (places[0], "first", "from", begin),
            (places[1], "last", "to", min(begin + SPAN, last)),
        )
    ]
    try:
        check_span(run, *ends)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if new := len(new_steps(run, *ends)):
        action = partial(_again, first=ends[0], last=ends[1])
        write_button(button.button, f"Record {counted(new, 'step')} more", action, run.path)
        say_problem()
    else:
        st.caption("Every one of them is recorded.")


def _again(path: Path, first: int, last: int) -> None:
    with suppress(ValueError):  # a double click: it is being recorded already
        jobs.again(path, first, last)
