"""What this visitor has chosen, the same on every page; the only session state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from explorer.visit import address, kept
from explorer.visit.address import Chosen
from explorer.visit.state import (
    LESSON,
    PLAY,
    RUN,
    SHARED,
    START,
    TEXT,
    TOKENS,
    Opening,
    Visit,
)

VISIT = "visit"
LOST = "A long text of this address is not kept by this server any more; type it again."


def visit() -> Visit:
    return st.session_state[VISIT]


def begun() -> bool:
    """Whether this visitor has a state yet."""
    return VISIT in st.session_state


def begin(runs: Sequence[str], page: str) -> str:
    """Complete the state before any widget is drawn; returns what had to be changed, in words.

    Streamlit may end a rerun at any access of its state, so each step is marked as done after it,
    not before.
    """
    state = st.session_state
    said = "" if begun() else _arrive()
    here = visit()
    if RUN in here.pending:
        leave_run()
    state.update(here.pending)
    here.pending = {}
    _turn_to(page)
    wanted = state[RUN]
    if wanted in runs:
        return said
    if wanted is not None:
        leave_run()
    state[RUN] = runs[0]
    return said if wanted is None else f"There is no run named {wanted[:40]!r}; this is {runs[0]}."


def _arrive() -> str:
    """A new visitor's state, from the address, where anything malformed is ignored; what of it
    could not be had, in words."""
    state = st.session_state
    named = address.renamed(st.query_params.to_dict())
    found = {name: kept.recalled(value) for name, value in named.items()}
    asked = {name: value for name, value in found.items() if value is not None}
    state[RUN], state[TEXT] = asked.get(RUN), asked.get(TEXT)
    state[TOKENS] = address.ids(asked.pop(TOKENS, ""))
    plays = int(asked.pop(PLAY, "") == "1")
    lesson = address.lesson(asked.pop(LESSON, ""))
    state[VISIT] = Visit(
        address.read(asked),
        asked=asked,
        stories=not st.query_params,
        plays=plays,
        lesson=lesson,
        fresh=lesson is not None and len(named) == 1,
        unknown=address.malformed(asked),
        published=st.query_params.to_dict(),
    )
    return LOST if None in found.values() else ""


def _turn_to(page: str) -> None:
    """Forget what was of the page before."""
    here = visit()
    if page.lower() == here.goal:
        here.goal = None
    if page != here.page:
        if here.page:
            here.unknown = {}
        here.drawn, here.pictures, here.page, here.problem = set(SHARED), {}, page, ""
        here.refused = here.deleting = ""


def run() -> str:
    """The name of the chosen run."""
    return st.session_state[RUN]


def choose_run(name: str, example: str) -> None:
    """Choose another run from the next rerun on; `example` is the present run's sentence.

    It goes with its run; a sentence that somebody typed stays.
    """
    visit().pending |= {RUN: name} | ({TEXT: None} if text() == example else {})


def leave_run() -> None:
    """Forget what was chosen in the run before: step, rows, heads, and widgets that are of it."""
    visit().chosen, visit().problem, visit().unknown, visit().pictures = Chosen(), "", {}, {}
    for name in visit().of_run:
        st.session_state.pop(name, None)


def text() -> str | None:
    """The typed sentence; None while there is none."""
    return st.session_state[TEXT]


def go(page: str, **widgets: Any) -> None:
    """Open another page in the next rerun, its widgets at these values."""
    visit().goal = page
    visit().pending |= widgets


def tell(page: str, parameters: Mapping[str, str], *, plays: bool = True) -> None:
    """Open in the next rerun what an address of a page leads to, and play it."""
    visit().opening = Opening(page, parameters, plays)


def show_stories(open_: bool) -> None:
    """In a callback: open the cards on the Overview, or close them."""
    visit().stories = open_
    if open_:
        visit().goal, visit().lesson = "overview", None


def goal(page: str) -> str | None:
    """The page to open instead of this one, before any widget is drawn.

    It is the goal until it begins: a rerun of this one that the browser asks for meanwhile, as a
    clock does, would else end on this page.
    """
    if not begun():
        return None
    if (opening := visit().opening) is not None:
        _open(opening)
    if visit().goal in (None, page):
        return None
    state = st.session_state
    for name in (RUN, TEXT):  # their widgets are not drawn in this rerun: Streamlit would forget
        state[name] = state[name]
    return visit().goal


def _open(opening: Opening) -> None:
    """Before any widget is drawn: what a visitor who comes by that address is shown."""
    state, here, parameters = st.session_state, visit(), opening.parameters
    leave_run()
    for name in here.defaults:
        state.pop(name, None)
    state[RUN], state[TEXT] = parameters[RUN], parameters.get(TEXT)
    state[TOKENS] = address.ids(parameters.get(TOKENS, ""))
    here.chosen, here.asked, here.pending = address.read(parameters), dict(parameters), {}
    here.goal, here.opening, here.stories = opening.page, None, False
    here.plays += opening.plays


def start() -> int:
    """The first token read of a sentence that is longer than the model reads."""
    asked = address.count(visit().asked.get(START)) or 0
    return st.session_state.get(START, asked)


def tokens() -> tuple[int, ...]:
    """The ids of the selected tokens, ascending."""
    return tuple(sorted(st.session_state.get(TOKENS, ())))


def put_later(name: str, value: Any) -> None:
    """Change the value of a widget from the next rerun on: it may be drawn already."""
    visit().pending[name] = value


def chosen() -> Chosen:
    """What clicks have chosen in this run."""
    return visit().chosen


def choose(**changes: Any) -> None:
    """Change fields of what is chosen."""
    visit().chosen = replace(chosen(), **changes)


def choose_token(token: int) -> None:
    """Choose a token; choosing it again chooses none."""
    choose(token=None if token == chosen().token else token)


def is_new(sentence: tuple[str, tuple[int, ...]]) -> bool:
    """Whether a run's sentence is another one than that of this visitor's last rerun."""
    last, visit().last_read = visit().last_read, sentence
    return last != sentence


def hold(
    name: str,
    default: Any,
    read: Callable[[str], Any],
    fit: Callable[[Any], Any],
    *,
    of_run: bool,
    follow: bool = False,
) -> Any:
    """The value of the widget with this key, kept ready for it to be drawn.

    At first what the address says, as `read` reads it, else the default; always as `fit` makes it
    valid. With `follow`, a value at its default changes with the default.
    """
    state, here = st.session_state, visit()
    if name not in state:
        asked = here.asked.get(name)
        value = fit(default if asked is None else read(asked))
        if asked is not None and value == default and not address.says(asked, default):
            here.unknown[name] = asked
        state[name] = value
        here.asked.pop(name, None)
    wanted = default if follow and state[name] == here.defaults.get(name) else state[name]
    if fit(wanted) != state[name]:  # only then: its widget may be drawn already
        state[name] = fit(wanted)
    here.defaults[name] = default
    here.drawn.add(name)
    if of_run:
        here.of_run.add(name)
    return state[name]


def value(name: str) -> Any:
    """The value of the widget with this key."""
    return st.session_state[name]


def put(name: str, value: Any) -> None:
    """Change the value of a widget: only in a callback, or before it is drawn."""
    st.session_state[name] = value


def is_drawn(key: str) -> bool:
    """Whether Streamlit has a value of the widget with this key."""
    return key in st.session_state
