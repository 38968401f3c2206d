"""What a slide says and shows: its numbers, of which runs, and the address of its view."""

from collections.abc import Callable
from functools import cache

from explorer.data.facts.by_name import Fact, fact
from explorer.lessons.lesson import Lesson, Slide
from explorer.lessons.wording import UNKNOWN, as_it_was, filled, number
from explorer.views.lessons.trained import Untrained, name_shown, run_named
from explorer.visit import runs
from explorer.visit.page import plain
from model_core.runs import Run

Facts = Callable[[str, tuple[str, ...], str], Fact]


def view_of(lesson: Lesson, at: int, chosen: str) -> dict[str, str]:
    """The parameters of the address of a slide's view, of the `chosen` run where it names none.

    Untrained where another slide is to train its run; ValueError where a run or a number is not
    there.
    """
    shown = name_shown(lesson, at) or chosen
    run = Run.open(runs.run_path(shown))
    address = {name: text for name, text in lesson.slides[at].address.items() if name != "run"}
    facts = facts_of(lesson, at, run)
    parameters = {name: as_it_was(filled(text, facts)) for name, text in address.items()}
    return parameters | {"run": shown}


def outlined(panel: str) -> str:
    """The style that marks a panel, and puts it first where a presentation has room for one."""
    if not panel:
        return ""
    name = f'[data-panel="{panel}"]'
    first = f".driftscope-presented {name} {{ order: -1; }}"
    mark = f"{name} {{ outline: 3px solid #d55e00; outline-offset: 4px; }}"
    return f"{mark} @media (max-width: 1100px) {{ {first} }}"


def title_of(lesson: Lesson, at: int) -> str:
    """A slide's title as Markdown, whether or not its run is trained."""
    return filled(lesson.slides[at].title, facts_of(lesson, at, unknown=UNKNOWN), plain)


def told(lesson: Lesson, at: int) -> tuple[Slide, Run | None]:
    """A slide with its numbers, and the run that they are of: None where it is to train that.

    Untrained where another slide is; ValueError where a run or a number is not there.
    """
    slide = lesson.slides[at]
    try:
        run = run_named(lesson, at, slide.run)
    except Untrained:
        if slide.train is None:
            raise
        return with_numbers(slide, facts_of(lesson, at, unknown=UNKNOWN), plain), None
    return with_numbers(slide, facts_of(lesson, at, run), plain), run


def with_numbers(slide: Slide, facts: Facts, quoted: Callable[[str], str]) -> Slide:
    """What a slide says in Markdown, each number `quoted` there; options and answer are no such."""
    asked = slide.predict
    if asked is not None:
        ask, reveal = (filled(text, facts, quoted) for text in (asked.ask, asked.reveal))
        options = tuple(filled(option, facts) for option in asked.options)
        said = {"ask": ask, "options": options, "answer": filled(asked.answer, facts)}
        asked = asked.model_copy(update=said | {"reveal": reveal})
    title, text = (filled(text, facts, quoted) for text in (slide.title, slide.text))
    return slide.model_copy(update={"title": title, "text": text, "predict": asked})


def check(lesson: Lesson, at: int) -> None:
    """ValueError where a number of a slide's texts cannot be had, or its question has no answer.

    Of a run that is still to be trained, nothing is known.
    """
    try:
        slide, run = told(lesson, at)
    except Untrained:
        return
    asked = slide.predict
    if asked is None or run is None:
        return
    if asked.options and asked.answer not in asked.options:
        raise ValueError(
            f"The right answer, {asked.answer[:40]}, is none of the answers to choose from: "
            + ", ".join(asked.options)[:120]
        )
    if asked.is_number:
        number(asked.answer)


def facts_of(lesson: Lesson, at: int, run: Run | None = None, *, unknown: str = "") -> Facts:
    """The numbers in a slide's texts: of `run`, else of its own, and of those that it names.

    Without `unknown`, Untrained is raised where a run is still to be trained.
    """

    @cache
    def named(other: str) -> Run:
        if run is not None and not other:
            return run
        return run_named(lesson, at, other or lesson.slides[at].run)

    def value(name: str, arguments: tuple[str, ...], other: str) -> Fact:
        try:
            return fact(named, name, arguments, other)
        except Untrained:
            if not unknown:
                raise
            return unknown

    return value
