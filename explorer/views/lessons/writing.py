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
from explorer.visit.lesson import begin_slide, end_lesson, teach, write_lesson
from explorer.visit.page import plain
from explorer.visit.runs import run_names
from model_core.runs.storage import tried

NUMBERS = """A step is a recorded one, or "last"; a token is its label, "␣" for a space; rows,
layers and heads are counted from 0. What has "=" may be left out."""


def draw(page: str, on: tuple[str, int], title: str, lesson: Lesson | None) -> None:
    """The slides so far, and a form for the chosen one, or for a new one of the view shown."""
    name, number = on
    slides = [] if lesson is None else lesson.model_dump(mode="json")["slides"]
    st.text_input(
        "You write the lesson",
        title,
        key=(key := f"lesson.title {name or title}"),
        max_chars=300,
        on_change=_retitle,
        args=(name, slides, key),
    )
    for at in range(len(slides)):
        _row(on, slides, at)
    if lesson is not None and (missing := _missing(lesson)):
        st.warning(plain(missing))
    form.draw(page, on, title, lesson, slides)
    if problem := session.visit().problem:
        st.error(plain(problem))
    with st.container(horizontal=True, gap="xsmall"):
        if number <= len(slides):
            st.button("New slide", on_click=begin_slide, args=(name, len(slides) + 1))
        st.button("Read it", on_click=_read, args=(on, len(slides)), disabled=not slides)
        if lesson is not None:
            st.download_button("Download", as_text(lesson), f"{name}.yaml", on_click="ignore")
        st.button("Close", on_click=end_lesson)
    with st.expander("Numbers of the run"):
        st.caption(NUMBERS)
        st.markdown("\n".join(f"- `{usage(one)}` {plain(about(one))}" for one in FACTS))


def _read(on: tuple[str, int], count: int) -> None:
    """In a callback: read the lesson from the slide that is chosen, else from its first."""
    name, number = on
    write_lesson(None)
    teach(name, number if number <= count else 1)


def _retitle(name: str, slides: list[Any], key: str) -> None:
    """In a callback: the lesson has another title; its file and its address keep their name."""
    if title := session.value(key).strip():
        write_lesson(title)
        if name:
            _keep(name, slides, title=title)


def _row(on: tuple[str, int], slides: list[Any], at: int) -> None:
    """One slide: opened by its title, moved up, taken out; the chosen one stays chosen."""
    name, number = on
    without = slides[:at] + slides[at + 1 :]
    earlier = without[: max(at - 1, 0)] + [slides[at]] + without[max(at - 1, 0) :]
    moved = {at: at + 1, at + 1: at}.get(number, number)
    left = len(slides) if number == at + 1 else number - (number > at + 1)
    asks = " (asks)" if slides[at]["predict"] else ""
    with st.container(key=f"lesson-row-{at}", horizontal=True, gap="xsmall"):
        st.button(
            f"{at + 1} · {plain(slides[at]['title'])}{asks}",
            key=f"slide-{at}",
            type="primary" if number == at + 1 else "secondary",
            on_click=teach,
            args=(name, at + 1),
        )
        for key, icon, says, args, idle in (
            ("up", ":material/arrow_upward:", "Earlier", (earlier, moved), at == 0),
            ("off", ":material/delete:", "Take it out", (without, left), not without),
        ):
            st.button(
                icon,
                key=f"slide-{at}-{key}",
                help=says,
                type="tertiary",
                disabled=idle,
                on_click=_keep,
                args=(name, *args),
            )


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


def _keep(name: str, slides: list[Any], number: int = 0, title: str = "") -> None:
    """In a callback: the lesson has these slides, and if they are given another chosen slide, which
    is the one that was, and another title."""

    def keep() -> None:
        lesson = lesson_of(name)
        keep_slides(name, title or lesson.title, lesson, slides)
        if number:
            begin_slide(name, number)

    session.visit().problem = tried(keep)
