"""What this visitor looks at, the same on every page and in the URL; the only session state."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

# also the keys of the widgets that choose them
RUN, TEXT, TOKENS, FROM = "run", "text", "tokens", "from"
CELL = ("cell sentence", "cell position", "cell channel")  # a number of a block, one key a place
KEPT: dict[str, Any] = {"persist_state": "session"}  # of widgets that keep their value elsewhere
AT_MOST = 200  # selected tokens that an address names
T = TypeVar("T")
_NUMBER = re.compile(r"\d{1,9}")


def begin(runs: Sequence[str]) -> str:
    """Make the state whole before any widget is drawn; words about what had to be changed.

    A new visitor's comes from the URL, where anything odd counts as not said.
    """
    state = st.session_state
    if RUN not in state:
        asked = st.query_params
        head = asked.get("head", "").split(".")
        state[RUN], state[TEXT] = asked.get("run"), asked.get("text")
        state["step"], state["token"] = _count(asked.get("step")), _count(asked.get("token"))
        state["head"] = (_count(head[0]) or 0, _count(head[-1]) or 0)
        query, _, key = asked.get("pair", "").partition(".")
        state["query"], state["key"] = _count(query), _count(key)
        state[TOKENS] = _ids(asked.get(TOKENS, ""))
        state["asked"], state["choices"], state["of run"] = asked.to_dict(), {}, set()
    if "next_run" in state:
        state[RUN] = state.pop("next_run")
        leave_run()
    if "next_text" in state:
        state[TEXT] = state.pop("next_text")
    if "next_tokens" in state:
        state[TOKENS] = state.pop("next_tokens")
    state.update(state.pop("next_cell", {}))
    wanted = state[RUN]
    if wanted in runs:
        return ""
    state[RUN] = runs[0]
    leave_run()
    return "" if wanted is None else f"There is no run named {wanted[:40]!r}; this is {runs[0]}."


def publish() -> None:
    """Write into the URL what brings another browser to the same view."""
    state = st.session_state
    wanted = {name: state[name] for name in (RUN, "step", TEXT, "token")}
    wanted["head"] = "{}.{}".format(*state["head"])
    if state["query"] is not None:
        wanted["pair"] = ".".join(
            str(state[at]) for at in ("query", "key") if state[at] is not None
        )
    wanted[TOKENS] = _told(state[TOKENS]) or None
    for name, default in state["choices"].items():
        wanted[name] = None if state[name] == default else _told(state[name])
    shown = {name: str(value) for name, value in wanted.items() if value is not None}
    if st.query_params.to_dict() != shown:
        st.query_params.from_dict(shown)


def run() -> str:
    """The name of the chosen run."""
    return st.session_state[RUN]


def choose_run(name: str, example: str) -> None:
    """Look at another run from the next rerun on; `example` is the present run's sentence.

    It goes with its run; a sentence that somebody typed stays.
    """
    st.session_state["next_run"] = name
    if text() == example:
        st.session_state["next_text"] = None


def leave_run() -> None:
    """Forget step, rows and heads of the run looked at before."""
    st.session_state.update(
        {
            "step": None,
            "token": None,
            "head": (0, 0),
            "query": None,
            "key": None,
            TOKENS: [],
            "second query": None,
        }
    )
    for name in st.session_state["of run"]:
        st.session_state.pop(name, None)
        st.session_state["choices"].pop(name, None)


def step() -> int | None:
    """The settled step; None stands for the latest, which moves on while a run grows."""
    return st.session_state["step"]


def settle(step: int | None) -> None:
    st.session_state["step"] = step


def text() -> str | None:
    """The typed sentence; None while there is none."""
    return st.session_state[TEXT]


def beginning() -> int:
    """From which token on a sentence is read that is too long to be read whole."""
    state = st.session_state
    return state[FROM] if FROM in state else _count(state["asked"].get(FROM)) or 0


def type_text(text: str | None) -> None:
    """Only before the sentence's widget is drawn, or in a callback."""
    st.session_state[TEXT] = text


def retype(text: str) -> None:
    """Put another sentence into the widget, which is drawn already: at once, in a new rerun."""
    st.session_state["next_text"] = text
    st.rerun()


def token() -> int | None:
    """The id of the chosen token."""
    return st.session_state["token"]


def choose_token(token: int) -> None:
    """Choose a token; choosing it again lets it go."""
    st.session_state["token"] = None if token == st.session_state["token"] else token


def tokens() -> tuple[int, ...]:
    """The ids of the selected tokens, ascending."""
    return tuple(sorted(st.session_state[TOKENS]))


def select(tokens: Sequence[int]) -> None:
    """Select other tokens from the next rerun on: their widget may be drawn already."""
    st.session_state["next_tokens"] = list(tokens)


def keep_selected(offered: Sequence[int]) -> None:
    """Let go of selected tokens that a widget about to be drawn does not offer."""
    state = st.session_state
    kept = set(offered)
    state[TOKENS] = [token for token in state[TOKENS] if token in kept]


def offer(name: str, options: Sequence[str], *, of_run: bool = False) -> str:
    """The key of a widget that offers `options`; the first is the default, the URL may say more.

    A choice that is not offered any more is forgotten, one that is `of_run` with its run.
    """
    state = st.session_state
    if of_run:
        state["of run"].add(name)
    if state.get(name) not in options:
        asked = None if name in state["choices"] else state["asked"].get(name)
        state[name] = asked if asked in options else options[0]
    state["choices"][name] = options[0]
    return name


def number(name: str, default: float, low: float, high: float, *, of_run: bool = False) -> str:
    """The key of a widget for a number in [low, high]; the URL may say which at first.

    One that is `of_run` is forgotten with its run.
    """
    state = st.session_state
    if of_run:
        state["of run"].add(name)
    if name not in state:
        state[name] = _within(state["asked"].get(name), default, low, high)
    state[name] = type(default)(min(max(state[name], low), high))
    state["choices"][name] = default
    return name


def switch(name: str) -> str:
    """The key of a widget that is on or off; the URL may say which at first, else it is off."""
    state = st.session_state
    if name not in state:
        state[name] = state["asked"].get(name) == str(True)
    state["choices"][name] = False
    return name


def add(name: str, count: int, most: int) -> None:
    """Only in a callback: the number of this key, `count` larger but at most `most`."""
    st.session_state[name] = min(st.session_state[name] + count, most)


def several(name: str, default: Sequence[int], offered: Sequence[int]) -> str:
    """The key of a widget for several ids, forgotten with their run; those not offered go.

    One that nobody changed follows its default.
    """
    state, kept = st.session_state, set(offered)
    if name in state["asked"]:
        state["asked"][name] = _ids(state["asked"][name])
    _follow_default(name, list(default))
    state[name] = [one for one in state[name] if one in kept]
    return name


def words(name: str, default: str) -> str:
    """The key of a widget for a text; one that nobody changed follows its default."""
    _follow_default(name, default)
    return name


def edited(name: str, default: str) -> tuple[str, str]:
    """The key of an editor of a table told as text, and the text whose edits it holds.

    That text stays the same while the editor is drawn, since another one would make another editor;
    what comes out of it is kept with `choose`, and is what an editor drawn anew begins with.
    """
    state = st.session_state
    if name not in state:
        state[name] = state["asked"].get(name, default)
    state["choices"][name] = default
    key = f"{name} {state.get(f'{name} rewritten', 0)}"
    if key not in state:
        state[f"{name} before"] = state[name]
    return key, state[f"{name} before"]


def rewrite(name: str, text: str) -> None:
    """Only in a callback: another text for the editor of this name, without its edits so far."""
    state = st.session_state
    state[name] = text
    state[f"{name} rewritten"] = state.get(f"{name} rewritten", 0) + 1


def _follow_default(name: str, default: Any) -> None:
    """A value of the run at its default, or as the address or the visitor wants it."""
    state = st.session_state
    if name not in state:
        state[name] = state["asked"].pop(name, default)
    elif state[name] == state["choices"].get(name):
        state[name] = default
    state["choices"][name] = default
    state["of run"].add(name)


def choice(name: str) -> Any:
    """What was chosen in the widget of this key."""
    return st.session_state[name]


def choose(name: str, value: Any) -> None:
    """Keep another value under a key that no widget of this rerun holds."""
    st.session_state[name] = value


def choose_cell(cell: tuple[int, int, int]) -> None:
    """Choose another number of a block from the next rerun on: its widgets may be drawn already."""
    st.session_state["next_cell"] = dict(zip(CELL, cell, strict=True))


def kept(name: str, make: Callable[[], T]) -> T:
    """An object of this visitor, made when it is first asked for."""
    if name not in st.session_state:
        st.session_state[name] = make()
    return st.session_state[name]


def head() -> tuple[int, int]:
    """The chosen (layer, head)."""
    return st.session_state["head"]


def choose_head(head: tuple[int, int]) -> None:
    st.session_state["head"] = head


def is_new(sentence: tuple[str, tuple[int, ...]]) -> bool:
    """Whether this visitor looks at a run's sentence for the first time in a row."""
    last, st.session_state["read"] = st.session_state.get("read"), sentence
    return last != sentence


def second_query() -> int | None:
    """The position in the second sentence whose row is looked at."""
    return st.session_state.get("second query")


def choose_second_query(query: int) -> None:
    st.session_state["second query"] = query


def query() -> int | None:
    """The position in the sentence whose row of attention is looked at."""
    return st.session_state["query"]


def key() -> int | None:
    """The position whose column of attention is looked at; None before one was chosen."""
    return st.session_state["key"]


def choose_query(query: int, key: int | None = None) -> None:
    """Choose a row of attention, and with `key` one cell of it."""
    st.session_state["query"] = query
    if key is not None:
        st.session_state["key"] = key


def _ids(text: str) -> list[int]:
    """Ids as an address tells them, "3.5.8"; what is none is left out."""
    found = (_count(part) for part in text.split(".")[:AT_MOST])
    return sorted({one for one in found if one is not None})


def _told(value: Any) -> str:
    """A value as an address tells it."""
    if isinstance(value, list):
        return ".".join(str(one) for one in value[:AT_MOST])
    return str(value)


def _within(text: str | None, default: float, low: float, high: float) -> float:
    try:
        value = float(text) if text else default
    except ValueError:
        return default
    return value if low <= value <= high else default


def _count(text: str | None) -> int | None:
    return int(text) if text and _NUMBER.fullmatch(text) else None
