"""A lesson of the teacher's own, written beside any page: the present view becomes a slide."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from explorer.data.facts.by_name import FACTS, about, usage
from explorer.lessons.files import as_text, with_slides
from explorer.lessons.lesson import Lesson, Page
from explorer.lessons.wording import runs_in
from explorer.views.lessons import plans
from explorer.views.lessons.shelf import keep_new, lesson_of, save
from explorer.views.lessons.telling import check
from explorer.visit import session
from explorer.visit.lesson import begin_slide, end_lesson, teach, write_lesson
from explorer.visit.page import plain
from explorer.visit.published import shown_view
from explorer.visit.runs import run_names
from model_core.runs.storage import tried

HELP = (
    "A number of the run shown stands in braces, as in {loss(0):.2f} for the loss at step 0. "
    "All of them are listed under Numbers of the run."
)
NUMBERS = """A step is a recorded one, or "last"; a token is its label, "␣" for a space; rows,
layers and heads are counted from 0. What has "=" may be left out."""
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
    _form(page, on, title, lesson, slides)
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


def _form(
    page: str, on: tuple[str, int], title: str, lesson: Lesson | None, slides: Sequence[Any]
) -> None:
    """Fields of the chosen slide, or of a new one."""
    name, number = on
    chosen = slides[number - 1] if number <= len(slides) else None
    old: Mapping[str, Any] = chosen or NEW
    trains: dict[str, Any] = {}
    problem = ""
    st.markdown(f"**Slide {number}**" if chosen else f"**Slide {number}: the view shown now**")
    try:
        with st.expander("A run that readers train", expanded=bool(old["train"])):
            trains = plans.choose(old, f"lesson.train {name} {number} {len(slides)}")
    except ValueError as error:  # the form stays, with what is written in it
        problem = str(error)
    with st.form(f"lesson.slide {name} {number} {len(slides)}", border=False):
        values = {
            "title": st.text_input(FIELDS["title"], old["title"], max_chars=300),
            "text": st.text_area(FIELDS["text"], old["text"], help=HELP, height=96),
            **_more(old),
        }
        no_view = page not in get_args(Page)
        words = chosen and st.form_submit_button("Save the words", type="primary")
        view = chosen and st.form_submit_button("Save with the view shown now", disabled=no_view)
        added = not chosen and st.form_submit_button(
            "Add this view as a slide", type="primary", disabled=no_view
        )
        if no_view:
            st.caption("Go to a page with pictures: this one is no view that a slide can show.")
    if not (words or view or added):
        if problem:
            st.error(plain(problem))
        return
    before = _untrained(old, trains) if words else _viewless(old) | {"page": page, **_view()}
    changed = [*slides[: number - 1], {**before, **values, **trains}, *slides[number:]]

    def keep() -> None:
        nonlocal name
        check(with_slides(lesson, title, changed), number - 1)
        name = _write(name, title, lesson, changed)

    if problem := problem or tried(keep):
        st.error(plain(_in_words_of_the_form(problem)))
        st.toast(f"Slide {number} is not saved, see below its form")
        return
    st.toast(f"Slide {number} is saved")
    if added:
        begin_slide(name, len(changed) + 1)
    st.rerun()


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


def _keep(name: str, slides: list[Any], number: int = 0, title: str = "") -> None:
    """In a callback: the lesson has these slides, and if they are given another chosen slide, which
    is the one that was, and another title."""

    def keep() -> None:
        lesson = lesson_of(name)
        _write(name, title or lesson.title, lesson, slides)
        if number:
            begin_slide(name, number)

    session.visit().problem = tried(keep)


def _write(name: str, title: str, lesson: Lesson | None, slides: Sequence[Any]) -> str:
    """Keep the lesson with these slides; its name, which a new one has from now on."""
    text = as_text(with_slides(lesson, title, slides))
    if lesson is None:
        name = keep_new(title, text)
    else:
        save(name, text)
    session.visit().predicted.clear()  # a question may stand on another slide now
    return name
