"""The step clock of a page: what it reports is chosen on every page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

import streamlit as st

from explorer.panels import AnyPanel
from explorer.player.clock import step_clock
from explorer.player.encoding import encode
from explorer.player.offline import offline_page
from explorer.player.reports import Cell, Head, Pair, Part, Pick, Position, Token
from explorer.timeline import Timeline
from explorer.visit import session
from explorer.visit.moment import Moment, nearest
from explorer.visit.published import publish
from explorer.visit.state import CELL, TOKENS
from explorer.visit.widgets import bounded


def clock(
    moment: Moment, panels: Sequence[AnyPanel], *, alone: bool = False, of_step: bool = False
) -> Moment:
    """Draw panels and clock; the moment of the step where the reader settled.

    A click chooses what it means on every page, see `_follow`; a lasso around tokens selects them.
    Panels that are `alone` show the settled step only: the browser draws them and asks at once for
    a rerun that draws all steps. With `of_step` something on the page is of the settled step
    only, so a new one draws the page again.
    """
    drawn = moment.step
    state = step_clock(
        panels,
        moment.timeline,
        step=moment.step,
        heard=session.visit().heard["clock"],
        live=_badge(moment),
        alone=alone,
        plays=session.visit().plays,
        names=(names := (moment.run.name, session.visit().page.lower())),
    )
    if panels and not alone:
        _offer(moment, panels, names)
    if state.step not in (None, moment.step):
        follows = moment.live and state.step == moment.steps[-1]
        session.choose(step=None if follows else state.step)
        moment = replace(moment, step=state.step)
    if state.selection:
        session.put_later(TOKENS, list(state.selection.tokens))
        st.rerun()
    if state.pick:
        _follow(state.pick)
        st.rerun()
    publish()
    if not alone:
        _name(panels)
    if of_step and moment.step != drawn:
        st.rerun()
    return moment


def _offer(moment: Moment, panels: Sequence[AnyPanel], names: Sequence[str]) -> None:
    """These panels and their clock as a file that needs no server; made when it is asked for."""
    question = session.visit().question  # a press runs outside of the visitor's session
    st.download_button(
        "These pictures as one HTML file",
        data=lambda: offline_page(
            encode(panels, moment.timeline),
            names=names,
            step=moment.step,
            question=question,
        ),
        file_name="-".join((*names, f"step-{moment.step}.html")),
        mime="text/html",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        key="offline",
        help="It plays and obeys keys in a browser, without a server or a network.",
    )


def _badge(moment: Moment) -> str:
    """What the clock says of a run that grows, or will; "" of one that does not."""
    standing = moment.run.status.standing
    badge = "LIVE" if standing == "running" else standing.upper()
    return badge if moment.live else ""


def own_step(name: str, timeline: Timeline, at_first: int) -> int:
    """Where a clock over something other than the chosen run stands."""
    ends = (int(timeline.steps[0]), int(timeline.steps[-1]))
    return nearest(bounded(name, at_first, ends), timeline.steps)


def own_clock(
    name: str,
    panels: Sequence[AnyPanel],
    timeline: Timeline,
    *,
    at_first: int | None = None,
    live: bool = False,
) -> int:
    """That clock; the step where the reader settled.

    Session and address hold it under `name`; at first it is `at_first`, else the last step.
    """
    last = int(timeline.steps[-1])
    step = own_step(name, timeline, last if at_first is None else at_first)
    # Streamlit stores the component's value under its key, which must not be `name`.
    key = f"{name}.clock"
    heard = session.visit().heard[key]
    badge = "LIVE" if live else ""
    names = (session.visit().page.lower(),)
    state = step_clock(panels, timeline, step=step, heard=heard, live=badge, names=names, key=key)
    if state.step is not None:
        step = state.step
        session.put(name, step)
    publish()
    _name(panels)
    return step


def _name(panels: Sequence[AnyPanel]) -> None:
    """Tell the form of a lesson, which is drawn before them, which pictures can be outlined.

    Titles stay as they were when these were drawn first: a field with other choices would lose what
    is chosen in it.
    """
    here = session.visit()
    titles = {panel.frame.key: panel.frame.title for panel in panels}
    if here.writing is not None and here.pictures.keys() != titles.keys():
        here.pictures = titles
        st.rerun()


def _follow(pick: Pick) -> None:
    """Choose what was clicked, on every page."""
    match pick:
        case Token(token):
            session.choose_token(token)
        case Head(layer, head):
            session.choose(head=(layer, head))
        case Pair(query, key):
            session.choose(query=query, key=key)
        case Position(position, second=True):
            session.choose(second_query=position)
        case Position(position):
            session.choose(query=position)
        case Part():
            _open(pick)
        case Cell(sentence, position, channel):
            for name, at in zip(CELL, (sentence, position, channel), strict=True):
                session.put_later(name, at)
        case _:
            assert_never(pick)


def _open(part: Part) -> None:
    """Choose what was clicked in the drawn model, and open its page."""
    session.choose(query=part.position)
    if part.head:
        session.choose(head=part.head, key=part.key)
    match part.name:
        case "rows":
            session.choose(token=part.token)
            session.go("tables")
        case "stream":
            session.go("normalization", **{"normalization.lab": "For engineers"})
        case "attention":
            session.go("attention", **{"attention.view": "All heads"})
        case "next":
            session.go("attention", **{"attention.view": "Next token"})
