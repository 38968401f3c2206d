"""Lessons: the course, and a teacher's own."""

import streamlit as st

from explorer.lessons.lesson import name_for
from explorer.views.lessons.shelf import is_own, lesson_names, lesson_of
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
    _new(names)
    session.publish()


def _card(name: str) -> None:
    try:
        lesson = lesson_of(name)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    key, args = f"begin-{name}", (name, 1)
    label = plain(lesson.title)
    st.button(label, type="primary", key=key, on_click=session.teach, args=args)
    st.markdown(plain(lesson.says))
    own = ", your own" if is_own(name) else ""
    st.caption(f"{len(lesson.slides)} slides{own}")


def _new(names: list[str]) -> None:
    """Where a lesson of one's own is begun."""
    with st.form("lesson.new", border=False), st.container(horizontal=True):
        title = st.text_input(
            "Title of a new lesson",
            placeholder="Title of a lesson of your own",
            label_visibility="collapsed",
            max_chars=300,
        )
        if st.form_submit_button("Write a lesson") and title.strip():
            session.begin_lesson(name_for(title, names), title.strip())
            st.rerun()
    st.caption(
        "Then go to any page, choose what it shows, and add the view as a slide with your words."
    )
