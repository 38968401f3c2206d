"""Which sweep is shown, and a drawer that trains one."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.visit import session
from explorer.visit.page import plain
from explorer.visit.queue import about
from explorer.visit.runs import RECORDED, name_of
from explorer.visit.training import is_open, started
from explorer.visit.widgets import number, one_of, several
from model_core.runs import Plan, Run, runs_folder
from model_core.runs.status import read_status
from model_core.training.families import plan_of
from model_core.training.pace import training_seconds
from model_core.training.sweep import (
    SIZES,
    Paths,
    Point,
    create_sweep,
    fitting,
    found,
    points,
    sweeps,
)
from model_core.training.turns import slots

CHOICE = "tables.dimensions.runs"
STEPS = (50, 100, 200, 300, 500, 1000, 1500, 2000, 5000)
FIRST = (2, 3, 5, 6, 8, 16)  # asked for at first, where they fit
MOST = 5  # seeds of a size, from here


def choose(run: Run) -> Paths:
    """The runs of the sweep to look at; in a drawer, how to train one."""
    groups = {name_of(group.values()): group for group in sweeps((RECORDED, runs_folder()))}
    own = found((RECORDED, runs_folder()), run)
    groups = {name_of(own.values()): own} | groups
    first = name_of(own.values()) if len(own) > 1 else next(reversed(groups))
    with st.container(horizontal=True, vertical_alignment="center"):
        name = one_of(
            st.selectbox,
            CHOICE,
            "Runs that differ in n_embd and seed alone",
            tuple(groups),
            default=first,
            of_run=True,
            format_func=lambda one: _label(groups[one]),
            label_visibility="collapsed",
            width=420,
        )
        with st.popover("Train a sweep"):
            _train(run)
    _standing(groups[name])
    return groups[name]


def _label(group: Paths) -> str:
    sizes = sorted({point.n_embd for point in group})
    name = name_of(group.values()).partition("-n_embd-")[0]
    return f"{name}: n_embd {', '.join(map(str, sizes))}; {counted(len(group), 'run')}"


def _standing(group: Paths) -> None:
    """How many of them have ended, while some have not."""
    states = [read_status(path).state for path in group.values()]
    open_ = {
        state: states.count(state) for state in states if state not in ("finished", "diverged")
    }
    if open_:
        told = [f"{count} {state}" for state, count in sorted(open_.items())]
        ended = len(states) - sum(open_.values())
        st.caption(f"{ended} of {counted(len(states), 'training')} have ended; {', '.join(told)}.")


def _train(run: Run) -> None:
    """Ask for sizes, seeds and steps and, by the button, train what is missing of it."""
    try:
        like = plan_of(run)
    except ValueError as error:
        st.info(plain(f"Nothing new can be trained: {error}."))
        return
    st.caption(plain(f"The text and the settings of {run.name}, in other sizes."))
    like = _changed(like)
    sizes = fitting(like.model_config, sorted({*SIZES, like.model_config.n_embd}))
    usual = [size for size in sizes if size in FIRST]
    default = usual if len(usual) > 2 else sizes[:5]
    sizes = several(st.multiselect, "tables.dimensions.sizes", "n_embd", sizes, default)
    seeds = number(st.slider, "tables.dimensions.seeds", "Seeds of each size", 3, (1, MOST))
    wanted = points(like, sizes, seeds) if sizes else []
    there = found((RECORDED, runs_folder()), like)
    missing = [point for point in wanted if point not in there or is_open(there[point])]
    st.caption(plain(_expected(like, missing)))
    words = f"Train {counted(len(missing), 'run')}" if missing else "All trained"
    if st.button(words, type="primary", disabled=not missing) and (
        problem := _start(run, like, missing)
    ):
        st.error(plain(problem))


def _changed(like: Plan) -> Plan:
    """The plan with the number of heads and of steps chosen."""
    model, training = like.model_config, like.training_config
    steps = one_of(
        st.select_slider,
        "tables.dimensions.steps",
        "Steps",
        sorted({*STEPS, training.steps}),
        default=training.steps,
        of_run=True,
    )
    if model.n_head > 1:
        heads = one_of(
            st.segmented_control,
            "tables.dimensions.heads",
            "Heads per layer: each has an equal share of n_embd",
            (model.n_head, 1),
            of_run=True,
        )
        model = model.replaced(n_head=heads)
    training = training.replaced(steps=steps)
    return like._replace(model_config=model, training_config=training)


def _expected(like: Plan, missing: Sequence[Point]) -> str:
    """How long it takes at most, measured on the largest size."""
    if not missing:
        return "Nothing is missing."
    largest = max(missing).n_embd
    model = like.model_config.replaced(n_embd=largest)
    seconds = training_seconds(like._replace(model_config=model)) * len(missing) / slots()
    return f"Queued as ordinary runs; at most {about(seconds)} in all, as if all had {largest}."


def _start(run: Run, like: Plan, missing: Sequence[Point]) -> str:
    """Make the runs and their processes, and look at them; words if that cannot be."""
    stem = run.name.partition("-n_embd-")[0]

    def make() -> list[Path]:
        paths = create_sweep(runs_folder(), stem, like, missing)
        return [path for path in paths.values() if is_open(path)]

    if problem := started(make):
        return problem
    session.put_later(CHOICE, name_of(found((RECORDED, runs_folder()), like).values()))
    st.rerun()
