"""Which variants are compared, and the button that trains those that are missing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.parts.labels import counted
from explorer.data.variants import planned
from explorer.views.normalization.without_it.family import family, standing
from explorer.visit import session
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from explorer.visit.sentence import example
from explorer.visit.widgets import one_of, several
from model_core.runs import Plan, Run, runs_folder
from model_core.training import jobs
from model_core.training.turns import slots
from model_core.training.variants import (
    COMPARISONS,
    VARIANTS,
    create_variants,
    plan_of,
    training_seconds,
    variant_name,
)

OWN = "This run's settings"
USUAL = ("none", "layer-pre", "batch-pre", "rms-pre")  # what is asked for at first


class Wanted(NamedTuple):
    """Which variants are compared, and where those are that were made already."""

    variants: tuple[str, ...]
    paths: Mapping[str, Path]


def choose(moment: Moment) -> Wanted:
    """Ask what to compare and, by the button, train what is missing of it."""
    own = family(moment.run)
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    options = (OWN, *COMPARISONS)
    name = one_of(left.selectbox, "normalization.compare.with", "What to compare", options)
    try:
        like = plan_of(moment.run) if name == OWN else planned(name)
    except ValueError as error:
        st.info(plain(f"Nothing new can be trained: {error}."))
        return Wanted(tuple(own), own)
    there = own if name == OWN else family(like)
    wanted = Wanted(_variants(right, name, there), there)
    if name != OWN:
        st.caption(COMPARISONS[name].says)
    _offer(moment, _stem(moment.run) if name == OWN else name, like, wanted)
    if moment.run.path in there.values():
        return wanted
    st.caption(plain(f"Shown below: {moment.run.name}, which is not one of these runs."))
    return Wanted(tuple(own), own)


def _variants(column: DeltaGenerator, name: str, there: Mapping[str, Path]) -> tuple[str, ...]:
    """Those chosen; at first what is there, and where that is one or none the usual ones."""
    names, usual = list(VARIANTS), USUAL if name == OWN else COMPARISONS[name].variants
    first = there if len(there) > 1 else (*usual, *there)
    default = [at for at, variant in enumerate(names) if variant in first]
    chosen = several(
        column.multiselect,
        f"normalization.compare.{'own' if name == OWN else name}",
        "Norms; pre stands before attention and feed-forward, post behind the addition",
        range(len(names)),
        default,
        format_func=names.__getitem__,
        placeholder="No variant",
    )
    return tuple(names[at] for at in sorted(chosen))


def _stem(run: Run) -> str:
    """The name of a run, without the variant that it may end with."""
    return run.name.removesuffix(f"-{variant_name(run.model_config)}")


def _offer(moment: Moment, name: str, like: Plan, wanted: Wanted) -> None:
    """How each variant stands, and the button for what is missing."""
    missing = [variant for variant in wanted.variants if variant not in wanted.paths]
    button, words = st.columns([1, 4], vertical_alignment="center")
    seconds = len(missing) * training_seconds(like) / min(slots(), max(len(missing), 1))
    pressed = button.button(
        f"Train {counted(len(missing), 'run')}" if missing else "All trained",
        type="primary",
        disabled=not missing,
        width="stretch",
    )
    states = [f"{variant}: {standing(wanted.paths, variant)}" for variant in wanted.variants]
    states += [f"about {max(seconds, 1):,.0f} s in all"] if missing else []
    words.caption(plain(" · ".join(states)))
    there = [path.name for path in wanted.paths.values()]
    hidden = there and moment.run.name not in there
    if hidden and words.button("Look at these runs"):
        session.choose_run(there[-1], example(moment.run))
        st.rerun()  # of the whole page: the run is chosen above this view
    if pressed and (problem := _start(moment, name, like, missing)):
        st.error(plain(problem))


def _start(moment: Moment, name: str, like: Plan, missing: Sequence[str]) -> str:
    """Make the runs and their processes, then look at the first; words if that cannot be."""
    known = family(like)  # read anew: a double click, or another visitor
    # what has no norm comes last: it may diverge at once, and the first one is shown
    new = sorted((one for one in missing if one not in known), key=lambda one: one == "none")
    try:
        paths = create_variants(runs_folder(), name, like, new)
        for path in paths:
            jobs.start(path)
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"The runs folder cannot be written: {error.strerror}. Free space, then try again."
    if paths:
        session.choose_run(paths[0].name, example(moment.run))
    st.rerun()
