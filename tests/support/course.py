"""The lessons that come with the app, and what the runs put into their texts."""

from functools import partial
from pathlib import Path

from explorer.data.facts.by_name import fact
from explorer.lessons.files import SHIPPED, names_of, read_lesson
from explorer.lessons.lesson import Slide
from explorer.lessons.wording import filled
from explorer.visit.runs import RECORDED
from model_core.runs import Run

COURSE = {name: read_lesson(SHIPPED / f"{name}.yaml") for name in names_of(SHIPPED)}


def written(slide: Slide, text: str, own: Path = RECORDED) -> str:
    """A text of a slide with its numbers, some of them of runs in one's `own` folder."""
    assert slide.run

    def named(other: str) -> Run:
        run = other or str(slide.run)
        return Run.open((RECORDED if (RECORDED / run).exists() else own) / run)

    return filled(text, partial(fact, named))
