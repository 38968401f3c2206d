"""A lesson's file: asked for by a button, made by a process of its own, followed to its end."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from explorer.lessons.lesson import Lesson
from explorer.views.lessons.trained import name_shown
from explorer.visit import session
from explorer.visit.session import LessonFile

LABEL = "This lesson as one HTML file"
HELP = (
    "Its slides with their pictures, without the notes: they play and obey keys in a browser, "
    "without a server or a network. To make it takes some seconds a slide."
)


def offer(name: str, lesson: Lesson, key: str) -> None:
    """A button for the file; once pressed, how far it is, and then the file with its size."""
    file = session.visit().files.get(name)
    if file is None or file.of != _of(lesson):
        st.button(
            LABEL,
            key=key,
            type="tertiary",
            icon=":material/download:",
            help=HELP,
            on_click=_begin,
            args=(name, lesson),
        )
    elif not file.is_done:
        _follow(file, len(lesson.slides))
    elif file.data:
        label = f"Save the file, {len(file.data) / 1e6:.1f} MB"
        icon = ":material/download:"
        st.download_button(
            label, file.data, f"{name}.html", "text/html", icon=icon, on_click="ignore"
        )
    else:
        st.error(
            "The file could not be made: its process ended. Close other programs and try again."
        )
        st.button("Try again", key=key, on_click=_begin, args=(name, lesson))


@st.fragment(run_every=1.0)
def _follow(file: LessonFile, slides: int) -> None:
    """How far the making is; the page is drawn anew at its end."""
    if file.is_done:
        st.rerun()
    st.caption(
        f"Drawing slide {file.at} of {slides} …" if file.at else "It begins in a few seconds …"
    )


def _begin(name: str, lesson: Lesson) -> None:
    """In a callback: the file is made, after those that others have asked for."""
    file = session.visit().files[name] = LessonFile(_of(lesson))
    _maker().submit(_make, file, name, session.run())


def _of(lesson: Lesson) -> tuple[object, ...]:
    """What a file is of: another lesson, or another run, needs another one."""
    shown = [name_shown(lesson, at) for at in range(len(lesson.slides))]
    return lesson, shown, session.run()


@cache
def _maker() -> ThreadPoolExecutor:
    """Makes one file at a time: each takes the memory of a server."""
    return ThreadPoolExecutor(1)


def _make(file: LessonFile, name: str, run: str) -> None:
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "lesson.html"
            _draw(file, [name, run, str(path)])
            file.data = path.read_bytes()
    finally:
        file.is_done = True


def _draw(file: LessonFile, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "explorer.views.lessons.offline", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        for line in process.stdout or ():
            file.at = int(line)
