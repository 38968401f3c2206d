"""The slide of the lesson that is on, beside the view that it shows."""

from collections.abc import Callable

import streamlit as st

from explorer.data.facts import Fact, fact
from explorer.lessons.glossary import explained
from explorer.lessons.lesson import Lesson, Prediction, Slide
from explorer.lessons.wording import filled, written
from explorer.views.lessons import writing
from explorer.views.lessons.shelf import is_own, lesson_of
from explorer.visit import runs, session
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
        slide = _slide(_lesson())
        facts = _facts(_run(slide))
        parameters = {name: filled(text, facts) for name, text in slide.address.items()}
    except ValueError:  # said where the slide is drawn
        return False
    session.tell(slide.page, parameters, plays=slide.play)
    return True


def draw(page: str) -> None:
    """Title, text with its numbers, question, and the way on; nothing where no lesson is on."""
    here = session.visit()
    if here.lesson is None:
        return
    with st.container(key=KEY):
        if here.writing is not None:
            writing.draw(page, here.lesson, here.writing)
            return
        try:
            lesson = _lesson()
            slide = _slide(lesson)
        except ValueError as error:
            st.error(plain(str(error)))
            st.button("Close the lesson", on_click=session.end_lesson)
            return
        if slide.highlight:
            st.html(f"<style>{_outlined(slide.highlight)}</style>")
        at = min(here.lesson[1], len(lesson.slides)) - 1
        st.caption(f"{plain(lesson.title)} · {at + 1} of {len(lesson.slides)}")
        _say(slide)
        _ways(here.lesson[0], at, len(lesson.slides))
        if is_own(here.lesson[0]):
            args = (lesson.title,)
            st.button("Edit", type="tertiary", on_click=session.write_lesson, args=args)
        if slide.notes:
            with st.expander("Speaker notes"):
                st.markdown(slide.notes)


def _say(slide: Slide) -> None:
    try:
        run = _run(slide)
        st.subheader(_filled(run, slide.title), anchor=False)
        st.markdown(explained(_filled(run, slide.text)), unsafe_allow_html=True)
        if slide.formula:
            st.latex(slide.formula)
        if slide.predict:
            _ask(run, slide.predict)
    except ValueError as error:
        st.error(plain(str(error)))


def _ask(run: Run, asked: Prediction) -> None:
    st.markdown(f"**{_filled(run, asked.ask)}**")
    said = session.visit().predicted.get(_on())
    if said is None:
        _answer(run, asked)
        return
    right = answered(run, asked, said)
    st.markdown(
        f"{':material/check:' if right else ':material/close:'} You said **{plain(said)}**. "
        + _filled(run, asked.reveal)
    )


def answered(run: Run, asked: Prediction, said: str) -> bool:
    """Whether what was said is what the run says."""
    answer = filled(asked.answer, _facts(run))
    if asked.options or asked.click in ("token", "position", "head"):
        return said == answer
    right, number = (float(one.replace("−", "-").replace(",", "")) for one in (answer, said))
    return abs(number - right) <= asked.within * abs(right)


def _answer(run: Run, asked: Prediction) -> None:
    if asked.options:
        with st.container(horizontal=True, gap="xsmall"):
            for at, option in enumerate(asked.options):
                words = filled(option, _facts(run))
                key = f"lesson-option-{at}"
                st.button(plain(words), key=key, on_click=session.predict, args=(words,))
        return
    if asked.click:
        _point(run, asked.click)
        return
    with st.form("lesson.guess", border=False), st.container(horizontal=True, gap="xsmall"):
        number = st.number_input("Your number", value=None, label_visibility="collapsed")
        if st.form_submit_button("Check") and number is not None:
            session.predict(written(number, ",.9g"))
            st.rerun()


def _point(run: Run, kind: str) -> None:
    """What the reader clicked last becomes the answer by a button."""
    if kind == "step":  # the clock, which is drawn after this, may have moved
        st.button(
            "The step on the clock",
            key="lesson-click",
            disabled=session.run() != run.name,
            on_click=lambda: session.predict(_clicked(run, kind)),
        )
        return
    words = _clicked(run, kind)
    label = f"My answer: {plain(words)}" if words else f"Click a {kind} in the picture"
    st.button(label, key="lesson-click", disabled=not words, on_click=session.predict, args=[words])


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
    with st.container(key="lesson-ways", horizontal=True, gap="xsmall"):
        for label, help_, slide, key in (
            (":material/arrow_back:", "The slide before (Page Up)", at, "back"),
            ("Show again", "Open this slide's view as it was", at + 1, "again"),
            ("Next :material/arrow_forward:", "The next slide (Page Down)", at + 2, "next"),
        ):
            st.button(
                label,
                help=help_,
                key=f"lesson-{key}",
                type="primary" if key == "next" else "secondary",
                disabled=not 1 <= slide <= count,
                on_click=session.teach,
                args=(name, slide),
            )
        st.button(":material/close:", help="Close the lesson", on_click=session.end_lesson)


def _on() -> tuple[str, int]:
    on = session.visit().lesson
    assert on is not None
    return on


def _lesson() -> Lesson:
    return lesson_of(_on()[0])


def _slide(lesson: Lesson) -> Slide:
    """The present one; the last where an address asks for one after it."""
    return lesson.slides[min(_on()[1], len(lesson.slides)) - 1]


def _run(slide: Slide) -> Run:
    """The run that a slide's numbers are of; ValueError where it is not there."""
    return runs.open_run() if slide.run is None else Run.open(runs.run_path(slide.run))


def _filled(run: Run, text: str) -> str:
    return filled(text, _facts(run), plain)


def _facts(run: Run) -> Callable[[str, tuple[str, ...], str], Fact]:
    def value(name: str, arguments: tuple[str, ...], other: str) -> Fact:
        return fact(Run.open(runs.run_path(other)) if other else run, name, arguments)

    return value


def _outlined(panel: str) -> str:
    return f'[data-panel="{panel}"] {{ outline: 3px solid var(--k1, #d55e00); }}'
