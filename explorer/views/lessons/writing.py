"""A lesson of the teacher's own, written beside any page: the present view becomes a slide."""

from typing import Any

import streamlit as st

from explorer.data.facts.by_name import FACTS, about, usage
from explorer.lessons.files import as_text
from explorer.lessons.lesson import Lesson
from explorer.lessons.wording import runs_in
from explorer.views.lessons import form
from explorer.views.lessons.shelf import keep_slides, lesson_of
from explorer.visit import session
from explorer.visit.lesson import write_lesson
from explorer.visit.page import plain
from explorer.visit.runs import run_names
from model_core.runs.storage import tried

NUMBERS = """A step is a recorded one, or "last"; a token is its label, "␣" for a space; rows,
layers and heads are counted from 0. What has "=" may be left out."""


def draw(page: str, on: tuple[str, int], title: str, lesson: Lesson | None) -> None:
    """The slides so far, and a form for the chosen one, or for a new one of the view shown."""
    name, _ = on
    slides = [] if lesson is None else lesson.model_dump(mode="json")["slides"]
    st.text_input(
        "You write the lesson",
        title,
        key=(key := f"lesson.title {name or title}"),
        max_chars=300,
        on_change=_retitle,
        args=(name, slides, key),
    )
    if lesson is not None and (missing := _missing(lesson)):
        st.warning(plain(missing))
    form.draw(page, on, title, lesson, slides)
    if problem := session.visit().problem:
        st.error(plain(problem))
    with st.expander("Numbers of the run"):
        st.caption(NUMBERS)
        st.markdown("\n".join(f"- `{usage(one)}` {plain(about(one))}" for one in FACTS))
    if lesson is not None:
        st.download_button("Download", as_text(lesson), f"{name}.yaml", on_click="ignore")


def _retitle(name: str, slides: list[Any], key: str) -> None:
    """In a callback: the lesson has another title; its file and its address keep their name."""
    if not (title := session.value(key).strip()):
        return
    write_lesson(title)
    if name:

        def keep() -> None:
            keep_slides(name, title, lesson_of(name), slides)

        session.visit().problem = tried(keep)


def _missing(lesson: Lesson) -> str:
    """The first slide of a run that is not here and that no slide trains for it, in words."""
    there = run_names()
    for at, slide in enumerate(lesson.slides):
        for run in filter(None, (slide.run, *runs_in("".join(slide.texts)))):
            if run not in there and not lesson.training(at, run):
                return (
                    f"Slide {at + 1} is about the run {run[:64]}, which is not here and which no "
                    "slide up to it trains: save it with another view, or move it."
                )
    return ""
