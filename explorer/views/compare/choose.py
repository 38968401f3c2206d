"""Which runs are compared, by which clock, and what each of them shows at its moments."""

from dataclasses import dataclass
from os.path import commonprefix
from typing import Literal, get_args

import numpy as np
import pandas as pd
import streamlit as st

from explorer.panels import Timeline
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from explorer.visit.runs import run_names, run_path
from explorer.visit.together import latest, opened, shown, union
from explorer.visit.widgets import number, one_of
from model_core.runs import Run
from model_core.runs.elapsed import seconds_at, tokens_a_step

Clock = Literal["step", "token", "epoch", "second"]
PER: dict[Clock, int] = {"step": 1, "token": 1, "epoch": 1000, "second": 1000}
NONE = "no other"
MOST = 60  # moments shown: tables of four runs at each are sent to the browser


@dataclass(frozen=True)
class Shared:
    """Runs by name on one clock of S ascending moments, whole numbers in 1 / `PER` of its unit."""

    runs: dict[str, Run]
    clock: Clock
    moments: np.ndarray

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
    """The chosen run with up to three others on a clock; which layer and head is drawn."""
    wanted = [moment.run.name]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for at, name in enumerate(("second", "third", "fourth")):
            free = [one for one in run_names() if one not in wanted]
            other = one_of(
                st.selectbox,
                f"compare.{name}",
                f"The {name} run",
                (*free, NONE) if at == 0 else (NONE, *free),
                of_run=True,
                label_visibility="collapsed",
                width=176,
            )
            wanted += [other] if other != NONE else []
        clock = one_of(
            st.segmented_control,
            "compare.clock",
            "On a clock of",
            get_args(Clock),
            label_visibility="collapsed",
        )
        with st.popover("Head"):
            head = _head(moment)
    runs = opened({name: run_path(name) for name in wanted})
    if untold := [name for name, run in runs.items() if not _tells(run, clock)]:
        st.info(plain(f"{untold[0]} has no {clock} recorded for each step: compared by steps."))
        clock = "step"
    moments = _thinned(union(moments_of(run, clock) for run in runs.values()))
    return Shared(runs, clock, moments), head


def _tells(run: Run, clock: Clock) -> bool:
    """Whether it is known when each recorded step was."""
    if clock == "epoch":
        return bool(run.metrics()["epoch"].notna().all())
    return clock != "second" or bool(np.isfinite(seconds_at(run)).all())


def _head(moment: Moment) -> tuple[int, int]:
    """The layer and head that are drawn; where a run has fewer, its last ones."""
    config = moment.run.model_config
    top = max(config.n_layer - 1, 0)
    layer = number(st.number_input, "compare.layer", "Layer", 0, (0, top))
    return layer, number(st.number_input, "compare.head", "Head", 0, (0, config.n_head - 1))


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
