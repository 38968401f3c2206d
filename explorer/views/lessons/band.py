"""The slide of the lesson that is on, beside the view that it shows."""

import streamlit as st

from explorer.lessons.glossary import explained
from explorer.lessons.lesson import Lesson, Prediction
from explorer.lessons.wording import number, written
from explorer.style import style
from explorer.views.lessons import file, writing
from explorer.views.lessons.shelf import following, is_own, lesson_of
from explorer.views.lessons.telling import outlined, title_of, told, view_of
from explorer.views.lessons.trained import Untrained, offer, send_back
from explorer.visit import runs, session
from explorer.visit.lesson import end_lesson, predict, teach, write_lesson
from explorer.visit.page import plain
from model_core.labels import head_label, token_label
from model_core.runs import Run

KEY = "lesson"


def turn() -> bool:
    """Where a slide is to be opened: ask the session for its view; whether that was so."""
    if not session.begun() or not session.visit().fresh:
        return False
    session.visit().fresh = False
    try:
        lesson = _lesson()
        slide = lesson.slides[_at(lesson)]
        parameters = view_of(lesson, _at(lesson), session.run())
    except (ValueError, Untrained):  # said where the slide is drawn
        return False
    session.tell(slide.page, parameters, plays=slide.play)
    return True


def draw(page: str) -> None:
    """Title, text with its numbers, question, and the way on; nothing where no lesson is on."""
    here = session.visit()
    if here.lesson is None:
        return
    st.html(style("lesson"))
    with st.container(key=KEY):
        has_slides = here.writing is None or here.lesson[0]
        try:
            lesson = _lesson() if has_slides else None
        except ValueError as error:
            st.error(plain(str(error)))
            st.button("Close the lesson", on_click=end_lesson)
            return
        if here.writing is not None:
            writing.draw(page, here.lesson, here.writing, lesson)
        elif lesson is not None:
            _slide(here.lesson[0], lesson)


def _slide(name: str, lesson: Lesson) -> None:
    at = _at(lesson)
    slide = lesson.slides[at]
    if mark := outlined(slide.highlight):
        st.html(f"<style>{mark}</style>")
    st.caption(f"{plain(lesson.title)} · {at + 1} of {len(lesson.slides)}")
    _say(lesson, at)
    _ways(name, at, len(lesson.slides))
    with st.container(key="lesson-more", horizontal=True, gap="small"):
        if is_own(name):
            args = (lesson.title,)
            st.button("Edit", type="tertiary", on_click=write_lesson, args=args)
        file.offer(name, lesson, "lesson-file")
    if slide.notes:
        with st.expander("Notes for the teacher"):
            st.markdown(slide.notes)


def _say(lesson: Lesson, at: int) -> None:
    try:
        st.subheader(title_of(lesson, at), anchor=False)
        slide, run = told(lesson, at)
        st.markdown(explained(slide.text), unsafe_allow_html=True)
        if slide.formula:
            st.latex(slide.formula)
        if slide.predict:
            _ask(run, slide.predict)
        if slide.train:
            offer(slide.train, str(slide.run))
    except Untrained as missing:
        send_back(missing)
    except ValueError as error:
        st.error(plain(str(error)))


def _ask(run: Run | None, asked: Prediction) -> None:
    """A question with its numbers; those of a run that is to be trained are unknown."""
    st.markdown(f"**{asked.ask}**")
    said = session.visit().predicted.get(_on())
    if run is not None and asked.is_number:
        number(asked.answer)  # else it is said before somebody has answered
    if said is None:
        _answer(run or runs.open_run(), asked)
    elif run is None:
        st.markdown(f"You said **{plain(said)}**. The run that is trained here will tell.")
    else:
        is_right = answered(asked, said)
        icon = ":material/check:" if is_right else ":material/close:"
        right = "" if is_right else f" The answer is **{plain(asked.answer)}**."
        st.markdown(f"{icon} You said **{plain(said)}**.{right} {asked.reveal}")
        if not is_right:
            st.button("Answer again", type="tertiary", on_click=predict, args=(None,))


def answered(asked: Prediction, said: str) -> bool:
    """Whether what was said is what the run says."""
    if not asked.is_number:
        return said == asked.answer
    right = number(asked.answer)
    return abs(number(said) - right) <= asked.within * abs(right)


def _answer(run: Run, asked: Prediction) -> None:
    if asked.options:
        with st.container(horizontal=True, gap="xsmall"):
            for at, words in enumerate(asked.options):
                key = f"lesson-option-{at}"
                st.button(plain(words), key=key, on_click=predict, args=(words,))
        return
    if asked.click:
        _point(run, asked.click)
        return
    with st.form("lesson.guess", border=False), st.container(horizontal=True, gap="xsmall"):
        guess = st.number_input("Your number", value=None, label_visibility="collapsed")
        if st.form_submit_button("Check") and guess is not None:
            predict(written(guess, ",.9g"))
            st.rerun()


def _point(run: Run, kind: str) -> None:
    """What the reader clicked last becomes the answer by a button."""
    if kind == "step":  # the clock, which is drawn after this, may have moved
        st.button(
            "The step on the clock",
            key="lesson-click",
            disabled=session.run() != run.name,
            on_click=lambda: predict(_clicked(run, kind)),
        )
        return
    words = _clicked(run, kind)
    label = f"My answer: {plain(words)}" if words else f"Click a {kind} in the picture"
    st.button(label, key="lesson-click", disabled=not words, on_click=predict, args=[words])


def _clicked(run: Run, kind: str) -> str:
    """What is chosen, as the answer names it; "" where nothing is, or in another run.

    A head is always chosen.
    """
    chosen, tokens = session.chosen(), run.tokenizer.tokens
    if session.run() != run.name:
        return ""
    if kind == "head":
        return head_label(*chosen.head)
    if kind == "step":
        return f"{run.steps[-1] if chosen.step is None else chosen.step:,}"
    if kind == "position":
        return "" if chosen.query is None else str(chosen.query)
    known = chosen.token is not None and chosen.token < len(tokens)
    return token_label(tokens[chosen.token or 0]) if known else ""


def _ways(name: str, at: int, count: int) -> None:
    after = following(name) if at + 1 == count else None
    ways = [
        (":material/arrow_back:", "The slide before (Page Up)", (name, at), "back"),
        ("Show again", "Open this slide's view as it was", (name, at + 1), "again"),
        ("Next :material/arrow_forward:", "The next slide (Page Down)", (name, at + 2), "next"),
    ]
    if after:  # no key leads out of a lesson that is presented
        ways[-1] = ("Next lesson", "", (after, 1), "on")
    with st.container(key="lesson-ways", horizontal=True, gap="xsmall"):
        for label, help_, to, key in ways:
            st.button(
                label,
                help=help_ or None,
                key=f"lesson-{key}",
                type="primary" if key in ("next", "on") else "secondary",
                disabled=not 1 <= to[1] <= count,
                on_click=teach,
                args=to,
            )
        st.button(":material/close:", help="Close the lesson", on_click=end_lesson)


def _on() -> tuple[str, int]:
    on = session.visit().lesson
    assert on is not None
    return on


def _lesson() -> Lesson:
    return lesson_of(_on()[0])


def _at(lesson: Lesson) -> int:
    """The present slide, from 0; the last where an address asks for one after it."""
    return min(_on()[1], len(lesson.slides)) - 1
