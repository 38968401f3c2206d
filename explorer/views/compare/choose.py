"""Which runs are compared, by which clock, and what each of them shows at its moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Literal, get_args

import numpy as np
import pandas as pd
import streamlit as st

from explorer.data.others import families, opened
from explorer.timeline import Timeline
from explorer.visit.header import setting
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from explorer.visit.runs import run_paths
from explorer.visit.together import latest, shown, union
from explorer.visit.widgets import number, one_of
from model_core.runs import Run
from model_core.runs.elapsed import seconds_at, tokens_a_step
from model_core.training.families import Family, differences

Clock = Literal["step", "token", "epoch", "second"]
PER: dict[Clock, int] = {"step": 1, "token": 1, "epoch": 1000, "second": 1000}
NONE = "no other"
MOST = 60  # moments shown: tables of four runs at each are sent to the browser


@dataclass(frozen=True)
class Shared:
    """Runs by name on one clock of S ascending moments, whole numbers in 1 / `PER` of its unit.

    `differing` are the settings in which some of them differ from the first, in words.
    """

    runs: dict[str, Run]
    clock: Clock
    moments: np.ndarray
    differing: tuple[str, ...] = ()

    def of(self, run: Run) -> np.ndarray:
        """When each of a run's recorded steps was, (R,) ascending."""
        return moments_of(run, self.clock)

    def indices(self, run: Run) -> np.ndarray:
        """Which recorded step the run shows at each moment: the latest before, or its first."""
        return np.maximum(latest(self.of(run), self.moments), 0)

    def series(self, run: Run, values: np.ndarray) -> np.ndarray:
        """Values (R,) of recorded steps at all moments; NaN after the run's end."""
        return shown(values, self.of(run), self.moments)

    @property
    def short(self) -> dict[str, str]:
        """Names without what all begin with, as far as that ends with a hyphen."""
        shared = commonprefix(list(self.runs)).rpartition("-")[0]
        cut = len(shared) + 1 if shared and len(self.runs) > 1 else 0
        return {name: name[cut:] or name for name in self.runs}

    @property
    def timeline(self) -> Timeline:
        """The track shows the chosen run's loss."""
        first = next(iter(self.runs.values()))
        table = first.metrics()
        epochs, losses = (
            self.series(first, table[name].to_numpy()) for name in ("epoch", "train_loss")
        )
        return Timeline(self.moments, epochs, losses, clock=self.clock, per=PER[self.clock])


def moments_of(run: Run, clock: Clock) -> np.ndarray:
    """When each recorded step was, int64; by tokens read, epochs or seconds of training."""
    if clock == "token":
        return run.steps * tokens_a_step(run)
    if clock == "epoch":
        return _whole(run.metrics()["epoch"].to_numpy())
    return _whole(seconds_at(run)) if clock == "second" else run.steps


def choose(moment: Moment) -> tuple[Shared, tuple[int, int]]:
    """Up to four runs on a clock; which layer and head is drawn.

    At first the chosen run, and one that differs from it in one setting alone; where none does, two
    others of which that is so.
    """
    paths = run_paths()
    made = families(paths)
    first, second = _pair(moment.run.name, made)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        wanted = [_run("first", [*paths], first)]
        if wanted[0] != first:
            second = _beside(wanted[0], made)
        for name, default in (("second", second), ("third", NONE), ("fourth", NONE)):
            other = _run(name, [NONE, *(one for one in paths if one not in wanted)], default)
            wanted += [other] if other != NONE else []
        clock = one_of(
            st.segmented_control,
            "compare.clock",
            "On a clock of",
            get_args(Clock),
            label_visibility="collapsed",
        )
        with st.popover("Head"):
            head = _head(made[wanted[0]].model if wanted[0] in made else {})
        runs = opened({name: paths[name] for name in wanted}) or {moment.run.name: moment.run}
        differing = tuple(setting(name) for name in apart([*runs], made))
        if said := _why(moment.run.name, [*runs], made, differing):
            st.caption(plain(said), width="content")
    if untold := [name for name, run in runs.items() if not _tells(run, clock)]:
        st.info(plain(f"{untold[0]} has no {clock} recorded for each step: compared by steps."))
        clock = "step"
    moments = _thinned(union(moments_of(run, clock) for run in runs.values()))
    return Shared(runs, clock, moments, differing), head


def _run(place: str, names: Sequence[str], default: str) -> str:
    return one_of(
        st.selectbox,
        f"compare.{place}",
        f"The {place} run",
        names,
        default=default,
        of_run=True,
        label_visibility="collapsed",
        width=204,
    )


def _pair(name: str, made: Mapping[str, Family]) -> tuple[str, str]:
    """A run and one to hold beside it: the run of this name, if any differs in one setting alone.

    Else the first pair of which that is so, else the run and the first other.
    """
    for one in (name, *made):
        if other := one_apart(one, made):
            return one, other
    return name, _beside(name, made)


def _why(
    name: str, shown: Sequence[str], made: Mapping[str, Family], differing: Sequence[str]
) -> str:
    """Why the chosen run is not shown, and why the runs that are answer no question, else ""."""
    said = []
    if name not in shown and not one_apart(name, made):
        said.append(f"No run differs from {name} in one setting alone; these are other runs.")
    if len(differing) > 1:
        settings = ", ".join(one.lower() for one in differing)
        said.append(f"They differ in {settings}: no one setting explains a difference.")
    elif len(shown) > 1 and not differing:
        said.append("They are made from the same settings.")
    return " ".join(said)


def _beside(name: str, made: Mapping[str, Family]) -> str:
    others = (one for one in made if one != name)
    return one_apart(name, made) or next(others, NONE)


def one_apart(name: str, made: Mapping[str, Family]) -> str:
    """The first run that differs from this one in one setting alone; "" without such.

    Another seed changes nothing but chance: it comes last.
    """
    told = {one: apart([name, one], made) for one in made if one != name}
    found = {one: names[0] for one, names in told.items() if len(names) == 1}
    return min(found, key=lambda one: found[one] == "seed", default="")


def apart(names: Sequence[str], made: Mapping[str, Family]) -> list[str]:
    """The settings in which some of these runs differ from the first, each once."""
    known = [made[name] for name in names if name in made]
    differing = (name for other in known[1:] for name in differences(known[0], other))
    return list(dict.fromkeys(differing))


def _tells(run: Run, clock: Clock) -> bool:
    """Whether it is known when each recorded step was."""
    if clock == "epoch":
        return bool(run.metrics()["epoch"].notna().all())
    return clock != "second" or bool(np.isfinite(seconds_at(run)).all())


def _head(model: Mapping[str, int]) -> tuple[int, int]:
    """The layer and head that are drawn, of the first run's; where one has fewer, its last."""
    layers, heads = (max(model.get(name, 1) - 1, 0) for name in ("n_layer", "n_head"))
    layer = number(st.number_input, "compare.layer", "Layer", 0, (0, layers))
    return layer, number(st.number_input, "compare.head", "Head", 0, (0, heads))


def metrics_at(shared: Shared, at: int) -> pd.DataFrame:
    """What each run shows at a moment: its recorded step and what was measured there."""
    rows = []
    for name, run in shared.runs.items():
        row = run.metrics().iloc[shared.indices(run)[at]]
        rows.append({"run": name, **row.drop("sample")})
    return pd.DataFrame(rows)


def _thinned(moments: np.ndarray) -> np.ndarray:
    if len(moments) <= MOST:
        return moments
    return moments[np.unique(np.linspace(0, len(moments) - 1, MOST).round().astype(int))]


def _whole(values: np.ndarray) -> np.ndarray:
    """In thousandths; never two alike, so that each recorded step has a moment of its own."""
    whole = np.round(1000 * values).astype(np.int64)
    return np.maximum.accumulate(whole - np.arange(len(whole))) + np.arange(len(whole))
