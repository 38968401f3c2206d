"""A lesson's file: asked for by a button, followed to its end, saved by another."""

from pathlib import Path

import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.data.others import stamps
from explorer.lessons.lesson import Lesson
from explorer.views.lessons.making import MOST, LessonFile, maker
from explorer.views.lessons.trained import name_shown
from explorer.visit import session
from explorer.visit.runs import run_paths
from model_core.runs.status import read_status

LABEL = "This lesson as one HTML file"
FULL = f"{MOST} files wait to be made; try again in some minutes."
FAILED = "The file could not be made: its process ended. Close other programs and try again."


def offer(name: str, lesson: Lesson, key: str) -> None:
    """A button for the file; once anybody asked, how far it is, and then the file with its size."""
    files = [one for one in maker().files if one.name == name]
    file = next((one for one in files if one.of == _of(name, lesson)), None)
    if file is None or (file.is_done and not file.data):
        _ask(name, lesson, key, again=file is not None and name in session.visit().files)
    elif not file.is_done:
        _follow(file, len(lesson.slides))
    else:
        label = f"Save the file, {len(file.data) / 1e6:.1f} MB"
        icon = ":material/download:"
        st.download_button(
            label, file.data, f"{name}.html", "text/html", icon=icon, on_click="ignore"
        )


def _ask(name: str, lesson: Lesson, key: str, *, again: bool) -> None:
    """The button; where what this visitor asked for could not be made, once `again`."""
    if again:
        st.error(FAILED)
    is_full = maker().is_full
    st.button(
        "Try again" if again else LABEL,
        key=key,
        type="tertiary",
        icon=":material/download:",
        help=FULL if is_full else None,
        disabled=is_full,
        on_click=_begin,
        args=(name, lesson),
    )


@st.fragment(run_every=1.0)
def _follow(file: LessonFile, slides: int) -> None:
    """How far the making is; the page is drawn anew at its end."""
    if file.is_done:
        st.rerun()
    if file.at:
        st.caption(f"Making the file: slide {file.at} of {slides} …")
    elif before := maker().before(file):
        st.caption(f"Making the file: it waits for {counted(before, 'other file')} …")
    else:
        st.caption("Making the file: it begins in a few seconds …")


def _begin(name: str, lesson: Lesson) -> None:
    """In a callback: the file is made, after those that others have asked for."""
    session.visit().files.add(name)
    maker().ask(LessonFile(name, _of(name, lesson), session.run()))


def _of(name: str, lesson: Lesson) -> tuple[object, ...]:
    """What a file is of: a changed lesson, another run or one trained further needs another one."""
    paths = run_paths()
    shown = [name_shown(lesson, at) or session.run() for at in range(len(lesson.slides))]
    return name, lesson, shown, [_state(paths[run]) for run in shown if run in paths]


def _state(path: Path) -> tuple[object, ...]:
    """Of a run: while it trains its file is of that time, with whatever steps there are."""
    status = read_status(path)
    return stamps(path, "run.json"), status.active, status.active or status.step
