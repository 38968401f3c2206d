"""Lessons: the course, and a teacher's own."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.lessons.files import parse
from explorer.lessons.glossary import glossary
from explorer.views.lessons import file
from explorer.views.lessons.shelf import is_own, keep_new, lesson_names, lesson_of, own_folder
from explorer.visit import session
from explorer.visit.deleting import delete_buttons, say_deleted
from explorer.visit.lesson import begin_lesson, end_lesson, teach, write_lesson
from explorer.visit.page import plain, question
from explorer.visit.published import publish
from model_core.runs import shelf
from model_core.runs.storage import tried

COLUMNS = 3


def draw() -> None:
    question("What do you want to understand?")
    shelf.clear(own_folder())
    with st.container(key="lesson-doors", horizontal=True, gap="small"):
        with st.popover("Write a lesson", icon=":material/edit:"):
            _new()
        with st.popover("Add a lesson from a file", icon=":material/upload_file:"):
            _drop()
    say_deleted(own_folder(), shelf.restore)
    if session.visit().refused:
        st.error(plain(session.visit().refused))
    names = lesson_names()
    own = [name for name in names if is_own(name)]
    with st.container(key="lesson-cards"):
        if own:
            st.markdown("**Your own**")
            _cards(own)
            st.markdown("**The course**")
        _cards([name for name in names if name not in own])
    with st.expander("Words", icon=":material/dictionary:"):
        st.markdown("\n".join(f"- **{word}**: {says}" for word, says in glossary().items()))
    publish()


def _cards(names: Sequence[str]) -> None:
    for first in range(0, len(names), COLUMNS):
        row = names[first : first + COLUMNS]
        for column, name in zip(st.columns(COLUMNS), row, strict=False):
            with column.container(border=True, height="stretch"):
                _card(name)


def _card(name: str) -> None:
    try:
        lesson = lesson_of(name)
    except ValueError as error:
        st.error(plain(str(error)))
        if is_own(name):
            _delete_buttons(name)
        return
    key = f"begin-{name}"
    st.button(plain(lesson.title), type="primary", key=key, on_click=_begin, args=(name,))
    st.markdown(plain(lesson.says))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        number = name.partition("-")[0].lstrip("0")
        course = f"Lesson {number} · " if number.isdigit() and not is_own(name) else ""
        st.caption(course + counted(len(lesson.slides), "slide"), width="content")
        file.offer(name, lesson, f"file-{name}")
    if is_own(name):
        with st.container(horizontal=True, gap="small"):
            st.button("Edit", key=f"edit-{name}", on_click=_edit, args=(name, lesson.title))
            _delete_buttons(name)


def _begin(name: str) -> None:
    write_lesson(None)
    teach(name, 1)


def _delete_buttons(name: str) -> None:
    delete_buttons(own_folder() / f"{name}.yaml", _delete)


def _edit(name: str, title: str) -> None:
    teach(name, 1)
    write_lesson(title)


def _delete(path: Path) -> None:
    shelf.move_out(path)
    if (session.visit().lesson or ("",))[0] == path.stem:
        end_lesson()


def _new() -> None:
    """Where a lesson of one's own is begun."""
    with st.form("lesson.new", border=False):
        title = st.text_input(
            "Title of a new lesson", placeholder="A lesson of your own", max_chars=300
        )
        if st.form_submit_button("Begin", type="primary") and title.strip():
            begin_lesson(title.strip())
            st.rerun()
    st.caption(
        "Then go to any page, choose what it shows, and add the view as a slide with your words."
    )


def _drop() -> None:
    """Where a lesson of somebody else is added."""
    key = f"lesson upload {session.visit().uploads}"
    st.file_uploader(
        "Add a lesson from a file (YAML)",
        type=["yaml", "yml"],
        key=key,
        max_upload_size=1,
        on_change=_take,
        args=(key,),
    )


def _take(key: str) -> None:
    """In a callback: put what was dropped on the shelf, as it is; its own name is not used."""
    file, here = session.value(key), session.visit()
    here.refused = ""
    if file is None:
        return
    data = file.getvalue()
    if why := tried(lambda: keep_new(parse(data).title, data.decode())):
        here.refused = f"This file was not added: {why}"
    else:
        here.uploads += 1  # another field, which is empty
