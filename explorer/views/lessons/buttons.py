"""The buttons of the lesson editor: each brings along what is written in its form."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import streamlit as st

from explorer.lessons.lesson import Page
from explorer.visit.page import plain

ADD, WORDS, VIEW = "Add this view as a slide", "Save the words", "Save with the view shown now"
NEXT, READ, CLOSE = "New slide", "Read it", "Close"
OPEN, UP, OFF = "open", "up", "off"


class Press(NamedTuple):
    """The button that was pressed, and the index of the slide beside which it stands."""

    what: str
    at: int = 0


def row(number: int, slides: Sequence[Any], at: int) -> Press | None:
    """One slide: opened by its title, moved up, taken out."""
    asks = " (asks)" if slides[at]["predict"] else ""
    kind: Literal["primary", "secondary"] = "primary" if number == at + 1 else "secondary"
    with st.container(key=f"lesson-row-{at}", horizontal=True, gap="xsmall"):
        label = f"{at + 1} · {plain(slides[at]['title'])}{asks}"
        pressed = OPEN if st.form_submit_button(label, key=f"slide-{at}", type=kind) else ""
        for what, icon, says, idle in (
            (UP, ":material/arrow_upward:", "Earlier", at == 0),
            (OFF, ":material/delete:", "Take it out", len(slides) == 1),
        ):
            key = f"slide-{at}-{what}"
            if st.form_submit_button(icon, key=key, help=says, type="tertiary", disabled=idle):
                pressed = what
    return Press(pressed, at) if pressed else None


def below(page: str, number: int, count: int) -> list[Press]:
    """Those of the slide, then those of the lesson; which of them was pressed."""
    no_view, is_new = page not in get_args(Page), number > count
    first: Literal["primary"] = "primary"
    pressed = []
    if is_new:
        pressed.append((ADD, st.form_submit_button(ADD, type=first, disabled=no_view)))
    else:
        pressed.append((WORDS, st.form_submit_button(WORDS, type=first)))
        pressed.append((VIEW, st.form_submit_button(VIEW, disabled=no_view)))
    if no_view:
        st.caption("Go to a page with pictures: this one is no view that a slide can show.")
    with st.container(horizontal=True, gap="xsmall"):
        if not is_new:
            pressed.append((NEXT, st.form_submit_button(NEXT)))
        pressed.append((READ, st.form_submit_button(READ, disabled=not count)))
        pressed.append((CLOSE, st.form_submit_button(CLOSE)))
    return [Press(what, number - 1) for what, is_it in pressed if is_it]
