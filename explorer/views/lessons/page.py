"""Lessons: the course, and a teacher's own."""

import streamlit as st

from explorer.views.lessons.shelf import lesson_names, lesson_of
from explorer.visit import session
from explorer.visit.page import plain, question

COLUMNS = 3


def draw() -> None:
    question("What do you want to understand?")
    names = lesson_names()
    for first in range(0, len(names), COLUMNS):
        row = names[first : first + COLUMNS]
        for column, name in zip(st.columns(COLUMNS), row, strict=False):
            with column.container(border=True, height="stretch"):
                _card(name)
    session.publish()


def _card(name: str) -> None:
    try:
        lesson = lesson_of(name)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    label = f"{plain(lesson.title)}"
    st.button(label, type="primary", key=f"begin-{name}", on_click=session.teach, args=(name, 1))
    st.markdown(plain(lesson.says))
    st.caption(f"{len(lesson.slides)} slides")
