"""Which runs are compared, and a drawer that trains those that are missing."""

from collections.abc import Mapping, Sequence
from os.path import commonprefix
from pathlib import Path

import streamlit as st

from explorer.charts.parts.labels import counted
from explorer.data.others import opened
from explorer.data.variants import planned
from explorer.views.normalization.without_it.family import (
    family,
    offered,
    shown_first,
    standing,
)
from explorer.visit import session
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from explorer.visit.queue import about
from explorer.visit.runs import any_active, name_of
from explorer.visit.training import started
from explorer.visit.widgets import one_of, several
from model_core.runs import Plan, Run, runs_folder
from model_core.training.families import plan_of
from model_core.training.pace import training_seconds
from model_core.training.turns import slots
from model_core.training.variants import (
    COMPARISONS,
    VARIANTS,
    create_variants,
    variant_name,
)

OWN = "This run's settings"
USUAL = ("none", "layer-pre", "batch-pre", "rms-pre")  # what is asked for at first
GROUP = "normalization.compare.runs"


def choose(moment: Moment) -> dict[str, Run]:
    """The runs to compare, by variant, each with a recorded step; in a drawer, how to train some.

    While those that were chosen have none, the runs that are shown first stay.
    """
    groups = offered(moment.run)
    first = shown_first(groups)
    name = one_of(
        st.selectbox,
        GROUP,
        "Runs that differ in their norm alone",
        tuple(groups),
        default=first,
        of_run=True,
        format_func=lambda one: _label(groups[one]),
        label_visibility="collapsed",
        width=360,
    )
    with st.popover("Train my own"):
        _train(moment)
    chosen = opened(groups[name])
    if any_active(groups[name].values()):
        states = [f"{variant}: {standing(groups[name], variant)}" for variant in groups[name]]
        until = "" if chosen else f". Until one has recorded a step: {_label(groups[first])}"
        st.caption(plain(" · ".join(states) + until))
    return chosen or opened(groups[first]) or opened(family(moment.run))


def _label(group: Mapping[str, Path]) -> str:
    """What the runs of a group have in common of their names, and their variants."""
    common = commonprefix([path.name for path in group.values()]).rstrip("-_")
    return f"{common or name_of(group.values())}: {', '.join(group)}"


def _train(moment: Moment) -> None:
    """Ask what to train and, by the button, train what is missing of it."""
    options = (OWN, *COMPARISONS)
    name = one_of(st.selectbox, "normalization.compare.with", "What to train", options)
    try:
        like = plan_of(moment.run) if name == OWN else planned(name)
    except ValueError as error:
        st.info(plain(f"Nothing new can be trained: {error}."))
        return
    there = family(moment.run) if name == OWN else family(like)
    wanted = _variants(name, there)
    if name != OWN:
        st.caption(COMPARISONS[name].says)
    missing = [variant for variant in wanted if variant not in there]
    seconds = len(missing) * training_seconds(like) / min(slots(), max(len(missing), 1))
    states = [f"{variant}: {standing(there, variant)}" for variant in wanted]
    states += [f"{about(seconds)} in all"] if missing else []
    st.caption(plain(" · ".join(states)))
    stem = moment.run.name.removesuffix(f"-{variant_name(moment.run.model_config)}")
    if st.button(_words(missing, there), type="primary", disabled=not missing) and (
        problem := _start(stem if name == OWN else name, like, missing)
    ):
        st.error(plain(problem))


def _words(missing: Sequence[str], there: Mapping[str, Path]) -> str:
    """What the button does, or why there is nothing to do."""
    if missing:
        return f"Train {counted(len(missing), 'run')}"
    return "Training …" if any_active(there.values()) else "All trained"


def _variants(name: str, there: Mapping[str, Path]) -> tuple[str, ...]:
    """Those chosen; at first what is there, and where that is one or none the usual ones."""
    names, usual = list(VARIANTS), USUAL if name == OWN else COMPARISONS[name].variants
    first = there if len(there) > 1 else (*usual, *there)
    default = [at for at, variant in enumerate(names) if variant in first]
    chosen = several(
        st.multiselect,
        f"normalization.compare.{'own' if name == OWN else name}",
        "Norms; pre stands before attention and feed-forward, post after the addition",
        range(len(names)),
        default,
        format_func=names.__getitem__,
        placeholder="No variant",
    )
    return tuple(names[at] for at in sorted(chosen))


def _start(name: str, like: Plan, missing: Sequence[str]) -> str:
    """Make the runs and their processes, and look at them; words if that cannot be."""

    def make() -> list[Path]:
        known = family(like)
        new = [one for one in missing if one not in known]
        return create_variants(runs_folder(), name, like, new)

    if problem := started(make):
        return problem
    session.put_later(GROUP, name_of(family(like).values()))
    st.rerun()
