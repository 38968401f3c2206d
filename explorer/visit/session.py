"""What this visitor has chosen, the same on every page; the only session state."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from explorer.player import Heard
from explorer.visit import address
from explorer.visit.address import Chosen

# Keys of the widgets that every page shares, and their parameters of the address.
RUN, TEXT, TOKENS, START = "run", "text", "tokens", "from"
VISIT = "visit"


@dataclass
class Visit:
    """One visitor's state beside the values of widgets, which Streamlit keeps by their keys.

    `asked`: parameters the visitor came with that no widget has taken yet. `defaults`: of the
    widgets drawn so far; the address leaves them out. `of_run`: keys of widgets whose values are
    forgotten with the run. `pending`: values of widgets from the next rerun on. `last_read`: run
    and ids of the sentence last drawn. `heard`: by clock, what it last reported.
    """

    chosen: Chosen = Chosen()
    asked: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=lambda: {RUN: None, TEXT: None, TOKENS: []})
    of_run: set[str] = field(default_factory=lambda: {TOKENS})
    pending: dict[str, Any] = field(default_factory=dict)
    last_read: tuple[str, tuple[int, ...]] | None = None
    heard: defaultdict[str, Heard] = field(default_factory=lambda: defaultdict(Heard))


def visit() -> Visit:
    return st.session_state[VISIT]


def begin(runs: Sequence[str]) -> str:
    """Complete the state before any widget is drawn; words about what had to be changed.

    A new visitor's comes from the address, where anything malformed is ignored.
    """
    state = st.session_state
    if VISIT not in state:
        asked = address.renamed(st.query_params.to_dict())
        state[VISIT] = Visit(address.read(asked), asked)
        state[RUN], state[TEXT] = asked.get(RUN), asked.get(TEXT)
        state[TOKENS] = address.ids(asked.pop(TOKENS, ""))
    pending, visit().pending = visit().pending, {}
    if RUN in pending:
        leave_run()
    state.update(pending)
    wanted = state[RUN]
    if wanted in runs:
        return ""
    state[RUN] = runs[0]
    leave_run()
    return "" if wanted is None else f"There is no run named {wanted[:40]!r}; this is {runs[0]}."


def publish() -> None:
    """Write into the address what brings another browser to the same view."""
    state = st.session_state
    wanted = {
        name: address.encoded(state[name])
        for name, default in visit().defaults.items()
        if name in state and state[name] != default
    }
    wanted |= address.write(chosen())
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


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
    visit().chosen = Chosen()
    for name in visit().of_run:
        st.session_state.pop(name, None)


def text() -> str | None:
    """The typed sentence; None while there is none."""
    return st.session_state[TEXT]


def retype(text: str) -> None:
    """Put another sentence into the widget, which is drawn already: at once, in a new rerun."""
    visit().pending[TEXT] = text
    st.rerun()


def start() -> int:
    """The first token read of a sentence that is longer than the model reads."""
    asked = address.count(visit().asked.get(START)) or 0
    return st.session_state.get(START, asked)


def tokens() -> tuple[int, ...]:
    """The ids of the selected tokens, ascending."""
    return tuple(sorted(st.session_state.get(TOKENS, ())))


def select(tokens: Sequence[int]) -> None:
    """Select other tokens from the next rerun on: their widget may be drawn already."""
    visit().pending[TOKENS] = list(tokens)


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
        asked = here.asked.pop(name, None)
        state[name] = fit(default if asked is None else read(asked))
    wanted = default if follow and state[name] == here.defaults.get(name) else state[name]
    if fit(wanted) != state[name]:  # only then: its widget may be drawn already
        state[name] = fit(wanted)
    here.defaults[name] = default
    if of_run:
        here.of_run.add(name)
    return state[name]


def value(name: str) -> Any:
    """The value of the widget with this key."""
    return st.session_state[name]


def put(name: str, value: Any) -> None:
    """Change the value of a widget: only in a callback, or before it is drawn."""
    st.session_state[name] = value


# For views whose widgets are not drawn through `widgets` yet.
KEPT: dict[str, Any] = {"persist_state": "session"}
CELL = ("cell sentence", "cell position", "cell channel")


def choose_cell(cell: tuple[int, int, int]) -> None:
    visit().pending |= dict(zip(CELL, cell, strict=True))


def offer(name: str, options: Sequence[str], *, of_run: bool = False) -> str:
    first = options[0]

    def fit(value: str) -> str:
        return value if value in options else first

    hold(name, first, fit, fit, of_run=of_run)
    return name


def number(name: str, default: float, low: float, high: float, *, of_run: bool = False) -> str:
    from explorer.visit import widgets

    widgets.bounded(name, default, (low, high), of_run=of_run)
    return name


def switch(name: str) -> str:
    hold(name, False, lambda text: text == "True", bool, of_run=False)
    return name


def several(name: str, default: Sequence[int], offered: Sequence[int]) -> str:
    kept = set(offered)

    def fit(value: list[int]) -> list[int]:
        return [one for one in value if one in kept]

    hold(name, list(default), address.ids, fit, of_run=True, follow=True)
    return name


def keep_selected(offered: Sequence[int]) -> None:
    several(TOKENS, [], offered)


def edited(name: str, default: str) -> tuple[str, str]:
    state = st.session_state
    hold(name, default, str, str, of_run=False)
    key = f"{name} {state.get(f'{name} rewritten', 0)}"
    if key not in state:
        state[f"{name} before"] = state[name]
    return key, state[f"{name} before"]


def rewrite(name: str, text: str) -> None:
    state = st.session_state
    state[name] = text
    state[f"{name} rewritten"] = state.get(f"{name} rewritten", 0) + 1


choice = value
