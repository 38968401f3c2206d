"""What this visitor has chosen, the same on every page; the only session state."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import streamlit as st

from explorer.player.clock import Heard
from explorer.visit import address, kept
from explorer.visit.address import Chosen

# Keys of the widgets that every page shares, and their parameters of the address.
RUN, TEXT, TOKENS, START = "run", "text", "tokens", "from"
PLAY = "play"  # in an address: 1 plays from its step on
LESSON = "lesson"  # in an address: "<name>.<slide>", from 1
CELL = tuple(f"normalization.pool.{axis}" for axis in ("sentence", "position", "channel"))
SHARED = (RUN, TEXT, TOKENS)  # in the address of every page
VISIT = "visit"
LOST = "A long text of this address is not kept by this server any more; type it again."


@dataclass(frozen=True)
class Opening:
    """A page, and parameters of an address that leads to what it is to show, of which run."""

    page: str
    parameters: Mapping[str, str]
    plays: bool


@dataclass
class Visit:
    """One visitor's state beside the values of widgets, which Streamlit keeps by their keys.

    `asked`: parameters the visitor came with that no widget has taken yet. `defaults`: of the
    widgets drawn so far; the address leaves them out, and has only widgets `drawn` on this `page`.
    `of_run`: keys of widgets whose values are forgotten with the run. `pending`: values of widgets
    from the next rerun on, `goal`: the page to open then, `opening`: what to show there instead of
    all that is chosen. `lesson`: name and slide, from 1, of the lesson that is on; `fresh`: its
    view is still to be opened; `writing`: the title it has while it is written. `predicted`: what
    was said to each slide's question. `files`: lessons whose file was asked for. `unknown`:
    parameters of the address that mean nothing here, by name. `last_read`: run and ids of the
    sentence last drawn. `heard`: by clock, what it last reported. `stories`: whether their cards
    are open, `plays`: how many clocks were asked to play. `editing`: by editor, the text whose
    edits it holds; `rewritten`: how often that was replaced. `published`: the address as it was
    sent last. `trainings`: how many were started, counted under the `lock`, since a double click
    runs the script twice at once.
    `problem`: why what was pressed last on this page could not be written. `question`: what the
    page asks. `like`: the run that the form of a new one is filled from. Of the shelf: why the last
    wish was `refused`, which run is asked about before `deleting` it, how many `uploads` became
    runs or lessons.
    """

    chosen: Chosen = Chosen()
    page: str = ""
    drawn: set[str] = field(default_factory=lambda: set(SHARED))
    asked: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=lambda: {RUN: None, TEXT: None, TOKENS: []})
    of_run: set[str] = field(default_factory=lambda: {TOKENS})
    pending: dict[str, Any] = field(default_factory=dict)
    goal: str | None = None
    opening: Opening | None = None
    lesson: tuple[str, int] | None = None
    fresh: bool = False
    writing: str | None = None
    predicted: dict[tuple[str, int], str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)
    last_read: tuple[str, tuple[int, ...]] | None = None
    heard: defaultdict[str, Heard] = field(default_factory=lambda: defaultdict(Heard))
    stories: bool = False
    plays: int = 0
    editing: dict[str, str] = field(default_factory=dict)
    rewritten: Counter[str] = field(default_factory=Counter)
    published: dict[str, str] = field(default_factory=dict)
    trainings: int = 0
    problem: str = ""
    question: str = ""
    like: str = ""
    refused: str = ""
    deleting: str = ""
    uploads: int = 0
    lock: Lock = field(default_factory=Lock, compare=False)


def visit() -> Visit:
    return st.session_state[VISIT]


def begun() -> bool:
    """Whether this visitor has a state yet."""
    return VISIT in st.session_state


def begin(runs: Sequence[str], page: str) -> str:
    """Complete the state before any widget is drawn; returns what had to be changed, in words.

    A new visitor's comes from the address, where anything malformed is ignored. Streamlit may end
    a rerun at any access of its state, so each step is marked as done after it, not before.
    """
    state, lost = st.session_state, False
    if VISIT not in state:
        named = address.renamed(st.query_params.to_dict())
        found = {name: kept.recalled(value) for name, value in named.items()}
        asked = {name: value for name, value in found.items() if value is not None}
        lost = None in found.values()
        state[RUN], state[TEXT] = asked.get(RUN), asked.get(TEXT)
        state[TOKENS] = address.ids(asked.pop(TOKENS, ""))
        first, plays = not st.query_params, int(asked.pop(PLAY, "") == "1")
        lesson = address.lesson(asked.pop(LESSON, ""))
        state[VISIT] = Visit(
            address.read(asked),
            asked=asked,
            stories=first,
            plays=plays,
            lesson=lesson,
            fresh=lesson is not None and len(named) == 1,
            unknown=address.malformed(asked),
            published=st.query_params.to_dict(),
        )
    here = visit()
    if RUN in here.pending:
        leave_run()
    state.update(here.pending)
    here.pending = {}
    if page.lower() == here.goal:
        here.goal = None
    if page != here.page:
        if here.page:
            here.unknown = {}
        here.drawn, here.page, here.problem = set(SHARED), page, ""
        here.refused = here.deleting = ""
    wanted, said = state[RUN], LOST if lost else ""
    if wanted in runs:
        return said
    if wanted is not None:
        leave_run()
    state[RUN] = runs[0]
    return said if wanted is None else f"There is no run named {wanted[:40]!r}; this is {runs[0]}."


def publish() -> None:
    """Write into the address what brings another browser to the same view of this page.

    A browser asks for a rerun with the address that it has. That may equal what is wanted, and be
    older than what was sent last, which then still arrives.
    """
    state, here = st.session_state, visit()
    wanted = {
        name: address.encoded(state[name])
        for name, default in here.defaults.items()
        if name in here.drawn and name in state and state[name] != default
    }
    short = {name: kept.shortened(value) for name, value in wanted.items()}
    wanted = {name: value for name, value in short.items() if value is not None}
    wanted |= address.write(chosen())
    if here.lesson and here.lesson[0]:
        wanted[LESSON] = "{}.{}".format(*here.lesson)
    if not st.query_params.to_dict() == wanted == here.published:
        st.query_params.from_dict(wanted)
        here.published = wanted


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
    visit().chosen, visit().problem, visit().unknown = Chosen(), "", {}
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


def teach(name: str, slide: int) -> None:
    """Open a slide of a lesson in the next rerun, the first is 1."""
    visit().lesson, visit().fresh = (name, slide), True


def begin_lesson(title: str) -> None:
    """Write a lesson that has no slide yet, and no name before it has one."""
    visit().lesson, visit().writing, visit().goal = ("", 1), title, "overview"
    visit().stories = False  # their cards would lie over it


def begin_slide(name: str, slide: int) -> None:
    """Write the slide with this number, which the lesson has not yet, of the view that is shown."""
    visit().lesson = (name, slide)


def write_lesson(title: str | None) -> None:
    """Write on the lesson that is on, under this title, from the next rerun on; None: no more."""
    visit().writing = title


def end_lesson() -> None:
    visit().lesson = visit().writing = None


def view() -> dict[str, str]:
    """The parameters that lead to the view that is shown, on any server; without the lesson."""
    asked = {name: kept.recalled(text) for name, text in st.query_params.to_dict().items()}
    return {name: text for name, text in asked.items() if name != LESSON and text is not None}


def predict(answer: str | None) -> None:
    """Keep what the reader says to the question of the present slide; None forgets it."""
    if (on := visit().lesson) is None:
        return
    if answer is None:
        visit().predicted.pop(on, None)
    else:
        visit().predicted[on] = answer


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


def select(tokens: Sequence[int]) -> None:
    """Select other tokens from the next rerun on: their widget may be drawn already."""
    visit().pending[TOKENS] = list(tokens)


def put_later(name: str, value: Any) -> None:
    """Change the value of a widget from the next rerun on: it may be drawn already."""
    visit().pending[name] = value


def choose_cell(cell: tuple[int, int, int]) -> None:
    """Choose another number of a block from the next rerun on: its widgets may be drawn already."""
    visit().pending |= dict(zip(CELL, cell, strict=True))


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
