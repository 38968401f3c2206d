"""Runs that a lesson trains: found by what they are made from, or trained by a button."""

from functools import partial
from pathlib import Path

import streamlit as st

from explorer.data.others import made_from
from explorer.lessons.lesson import Lesson
from explorer.lessons.training import Training
from explorer.visit import runs, session
from explorer.visit.lesson import teach
from explorer.visit.page import plain
from explorer.visit.queue import about, would_wait
from explorer.visit.training import is_open, started
from model_core.runs import Run, create_run, runs_folder
from model_core.runs.archive import free_name
from model_core.runs.status import read_status
from model_core.training.pace import training_seconds
from model_core.training.room import check_room

BUTTON = "Train this run"


class Untrained(Exception):
    """A run has to be trained first, by `slide`, the first is 0; `path` where that goes on."""

    def __init__(self, slide: int, path: Path | None) -> None:
        super().__init__()
        self.slide, self.path = slide, path


def run_named(lesson: Lesson, at: int, name: str | None) -> Run:
    """The run that slide `at` calls so, at its end if the lesson trains it; None: the chosen one.

    Untrained where it has not ended; ValueError where there is none.
    """
    if name is None:
        return runs.open_run()
    trains = lesson.training(at, name)
    if trains is None:
        return Run.open(runs.run_path(name))
    path = made_from(trains[1].plan)
    if path is None or is_open(path):
        raise Untrained(trains[0], None)
    if read_status(path).active:
        raise Untrained(trains[0], path)
    return Run.open(path)


def name_shown(lesson: Lesson, at: int) -> str | None:
    """The run whose view a slide opens: while its own is still to be made, that of slides before.

    None is the chosen one.
    """
    while at >= 0:
        name = lesson.slides[at].run
        trains = lesson.training(at, name)
        if trains is None:
            return name
        if path := made_from(trains[1].plan):
            return path.name
        at = trains[0] - 1
    return None


def offer(training: Training, name: str) -> None:
    """The button of the slide that is on, with its time; once pressed, how the training stands."""
    path = made_from(training.plan)
    if path is not None and not is_open(path):
        _stand(path)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        pressed = st.button(BUTTON, type="primary", key="lesson-train")
        st.caption(
            plain(f"{about(training_seconds(training.plan))} · {would_wait()}"), width="content"
        )
    if not pressed:
        return
    if problem := started(partial(_make, training, name)):
        st.error(plain(problem))
        return
    session.visit().fresh = True
    st.rerun()


def send_back(missing: Untrained) -> None:
    """The way from a slide to the one that trains its run."""
    number, on = missing.slide + 1, session.visit().lesson
    assert on is not None
    trains = missing.path is not None
    way = "its numbers come at its end." if trains else f"go there and press {BUTTON}."
    st.info(f"This slide is about the run that slide {number} trains: {way}")
    st.button(f"To slide {number}", on_click=teach, args=(on[0], number))
    if missing.path:
        _stand(missing.path)


def _make(training: Training, name: str) -> list[Path]:
    """The run's folder, new or interrupted; none where it has been trained, or is."""
    path = made_from(training.plan)
    if path is None:
        check_room(training.plan, runs_folder())
        path = runs_folder() / free_name(runs_folder(), name, runs.run_names())
        create_run(path, training.plan)
        return [path]
    return [path] if is_open(path) else []


def _stand(path: Path) -> None:
    """How far a training is, while it goes on; the page is drawn anew at its end."""
    if not read_status(path).active:
        st.caption(f"Trained: {plain(path.name)}")
        return

    @st.fragment(run_every=1.0)
    def words() -> None:
        status = read_status(path)
        if not status.active:
            st.rerun()
        step = f"step {status.step:,} of {status.steps:,}"
        st.caption(plain(f"{path.name}: {status.standing}, {step}"))

    words()
