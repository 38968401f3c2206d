"""How many dimensions: what n_embd gives and costs, in runs that differ in it and in their seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.widths import widths_panel
from explorer.charts.parts.scales import Scale
from explorer.data import sweeps
from explorer.data.losses import last_measured
from explorer.data.others import opened
from explorer.panels import AnyPanel, Frame
from explorer.timeline import Timeline
from explorer.views.tables.how_many_dimensions.start import choose
from explorer.views.tables.how_many_dimensions.verdict import one_more, verdict
from explorer.visit.clock import own_clock, own_step
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import how_computed, plain
from explorer.visit.runs import any_active
from explorer.visit.sentence import Sentence
from explorer.visit.together import shown, union
from model_core.runs import Run
from model_core.runs.elapsed import seconds_at
from model_core.training.sweep import Point
from model_core.training.widths import spread

STEP = "tables.dimensions.step"
NATS = "nats per token"
HIGH, LOW = 330, 300  # pixels of a line of pictures
CROWDING = "Crowding: largest cosine with another token"
RANK = "Effective rank of the token table"
UNTIMED = "Their training times are unknown: no speed is recorded in these runs."


@dataclass(frozen=True)
class Grid:
    """The runs of a sweep, on a clock of the S steps that any of them recorded."""

    runs: Mapping[Point, Run]
    steps: np.ndarray

    @property
    def sizes(self) -> list[int]:
        return sorted({point.n_embd for point in self.runs})

    @property
    def seeds(self) -> list[int]:
        return sorted({point.seed for point in self.runs})

    def over_time(self, read: Callable[[Run], np.ndarray]) -> np.ndarray:
        """What `read` gives at a run's recorded steps, of all runs: (S, K, R)."""
        return self._filled(
            {point: shown(read(run), run.steps, self.steps) for point, run in self.runs.items()}
        )

    def at_end(self, read: Callable[[Run], float]) -> np.ndarray:
        """One number of each run: (1, K, R)."""
        return self._filled({point: np.array([read(run)]) for point, run in self.runs.items()})

    def _filled(self, values: Mapping[Point, np.ndarray]) -> np.ndarray:
        count = len(next(iter(values.values())))
        whole = np.full((count, len(self.sizes), len(self.seeds)), np.nan, np.float32)
        for point, series in values.items():
            whole[:, self.sizes.index(point.n_embd), self.seeds.index(point.seed)] = series
        return whole


def draw(moment: Moment, sentence: Sentence) -> None:
    paths = choose(moment.run)
    runs = opened(paths)
    if not runs:
        st.info("None of these runs has recorded a step yet; the first one comes in some seconds.")
        runs = {Point(moment.run.model_config.n_embd, 0): moment.run}
    grid = Grid(runs, union(run.steps for run in runs.values()))
    losses = grid.over_time(last_measured)
    timeline = _timeline(grid)
    at = int(np.searchsorted(grid.steps, own_step(STEP, timeline, int(grid.steps[-1]))))
    words = f"{verdict(grid.sizes, losses[at])} {one_more(grid.sizes, losses[at])}"
    st.markdown(f"##### {plain(words)}")
    panels = _panels(grid, losses)
    step = own_clock(STEP, panels, timeline, live=any_active(paths.values()))
    if all(panel.frame.key != "seconds" for panel in panels):
        st.caption(UNTIMED)
    if step != grid.steps[at]:
        st.rerun()
    if len(runs) < len(paths):
        st.caption(f"{len(paths) - len(runs)} of these runs have recorded nothing yet.")
    with drawer():
        _table(grid, losses[at], step)
    _explained()


def _timeline(grid: Grid) -> Timeline:
    """The track shows the mean training loss of those that recorded a step."""
    tables = [run.metrics().set_index("step") for run in grid.runs.values()]
    epochs, losses = (
        pd.concat([table[name] for table in tables], axis=1).sort_index().mean(axis=1).to_numpy()
        for name in ("epoch", "train_loss")
    )
    return Timeline(grid.steps, epochs, losses)


def _panels(grid: Grid, losses: np.ndarray) -> list[AnyPanel]:
    sizes = grid.sizes
    rooms = {point: sweeps.room(run) for point, run in grid.runs.items()}
    by_run = {grid.runs[point].path: one for point, one in rooms.items()}
    crowded = grid.over_time(lambda run: by_run[run.path].crowding)
    ranks = grid.over_time(lambda run: by_run[run.path].rank)
    rows = max(run.model_config.vocab_size for run in grid.runs.values())
    limit = np.minimum(sizes, rows).astype(np.float32)
    before = spread(grid.at_end(lambda run: float(by_run[run.path].crowding[0]))[0]).mean
    last = {run.path: int(run.steps[-1]) for run in grid.runs.values()}
    gaps = grid.at_end(lambda run: sweeps.gap(run, last[run.path]))
    weights = grid.at_end(lambda run: run.model_config.weights / 1000)
    seconds = grid.at_end(lambda run: float(seconds_at(run)[-1]))
    timed = bool(np.isfinite(seconds).any())  # no speed is recorded in the runs of the app
    end = f"Gap to training loss, step {max(last.values()):,}"
    untrained, directions = ("untrained", before), ("as many as there can be", limit)
    told: list[tuple[Frame, np.ndarray, Scale, tuple[str, np.ndarray] | None]] = [
        (Frame("loss", "Validation loss", 6, HIGH), losses, Scale(NATS), None),
        (Frame("gap", end, 3, HIGH), gaps, Scale(NATS), None),
        (Frame("weights", "Parameters", 3, HIGH), weights, Scale("thousands", log=True), None),
        (Frame("crowding", CROWDING, 6 - timed, LOW), crowded, Scale("mean cosine"), untrained),
        (Frame("rank", RANK, 6 - 2 * timed, LOW), ranks, Scale("directions"), directions),
        (Frame("seconds", "Time of the training", 3, LOW), seconds, Scale("seconds"), None),
    ]
    return [
        widths_panel(values, sizes, frame, scale, beside=beside)
        for frame, values, scale, beside in told
        if timed or frame.key != "seconds"
    ]


def _table(grid: Grid, losses: np.ndarray, step: int) -> None:
    """Every run at the settled step."""
    rows = []
    for point, run in grid.runs.items():
        room, index = sweeps.room(run), int(np.searchsorted(run.steps, step, side="right")) - 1
        rows.append(
            {
                "run": run.name,
                "n_embd": point.n_embd,
                "seed": point.seed,
                "state": run.status.state,
                "validation loss": losses[
                    grid.sizes.index(point.n_embd), grid.seeds.index(point.seed)
                ],
                "parameters": run.model_config.weights,
                "seconds": seconds_at(run)[-1],
                "crowding": room.crowding[index] if index >= 0 else np.nan,
                "effective rank": room.rank[index] if index >= 0 else np.nan,
                "gap at its end": sweeps.gap(run, int(run.steps[-1])),
            }
        )
    st.markdown(f"**At step {step:,}**; losses and gap in nats per token")
    numbers(pd.DataFrame(rows), "Runs", File("", "dimensions", step))


def _explained() -> None:
    how_computed(
        r"\mathrm{SE} = \frac{s}{\sqrt{n}}, \qquad "
        r"\mathrm{rank} = \exp\Big(-\sum_i p_i \ln p_i\Big),\; p_i = \frac{\sigma_i}{\sum_j "
        r"\sigma_j}, \qquad \mathrm{crowding} = \frac1V \sum_v \max_{w \neq v} \cos(e_v, e_w)",
        "A circle is one training, the line their mean, a bar one standard deviation s over the"
        " n seeds of a size to either side. A run counts at a step once it has reached it. "
        "**More dimensions stop paying** at the smallest size whose mean is within one standard"
        " error of the lowest mean (the one-standard-error rule: Breiman, Friedman, Olshen and "
        "Stone 1984). n and n + 1 dimensions are compared seed by seed: the mean change of the "
        "loss ± its standard error; clear is a change that a paired t test at 5 % finds. "
        "**Crowding** falls with n_embd even in random rows: the dashed line is the same before"
        " training. **Effective rank** (Roy and Vetterli 2007): how many directions the token "
        "table fills, σ its singular values. The **gap** is measured in evaluation mode, on as "
        "many windows of both parts of the text: below 0 where the part held back is the easier"
        " one, 0 where the text is too short to hold a part back. **Time**: tokens by the "
        "recorded speed, without pauses; trainings beside others are slower.",
        "spread, crowding, effective_rank, training_gap, seconds_at",
    )
