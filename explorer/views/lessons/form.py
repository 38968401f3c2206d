"""The form of one slide: its words, its question, the run that it trains, and what keeps them."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from explorer.lessons.files import with_slides
from explorer.lessons.lesson import Lesson
from explorer.lessons.wording import without_numbers
from explorer.views.lessons import buttons, plans
from explorer.views.lessons.buttons import Press
from explorer.views.lessons.shelf import keep_slides
from explorer.views.lessons.telling import check
from explorer.visit import session
from explorer.visit.lesson import begin_slide, end_lesson, teach, write_lesson
from explorer.visit.page import plain
from explorer.visit.published import shown_view
from model_core.runs.storage import tried

HELP = (
    "A number of the run shown stands in braces, as in {loss(0):.2f} for the loss at step 0. "
    "All of them are listed under Numbers of the run."
)
NONE = "–"
CLICKS = (NONE, "token", "position", "head", "step")
FIELDS = {
    "title": "Title of the slide",
    "text": "What you say of this view",
    "notes": "Notes, for you alone",
    "predict.ask": "Question",
    "predict.options": "Answers to choose from",
    "predict.answer": "The right answer",
    "predict.reveal": "What you say then",
}
NEW: dict[str, Any] = {
    "title": "",
    "text": "",
    "play": False,
    "notes": "",
    "highlight": "",
    "predict": None,
    "train": None,
}


def draw(
    page: str, on: tuple[str, int], title: str, lesson: Lesson | None, slides: list[Any]
) -> None:
    """The slides so far, and fields of the chosen one, or of a new one.

    What is written comes with whatever button is pressed, and is kept: in the slide, or for the
    new one until it is added.
    """
    name, number = on
    old = (
        slides[number - 1] if number <= len(slides) else NEW | session.visit().drafts.get(name, {})
    )
    key = f"{name} {number} {len(slides)}"
    with st.form(f"lesson.slide {key}", border=False, enter_to_submit=False):
        pressed = [buttons.row(number, slides, at) for at in range(len(slides))]
        if number <= len(slides):
            st.markdown(f"**Slide {number}**")
        else:
            st.markdown(f"**Slide {number}: the view shown now**")
        values = {
            "title": st.text_input(FIELDS["title"], old["title"], max_chars=300),
            "text": st.text_area(FIELDS["text"], old["text"], help=HELP, height=96),
            **_more(old),
        }
        pressed += buttons.below(page, number, len(slides))
    with st.expander("A run that readers train", expanded=bool(old["train"])):
        trains, problem = _trains(old, f"lesson.train {key}")
    press = next(filter(None, pressed), None)
    if press and not problem:
        written = Written(page, on, old, values, trains)
        problem = tried(partial(_act, press, written, title, lesson, slides))
    if problem:
        st.error(plain(_in_words_of_the_form(problem)))
        if press:
            st.toast(f"Slide {number} is not saved, see below its form")
    elif press:
        st.rerun()


class Written(NamedTuple):
    """What stands in the form on a page: of which lesson and slide, which was `old`."""

    page: str
    on: tuple[str, int]
    old: Mapping[str, Any]
    values: Mapping[str, Any]
    trains: Mapping[str, Any]

    def slide(self, *, view: bool) -> dict[str, Any]:
        """The slide, with the view that it had or with that which is shown now."""
        values = dict(self.values)
        if view:
            before = _viewless(self.old) | {"page": self.page, **_view()}
            if values["highlight"] not in session.visit().pictures:
                values["highlight"] = ""  # it was of another view
        else:
            before = _untrained(self.old, self.trains)
        return {**before, "train": None, **values, **self.trains}


def _act(
    press: Press, written: Written, title: str, lesson: Lesson | None, slides: list[Any]
) -> None:
    """Keep what is written, then do what was asked; ValueError or OSError where it cannot be."""
    name, number = written.on
    wanted, view = list(slides), press.what in (buttons.ADD, buttons.VIEW)
    if number > len(slides) and not view:
        session.visit().drafts[name] = dict(written.values)
    elif press != (buttons.OFF, number - 1):  # what is taken out need not be right
        wanted[number - 1 :] = [written.slide(view=view), *slides[number:]]
    if wanted != slides:
        check(with_slides(lesson, title, wanted), number - 1)
    if press.what == buttons.UP:
        wanted.insert(press.at - 1, wanted.pop(press.at))
    if press.what == buttons.OFF:
        del wanted[press.at]
    if wanted != slides:
        name = keep_slides(name, title, lesson, wanted)
    _go_on(press, (name, number), len(wanted))


def _go_on(press: Press, on: tuple[str, int], count: int) -> None:
    """Which slide is chosen now: the one that was, wherever it stands, or what was asked for."""
    (name, number), at = on, press.at
    match press.what:
        case buttons.OPEN:
            teach(name, at + 1)
        case buttons.UP:
            begin_slide(name, {at: at + 1, at + 1: at}.get(number, number))
        case buttons.OFF:
            begin_slide(name, count + 1 if number == at + 1 else number - (number > at + 1))
        case buttons.READ:
            write_lesson(None)
            teach(name, number if number <= count else 1)
        case buttons.CLOSE:
            end_lesson()
        case buttons.NEXT:
            begin_slide(name, count + 1)
        case what:
            st.toast(f"Slide {number} is saved")
            if what == buttons.ADD:
                session.visit().drafts.pop(name, None)
                begin_slide(name, count + 1)


def _trains(old: Mapping[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The run that the slide trains; why it cannot be, while the form stays as it is."""
    try:
        return plans.choose(old, key), ""
    except ValueError as error:
        return {}, str(error)


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
    with st.expander("A question to the class, notes, playing, an outline"):
        return {
            "predict": _asked(old["predict"]),
            "highlight": _outlined(old["highlight"]),
            "play": st.checkbox("The clock plays from here", old["play"]),
            "notes": st.text_area(FIELDS["notes"], old["notes"], height=68),
        }


def _outlined(was: str) -> str:
    """The key of the picture that is outlined, at first `was`; "" for none."""
    titles = {was: was} | session.visit().pictures
    keys = ["", *filter(None, titles)]
    return st.selectbox(
        "Outline a picture",
        keys,
        keys.index(was),
        format_func=lambda key: titles[key] or key if key else NONE,
        help="Readers see a frame around it. Presented on a small screen, it comes first.",
    )


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
        CLICKS.index(was.get("click") or NONE),
        help="The right answer is then a token as it is labelled, 4, Layer 1, head 0, or a step.",
    )
    right = "The text of one of the answers to choose from, or a number. "
    answer = st.text_input(
        FIELDS["predict.answer"], was["answer"], help=right + HELP, max_chars=300
    )
    reveal = st.text_area(FIELDS["predict.reveal"], was["reveal"], help=HELP, height=68)
    lines = [line.strip() for line in options.splitlines() if line.strip()]
    said = {"ask": ask, "options": lines, "answer": answer, "reveal": reveal}
    said["click"] = None if click == NONE else click
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
    show = {name: without_numbers(value) for name, value in shown_view().items()}
    own = {name: show.pop(name) for name in ("run", "step") if name in show}
    return own | {"show": show}
