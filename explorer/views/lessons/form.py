"""The form of one slide: its words, its question, the run that it trains, and what keeps them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from explorer.lessons.files import with_slides
from explorer.lessons.lesson import Lesson, Page
from explorer.views.lessons import plans
from explorer.views.lessons.shelf import keep_slides
from explorer.views.lessons.telling import check
from explorer.visit import session
from explorer.visit.lesson import begin_slide
from explorer.visit.page import plain
from explorer.visit.published import shown_view
from model_core.runs.storage import tried

HELP = (
    "A number of the run shown stands in braces, as in {loss(0):.2f} for the loss at step 0. "
    "All of them are listed under Numbers of the run."
)
CLICKS = ("–", "token", "position", "head", "step")
FIELDS = {
    "title": "Title of the slide",
    "text": "What you say of this view",
    "notes": "Notes, for you alone",
    "predict.ask": "Question",
    "predict.options": "Answers to choose from",
    "predict.answer": "The right answer",
    "predict.reveal": "What you say then",
}
NEW: Mapping[str, Any] = {
    "title": "",
    "text": "",
    "play": False,
    "notes": "",
    "predict": None,
    "train": None,
}
ADD, WORDS, VIEW = "Add this view as a slide", "Save the words", "Save with the view shown now"


def draw(
    page: str, on: tuple[str, int], title: str, lesson: Lesson | None, slides: Sequence[Any]
) -> None:
    """Fields of the chosen slide, or of a new one."""
    name, number = on
    chosen = slides[number - 1] if number <= len(slides) else None
    old: Mapping[str, Any] = chosen or NEW
    trains: dict[str, Any] = {}
    problem, key = "", f"{name} {number} {len(slides)}"
    st.markdown(f"**Slide {number}**" if chosen else f"**Slide {number}: the view shown now**")
    try:
        with st.expander("A run that readers train", expanded=bool(old["train"])):
            trains = plans.choose(old, f"lesson.train {key}")
    except ValueError as error:  # the form stays, with what is written in it
        problem = str(error)
    with st.form(f"lesson.slide {key}", border=False):
        values = {
            "title": st.text_input(FIELDS["title"], old["title"], max_chars=300),
            "text": st.text_area(FIELDS["text"], old["text"], help=HELP, height=96),
            **_more(old),
        }
        pressed = _pressed((WORDS, VIEW) if chosen else (ADD,), page)
    if pressed and not problem:
        words = pressed == WORDS
        before = _untrained(old, trains) if words else _viewless(old) | {"page": page, **_view()}
        changed = [*slides[: number - 1], {**before, **values, **trains}, *slides[number:]]
        problem = _save(on, title, lesson, changed, added=pressed == ADD)
    if problem:
        st.error(plain(_in_words_of_the_form(problem)))
        if pressed:
            st.toast(f"Slide {number} is not saved, see below its form")
    elif pressed:
        st.toast(f"Slide {number} is saved")
        st.rerun()


def _pressed(labels: Sequence[str], page: str) -> str:
    """The label of the button that was pressed; "" where none was."""
    no_view = page not in get_args(Page)
    pressed = ""
    for label in labels:
        if st.form_submit_button(
            label,
            type="secondary" if label == VIEW else "primary",
            disabled=no_view and label != WORDS,
        ):
            pressed = label
    if no_view:
        st.caption("Go to a page with pictures: this one is no view that a slide can show.")
    return pressed


def _save(
    on: tuple[str, int], title: str, lesson: Lesson | None, slides: Sequence[Any], *, added: bool
) -> str:
    """Keep these slides, and go on to the next where one was added; else why that cannot be."""
    name, number = on

    def write() -> None:
        check(with_slides(lesson, title, slides), number - 1)
        kept = keep_slides(name, title, lesson, slides)
        if added:
            begin_slide(kept, len(slides) + 1)

    return tried(write)


def _in_words_of_the_form(problem: str) -> str:
    """A broken rule of a slide's file, by the number and the field that the form has for it."""
    found = re.fullmatch(r"slides\.(\d+)(?:\.([a-z.]*[a-z])[.\d]*)?: (.*)", problem)
    if not found:
        return problem
    where = f", {FIELDS[found[2]]}" if found[2] in FIELDS else ""
    rule = found[3].replace("String should have at least 1 character", "it is empty")
    return f"Slide {int(found[1]) + 1}{where}: {rule}"


def _more(old: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that a slide may do without."""
    with st.expander("A question to the class, notes, playing"):
        return {
            "predict": _asked(old["predict"]),
            "play": st.checkbox("The clock plays from here", old["play"]),
            "notes": st.text_area(FIELDS["notes"], old["notes"], height=68),
        }


def _asked(old: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Fields of a question to the reader, at first the `old` one; None where none is asked."""
    was = old or {"ask": "", "options": (), "answer": "", "reveal": ""}
    ask = st.text_input(FIELDS["predict.ask"], was["ask"], max_chars=300)
    options = st.text_area(
        f"{FIELDS['predict.options']}, one a line",
        "\n".join(was["options"]),
        help="Without any, readers answer with a number, right within a tenth of it.",
        height=68,
    )
    click = st.selectbox(
        "Or a click in the picture, on a",
        CLICKS,
        CLICKS.index(was.get("click") or CLICKS[0]),
        help="The right answer is then a token as it is labelled, 4, Layer 1, head 0, or a step.",
    )
    right = "The text of one of the answers to choose from, or a number. "
    answer = st.text_input(
        FIELDS["predict.answer"], was["answer"], help=right + HELP, max_chars=300
    )
    reveal = st.text_area(FIELDS["predict.reveal"], was["reveal"], help=HELP, height=68)
    lines = [line.strip() for line in options.splitlines() if line.strip()]
    said = {"ask": ask, "options": lines, "answer": answer, "reveal": reveal}
    said["click"] = None if click == CLICKS[0] else click
    return {**was, **said} if ask.strip() else None


def _viewless(slide: Mapping[str, Any]) -> dict[str, Any]:
    """What a slide says and asks, without the view that it shows."""
    of_view = ("page", "run", "step", "show", "highlight", "train")
    return {name: value for name, value in slide.items() if name not in of_view}


def _untrained(old: Mapping[str, Any], trains: Mapping[str, Any]) -> dict[str, Any]:
    """A slide as it was, of the run that is shown where it trains none any more."""
    leaves = {"run": session.run()} if old.get("train") and not trains else {}
    return {name: value for name, value in old.items() if name != "train"} | leaves


def _view() -> dict[str, Any]:
    """What leads to the present view, as a slide has it."""
    show = shown_view()
    own = {name: show.pop(name) for name in ("run", "step") if name in show}
    return own | {"show": show}
