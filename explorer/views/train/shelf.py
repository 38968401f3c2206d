"""The shelf: all runs, and what can be done with the chosen one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.data.others import families, opened
from explorer.data.shelf import first_difference, line, recipe_of
from explorer.visit import session
from explorer.visit.deleting import attempt, delete_buttons, delete_run, say_deleted
from explorer.visit.page import plain
from explorer.visit.runs import RECORDED, is_own, open_run, run_names, run_paths
from explorer.visit.sentence import example
from explorer.visit.training import started
from model_core.runs import Run, archive, create_run, runs_folder, shelf
from model_core.training.families import plan_of

FORM, SHELF = "A new run", "Shelf of runs"  # the page's views
TABLE = "shelf table"
SHIPPED = "This run came with the app: it cannot be renamed, noted or deleted."
MEGABYTES = archive.LARGEST // 2**20


def draw(run: Run) -> None:
    """The table of all runs, and beside it the card of the chosen one."""
    shelf.clear(runs_folder())
    left, right = st.columns([6, 5], gap="medium")
    with left.container(key="card-shelf"):
        _table(run)
        _upload()
    with right.container(key="card-run", border=True):
        _card(run)
    say_deleted(runs_folder(), _undo)


def _table(run: Run) -> None:
    """A click on a line chooses its run; the chosen one's line is marked."""
    paths = run_paths()
    names = [*paths]
    session.put(
        TABLE, {"selection": {"rows": [names.index(run.name)] if run.name in paths else []}}
    )
    st.dataframe(
        pd.DataFrame([_row(path) for path in paths.values()]),
        key=TABLE,
        hide_index=True,
        height=330,
        on_select=partial(choose_line, names),
        selection_mode="single-row-required",
    )


def _row(path: Path) -> dict[str, object]:
    status, loss, note = line(path)
    return {
        "run": path.name,
        "state": status.standing,
        "step": status.step,
        "validation loss": loss,
        "note": note,
    }


def choose_line(names: Sequence[str]) -> None:
    """In a callback: of the lines as they were drawn, which others may have changed since."""
    rows = session.value(TABLE).selection.rows
    name = names[rows[0]] if rows and rows[0] < len(names) else ""
    if name in run_names():
        _choose(name)


def _choose(name: str) -> None:
    """Look at another run from the next rerun on; its predecessor's example goes with it."""
    try:
        old = example(open_run())
    except ValueError:
        old = ""
    session.choose_run(name, old)


def _upload() -> None:
    count = session.visit().uploads
    key = f"upload {count}"
    st.file_uploader(
        "Add a run from a file (zip)",
        type="zip",
        key=key,
        max_upload_size=MEGABYTES,
        on_change=_unpack,
        args=(key,),
    )
    if session.visit().refused:
        st.error(plain(session.visit().refused))


def _unpack(key: str) -> None:
    """In a callback: make a run of what was dropped, and look at it."""
    file = session.value(key)
    if file is None:
        session.visit().refused = ""
        return

    def make() -> None:
        folder = runs_folder()
        folder.mkdir(parents=True, exist_ok=True)
        stem = Path(file.name).stem[:64]
        _choose(archive.unpack_run(file.getvalue(), folder, stem, run_names()).name)
        session.visit().uploads += 1  # another field, which is empty

    attempt(make)


def _card(run: Run) -> None:
    """What can be done with this run."""
    own, name = is_own(run), run.name
    if own:
        key = f"rename {name}"
        st.text_input("Name", name, key=key, max_chars=64, on_change=_rename, args=(run.path, key))
        note = f"note {name}"
        st.text_area(
            "Note",
            shelf.read_note(run.path),
            key=note,
            max_chars=shelf.LONGEST,
            height=68,
            on_change=_note,
            args=(run.path, note),
        )
    else:
        st.markdown(f"**{plain(name)}**")
        st.caption(SHIPPED)
    with st.container(horizontal=True):
        st.button("Duplicate with a change", on_click=_duplicate, args=(name,))
        st.button("Replay", on_click=_replay, args=(run.path,), help="Train the same once more.")
        st.download_button(
            "Download",
            data=lambda: archive.packed(run.path),
            file_name=f"{name}.zip",
            mime="application/zip",
            on_click="ignore",
        )
        if own:
            delete_buttons(run.path, delete_run)
    for words in _replays(run):
        st.markdown(plain(words))
    with st.expander("Recipe"):
        _recipe(run)


def _undo(moved: Path) -> None:
    _choose(shelf.restore(moved).name)


def _rename(path: Path, key: str) -> None:
    name = session.value(key)
    if name != path.name:
        attempt(lambda: _choose(shelf.rename(path, _not_shipped(name)).name))


def _not_shipped(name: str) -> str:
    if (RECORDED / name / "run.json").is_file():
        raise ValueError(f"{name} is the name of a run that came with the app; choose another")
    return name


def _note(path: Path, key: str) -> None:
    attempt(lambda: shelf.write_note(path, session.value(key)))


def _duplicate(name: str) -> None:
    """Open the form, filled from this run."""
    session.visit().like = name
    session.put("train.view", FORM)


def _replay(path: Path) -> None:
    def make() -> list[Path]:
        run = Run.open(path)
        again = runs_folder() / archive.free_name(runs_folder(), f"{run.name[:57]}-replay")
        create_run(again, plan_of(run))
        return [again]

    session.visit().refused = started(make)


def _replays(run: Run) -> list[str]:
    """Of each other run of the same recipe, whether it is the same to the bit."""
    paths = run_paths()
    made = families(paths)
    same = [name for name, one in made.items() if name != run.name and one == made.get(run.name)]
    runs = opened({name: paths[name] for name in same})
    trains = {name for name in (run.name, *same) if line(paths[name]).status.active}
    return [_compared(run, name, runs.get(name), bool({run.name, name} & trains)) for name in same]


def _compared(run: Run, name: str, other: Run | None, training: bool) -> str:
    both = np.intersect1d(run.steps, other.steps) if other is not None else ()
    if training or other is None or not len(both):
        return f"{name} has the same recipe; whether it is the same is told once both ended."
    step = first_difference(run, other)
    if step is None:
        return f"The same to the bit as {name}, at {counted(len(both), 'recorded step')}."
    return f"Not the same as {name}, which has the same recipe: from step {step:,} on."


def _recipe(run: Run) -> None:
    try:
        command = recipe_of(run)
    except ValueError as error:
        st.info(plain(f"No command makes this run again: {error}."))
        return
    st.code(command, language="bash", wrap_lines=True)
    words = "Preset, changes and seed."
    if "--text" in command:
        words += " text.txt is in the downloaded run."
    if "--expect" in command:
        words += (
            " --expect is the SHA-256 of the weights after the last recorded step: the command "
            "says whether yours are the same to the bit."
        )
    st.caption(words)
