"""What to train next: a card, three sliders, one button."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.data.presets import origin, planned
from explorer.views.train import cards, shelf
from explorer.views.train.settings import SHOWN, others, sliders
from explorer.visit import session
from explorer.visit.page import choose_question, plain
from explorer.visit.queue import about, would_wait
from explorer.visit.runs import is_own, open_run, run_names, run_path
from explorer.visit.sentence import example
from explorer.visit.training import started
from model_core.config import ModelConfig, TrainingConfig
from model_core.corpora import check_text, read_text
from model_core.runs import Plan, Run, create_run, runs_folder
from model_core.runs.archive import free_name
from model_core.runs.storage import check_name
from model_core.training import jobs
from model_core.training.pace import training_seconds
from model_core.training.presets import PRESETS
from model_core.training.room import check_room, disk_bytes, memory_bytes, spoken
from model_core.training.sizes import Fit, fit

OWN_BASE = "python-docs"  # of an own text: what is not suggested is as in this preset
VIEWS = {
    shelf.FORM: "What does a model learn from a text, and how fast?",
    shelf.SHELF: "Which runs are there, and what was each made from?",
}


class What(NamedTuple):
    """What is trained: a preset, one's own `text` in its place, under which `name`.

    `key` tells its widgets from others'; `kept` are settings that have none.
    """

    key: str
    base: str
    text: str | None
    name: str
    kept: Mapping[str, Any] = {}


def around(run: Run) -> DeltaGenerator:
    """The question, and what to train; where the run's pictures go.

    One's own run is what is looked at: it stands above the form. A shipped one is an example.
    """
    if choose_question("train.view", VIEWS) == shelf.SHELF:
        shelf.draw(run)
        return st.container()
    above = st.container()
    form()
    return above if is_own(run) and not session.visit().like else st.container()


def form() -> None:
    """What to train; the button alone starts it and makes it the chosen run."""
    if session.visit().like:
        _duplicate(session.visit().like)
        return
    chosen = cards.choose()
    try:
        text = _own_text() if chosen == cards.OWN else None
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if chosen == cards.OWN and text is None:
        return
    base = chosen if text is None else OWN_BASE
    key = chosen if text is None else f"own-{crc32(text.encode()):x}"
    suggested = None if text is None else fit(len(text), len(set(text)))
    defaults = _defaults(base) | (dict(suggested.settings) if suggested else {})
    _start_line(What(key, base, text, chosen if text is None else "own-text"), defaults, suggested)


def _duplicate(name: str) -> None:
    """The settings of a run, to change one of them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"As **{plain(name)}**: change one setting, then train.")
        st.button("Back to the presets", on_click=_forget_like)
    try:
        like = Run.open(run_path(name))
        base, changes, of_own_text = origin(like)
        text = like.text if of_own_text else None
    except ValueError as error:
        st.error(plain(str(error)))
        return
    kept = {name: value for name, value in changes.items() if name not in SHOWN}
    what = What(f"like-{name}", base.name, text, name, kept)
    _start_line(what, _defaults(base.name) | changes, None)


def _forget_like() -> None:
    session.visit().like = ""


def _start_line(what: What, defaults: Mapping[str, Any], suggested: Fit | None) -> None:
    """Sliders with what follows from them, and beside them the button and a drawer for the rest."""
    left, right = st.columns([4, 1], gap="medium")
    right = right.container(gap="xsmall")
    button = right.empty()
    key, name = what.key, free_name(runs_folder(), what.name, run_names())
    with right.popover("All settings", width="stretch"):
        name = st.text_input("Name of the new run", name, max_chars=64, key=f"name-{name}")
        changes = others(key, defaults)
    with left:
        changes |= sliders(key, defaults, int(changes["n_head"]))
    try:
        plan, problem = _checked(name, what, {**what.kept, **changes}), ""
    except ValueError as error:
        plan, problem = None, str(error)
    count = session.visit().trainings
    pressed = button.button(
        "Train",
        key=f"train {count}",
        type="primary",
        disabled=plan is None,
        width="stretch",
    )
    if plan and pressed:
        problem = _start(name, plan, count)
    with left:
        if problem:
            st.error(plain(problem))
        elif plan:
            _expected(name, plan, suggested)


def _own_text() -> str | None:
    """What the visitor pasted or dropped, if anything yet."""
    typed, dropped = st.columns(2, gap="medium")
    text = typed.text_area("Paste a text", height=120, placeholder="At least two characters")
    file = dropped.file_uploader("or drop a file (UTF-8)", max_upload_size=50)
    if file:
        return read_text(file.getvalue())
    return check_text(text) if text else None


def _defaults(base: str) -> dict[str, Any]:
    """Every setting of a preset."""
    preset = PRESETS[base]
    fields = {**ModelConfig.model_fields, **TrainingConfig.model_fields}
    known = {name: field.default for name, field in fields.items()}
    known["vocab_size"] = 512  # aimed at by byte-pair encoding, as the preset's plan has it
    return known | {"tokenizer": preset.tokenizer, **preset.model, **preset.training}


def _checked(name: str, what: What, changes: Mapping[str, Any]) -> Plan:
    """What the run is made from; ValueError when it cannot be made so, or not under this name."""
    if check_name(name) in run_names():
        raise ValueError(f"a run named {name} exists already; choose another name")
    plan = planned(what.base, tuple(changes.items()), what.text)
    check_room(plan, runs_folder())
    return plan


def _expected(name: str, plan: Plan, suggested: Fit | None) -> None:
    """What the run will be called, how large it is, what it takes, when it would start."""
    size = plan.model_config.weights
    parts = [name, f"{size:,} weights"]
    if suggested:
        parts.insert(1, f"{suggested.tokens:,} characters, {suggested.different} different")
        if size > suggested.tokens:
            parts.append("more weights than characters: it can learn the text by heart")
        if not suggested.held_back:
            parts.append("too short to hold a part back: validation is on the same text")
    parts.append(f"{about(training_seconds(plan))} of training")
    parts.append(f"{spoken(memory_bytes(plan))} of memory, {spoken(disk_bytes(plan))} of disk")
    busy = not jobs.line(runs_folder()).is_free

    @st.fragment(run_every=2.0 if busy else None)
    def words() -> None:
        st.caption(plain(" · ".join([*parts, would_wait()])), help=cards.MEASURED)

    words()


def _start(name: str, plan: Plan, count: int) -> str:
    """Make the run and its process in one go, then look at it; words if that cannot be.

    A double click runs this twice, in two threads: the `count` of trainings started tells the
    second one that its press was followed already.
    """
    visit = session.visit()

    def make() -> list[Path]:
        path: Path = runs_folder() / name
        create_run(path, plan)
        return [path]

    with visit.lock:
        if visit.trainings == count:
            if problem := started(make):
                return problem
            visit.trainings += 1
            session.choose_run(name, example(open_run()))
    st.rerun()
