"""What is deleted is asked twice, and comes back by Undo for a day: runs and lessons alike."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from explorer.visit import session
from explorer.visit.page import plain
from explorer.visit.queue import about
from explorer.visit.runs import run_names
from model_core.runs import shelf
from model_core.runs.storage import tried


def delete_buttons(path: Path, delete: Callable[[Path], None]) -> None:
    """Asked twice; the second answer stands where the first was asked."""
    key, name = f"delete {path.name}", path.name
    if session.visit().deleting != name:
        st.button("Delete", key=key, on_click=_ask, args=(name,))
        return
    st.button("Really delete", type="primary", key=key, on_click=_delete, args=(path, delete))
    st.button("Keep it", key=f"keep {name}", on_click=_ask, args=("",))


def delete_run(path: Path) -> None:
    """Delete a run, and look at another one."""
    shelf.delete(path)
    if path.name not in run_names():
        session.choose_run(run_names()[0], session.text() or "")


def say_deleted(folder: Path, back: Callable[[Path], object]) -> None:
    """What was deleted of a folder, by whomever, and the way `back`."""
    for moved, age in shelf.deleted(folder).items():
        name = moved.name.partition("@")[0].removesuffix(".yaml")
        with st.container(horizontal=True, vertical_alignment="center"):
            words = f"{name} was deleted {about(age)} ago. It is erased after a day."
            st.markdown(plain(words))
            undo = partial(back, moved)
            st.button("Undo", key=f"undo {moved.name}", on_click=attempt, args=(undo,))


def attempt(action: Callable[[], object]) -> None:
    """In a callback: do it, or keep the words for the page."""
    session.visit().refused = tried(action)


def _ask(name: str) -> None:
    session.visit().deleting = name


def _delete(path: Path, delete: Callable[[Path], None]) -> None:
    def move() -> None:
        delete(path)
        _ask("")

    attempt(move)
