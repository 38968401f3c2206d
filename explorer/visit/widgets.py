"""Widgets that keep their values across pages, in the address, and as long as their run is shown.

`draw` is Streamlit's own method, of the page or of a column; `name` is the widget's key and its
parameter of the address, "<page>.<name>". A value `of_run` is forgotten with its run.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from explorer.visit import address, kept, session

KEPT: dict[str, Any] = {"persist_state": "session"}  # else Streamlit forgets it with its page
TYPED = 10_000  # characters of a sentence at most
EMPTY = "Type a sentence; Shift+Enter: new line ⏎"
Draw = Callable[..., Any]
T = TypeVar("T")
N = TypeVar("N", int, float)


def one_of(
    draw: Draw,
    name: str,
    label: str,
    options: Sequence[T],
    *,
    default: T | None = None,
    of_run: bool = False,
    **look: Any,
) -> T:
    """One of several options, at first the first or `default`."""
    option(name, options, default=default, of_run=of_run)
    if draw.__name__ == "segmented_control":
        look["required"] = True  # else a second click would choose none
    return draw(label, options, key=name, **look, **KEPT)


def option(name: str, options: Sequence[T], *, default: T | None = None, of_run: bool = False) -> T:
    """What `one_of` returns, for where its widget comes later; what is not offered is forgotten."""
    first = options[0] if default is None else default
    named = {str(one): one for one in options}
    return session.hold(
        name,
        first,
        lambda text: named.get(text, first),
        lambda value: value if value in options else first,
        of_run=of_run,
    )


def number(
    draw: Draw,
    name: str,
    label: str,
    default: N,
    bounds: tuple[N, N],
    *,
    of_run: bool = False,
    follow: bool = False,
    **look: Any,
) -> N:
    """A number within bounds; with `follow`, one that nobody changed follows its default."""
    bounded(name, default, bounds, of_run=of_run, follow=follow)
    return draw(label, *bounds, key=name, **look, **KEPT)


def bounded(
    name: str,
    default: N,
    bounds: tuple[N, N],
    *,
    of_run: bool = False,
    follow: bool = False,
) -> N:
    """What `number` returns, for where it has no widget."""
    low, high = bounds

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            return default
        return value if low <= value <= high else default

    def fit(value: float) -> N:
        return type(default)(min(max(value, low), high))

    return session.hold(name, default, read, fit, of_run=of_run, follow=follow)


def add(name: str, count: int, most: int) -> None:
    """In a callback: a number `count` larger, but at most `most`."""
    session.put(name, min(session.value(name) + count, most))


def toggle(draw: Draw, name: str, label: str, **look: Any) -> bool:
    """On or off; off is the default."""
    session.hold(name, False, lambda text: text == "True", bool, of_run=False)
    return draw(label, key=name, **look, **KEPT)


def several(
    draw: Draw, name: str, label: str, options: Sequence[int], default: Sequence[int], **look: Any
) -> list[int]:
    """Several ids of a run; a choice that nobody changed follows its default."""
    offered = set(options)
    session.hold(
        name,
        list(default),
        address.ids,
        lambda chosen: [one for one in chosen if one in offered],
        of_run=True,
        follow=True,
    )
    chosen = draw(label, options, key=name, **look, **KEPT)
    if len(chosen) > address.MAX_IDS:
        st.caption(f"The address has the first {address.MAX_IDS} of these {len(chosen):,}.")
    return chosen


def text(draw: Draw, name: str, label: str, default: str, **look: Any) -> str:
    """A text of a run; one that nobody changed follows its default."""
    session.hold(name, default, str, str, of_run=True, follow=True)
    typed = draw(label, key=name, max_chars=TYPED, **{"placeholder": EMPTY} | look, **KEPT)
    if kept.is_long(typed):
        st.caption(kept.SAID)
    return typed


def editor(name: str, default: str) -> tuple[str, str]:
    """The key of an editor of a table encoded as text, and the text whose edits it holds.

    That text stays while the editor is drawn, since another one would make another editor; the
    edited table is stored by `session.put`, and is what a new editor starts with.
    """
    edited = session.hold(name, default, str, str, of_run=False)
    key = f"{name} {session.visit().rewritten[name]}"
    if not session.is_drawn(key):
        session.visit().editing[name] = edited
    return key, session.visit().editing[name]


def rewrite(name: str, text: str) -> None:
    """In a callback: another text for the editor of this name, without its edits so far."""
    session.put(name, text)
    session.visit().rewritten[name] += 1
