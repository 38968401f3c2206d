"""A lesson as one HTML file: `python -m explorer.views.lessons.offline NAME RUN FILE`.

It writes the number of each slide, from 1, before it draws that, which takes a second or more.
"""

import logging
import sys
from html import escape
from pathlib import Path

import torch

from explorer.drawn import drawn
from explorer.lessons.files import SHIPPED
from explorer.lessons.lesson import Lesson, Prediction
from explorer.lessons.rendering import formula, html_of, line_of
from explorer.player.offline import OfflineSlide, offline_lesson
from explorer.views.lessons.shelf import lesson_of
from explorer.views.lessons.telling import outlined, title_of, told, view_of
from explorer.views.lessons.trained import Untrained
from explorer.visit.page import plain
from model_core.runs.files import read_file
from model_core.runs.storage import write_whole

NOTE = "Made in Driftscope, where you can also type, choose and train. Space plays, ← and → step."


def main(name: str, run: str, file: Path) -> None:
    logging.disable(logging.WARNING)  # of Streamlit, that it misses a server
    torch.set_num_threads(1)
    lesson = _about(lesson_of(name), run)
    slides = []
    for at in range(len(lesson.slides)):
        print(at + 1, flush=True)
        slides.append(offline_slide(lesson, at, run))
    style = read_file(SHIPPED / "glossary.css").decode()
    write_whole(file, offline_lesson(lesson.title, slides, note=NOTE, style=style))


def _about(lesson: Lesson, run: str) -> Lesson:
    """The lesson with this run where a slide is about the one that is chosen."""
    slides = [one if one.run else one.model_copy(update={"run": run}) for one in lesson.slides]
    return lesson.model_copy(update={"slides": tuple(slides)})


def offline_slide(lesson: Lesson, at: int, chosen: str) -> OfflineSlide:
    """A slide of which each names its run: its words, and what its view draws if that can be."""
    slide, words = lesson.slides[at], words_of(lesson, at)
    try:
        payload, names, step, _ = drawn(slide.page, view_of(lesson, at, chosen))
    except Untrained:
        return OfflineSlide(words)
    except ValueError as error:
        return OfflineSlide(words + _note(f"This slide has no pictures here: {error}"))
    return OfflineSlide(words, payload, step, names, slide.play, outlined(slide.highlight))


def words_of(lesson: Lesson, at: int) -> str:
    """What the slide says on screen, as HTML; and what it cannot be here, in one sentence."""
    try:
        parts = [f"<h1>{line_of(title_of(lesson, at))}</h1>"]
        slide, run = told(lesson, at)
        parts += [html_of(slide.text), formula(slide.formula)]
        if slide.predict:
            parts.append(_asked(slide.predict, known=run is not None))
        if slide.train and run is None:
            parts.append(
                _note("A button in the app trains a run here, which these numbers wait for.")
            )
        elif slide.train:
            parts.append(_note("In the app a button trains this run."))
    except Untrained as missing:
        number = missing.slide + 1
        parts.append(_note(f"This slide is about a run that slide {number} trains in the app."))
    except ValueError as error:
        parts = [f"<h1>{escape(lesson.slides[at].title)}</h1>", _note(str(error))]
    return "\n".join(filter(None, parts))


def _asked(asked: Prediction, *, known: bool) -> str:
    """The question, and if it is known its answer, which a press reveals."""
    options = "".join(f"<li>{line_of(plain(option))}</li>" for option in asked.options)
    question = f"<p><strong>{line_of(asked.ask)}</strong></p>"
    question += f"<ul>{options}</ul>" if options else ""
    if not known:
        return question
    answer, reveal = line_of(plain(asked.answer)), line_of(asked.reveal)
    return f"{question}<details><summary>Answer</summary><p><b>{answer}</b>. {reveal}</p></details>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
