"""What every page does in the same way: its question, the clock, explanations."""

import gc
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from html import escape
from itertools import groupby
from pathlib import Path
from typing import assert_never

import streamlit as st

from explorer.charts.parts.labels import running
from explorer.panels import AnyPanel
from explorer.player.clock import step_clock
from explorer.player.encoding import encode
from explorer.player.offline import offline_page
from explorer.player.reports import Cell, Head, Pair, Part, Pick, Position, Token
from explorer.timeline import Timeline
from explorer.visit import session
from explorer.visit.moment import Moment, nearest
from explorer.visit.published import publish
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import Draw, bounded, one_of
from model_core.labels import token_label
from model_core.runs.storage import tried

WRITTEN_OUT = 400  # tokens of a sentence of which not all are read
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~$:&]")


def say_read(sentence: Sentence, known: int) -> None:
    """Say what a model that knows so many tokens reads, where it is not all that was typed."""
    if not (sentence.typed or sentence.instead):
        return
    labels = running(sentence.labels)
    if not sentence.instead:
        words = f"Struck through: not among the {known:,} tokens that this model knows."
    elif sentence.typed:
        words = f"This model knows none of it, and reads its example: {labels}"
    else:
        words = f"No sentence is typed; this model reads its example: {labels}"
    typed = f"<bdi>{_struck(sentence.typed)}</bdi>"
    st.html(f'<div class="read">{typed} <small>{escape(words)}</small></div>')


def _struck(typed: Sequence[tuple[str, bool]]) -> str:
    """HTML of typed tokens, those struck through that are not read."""
    parts = []
    for read, tokens in groupby(typed[:WRITTEN_OUT], lambda one: one[1]):
        labels = (" " if read and token == " " else token_label(token) for token, _ in tokens)
        text = escape("".join(labels))
        parts.append(text if read else f"<s>{text}</s>")
    return "".join(parts) + ("…" if len(typed) > WRITTEN_OUT else "")


def question(text: str) -> None:
    """The one question a page answers, its first line."""
    session.visit().question = text
    st.title(plain(text), anchor=False)


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
        session.select(state.selection.tokens)
        st.rerun()
    if state.pick:
        _follow(state.pick)
        st.rerun()
    publish()
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
    return step


def choose_question(name: str, asked: Mapping[str, str]) -> str:
    """Which of a page's views is shown, and beside their switch what it asks, by view."""
    with st.container(key="asked", horizontal=True, vertical_alignment="center"):
        view = choose_view(name, tuple(asked))
        question(asked[view])
    return view


def choose_view(name: str, views: Sequence[str]) -> str:
    """Which of a page's questions is asked; the first at first."""
    return one_of(
        st.segmented_control, name, "What to look at", views, label_visibility="collapsed"
    )


def plain(text: str) -> str:
    """Text escaped for Markdown, so that it is displayed unchanged."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def write_button(draw: Draw, label: str, action: Callable[..., None], *arguments: Path) -> None:
    """A button whose action writes to the runs folder; `say_problem` tells where it could not."""
    draw(label, on_click=_attempt, args=(action, *arguments), width="stretch")


def say_problem() -> None:
    """Say, beside such buttons, why the one pressed last did nothing."""
    if problem := session.visit().problem:
        st.error(plain(problem))


def how_computed(formula: str, words: str, function: str) -> None:
    """The formula, what it means, and the function that does it."""
    with st.expander("How is this computed?", icon=":material/function:"):
        st.latex(formula)
        st.markdown(words)
        st.caption(f"Computed by `{function}`.")


@cache
def freeze_once(page: str) -> None:
    """Exempt from garbage collection what a page has made for all visitors.

    Streamlit collects all garbage after each run, which took 55 ms with it and 5 without.
    """
    gc.collect()
    gc.freeze()


def _attempt(action: Callable[..., None], *arguments: Path) -> None:
    session.visit().problem = tried(partial(action, *arguments))


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
            session.choose_cell((sentence, position, channel))
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
