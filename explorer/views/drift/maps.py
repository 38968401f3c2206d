"""The map that was asked for: PCA at once, the others as soon as they are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from explorer.charts.parts import rows as charts
from explorer.data import tables
from explorer.views.drift.choices import AXIS, MADE, Choices
from explorer.visit import session
from explorer.visit.moment import Moment, labels_of
from explorer.visit.runs import maps_folder
from model_core.config import MapConfig, Table
from model_core.projections import Chance, arrows_on_map
from model_core.projections.maps import MapFile, MapStatus
from model_core.projections.over_time import OverTime

TOLD = 5  # tokens of each end of an axis that its title names
NAMES = {method: name for name, method in MADE.items()}


@dataclass(frozen=True)
class Rows:
    """What a map shows: some rows of a table, (N,) ids, (N,) labels, vectors (S, N, C)."""

    table: Table
    ids: tuple[int, ...]
    labels: tuple[str, ...]
    vectors: np.ndarray

    def chosen(self, moment: Moment) -> int | None:
        """The index of the chosen token or position, if it is shown."""
        chosen = moment.token if self.table == "tokens" else session.chosen().query
        return None if chosen not in self.ids else self.ids.index(chosen)

    def drawn(self, moment: Moment) -> charts.Rows:
        """These rows as charts draw them."""
        return charts.Rows(
            self.labels,
            "token" if self.table == "tokens" else "position",
            self.ids,
            self.chosen(moment),
            self.selected(moment),
        )

    def selected(self, moment: Moment) -> list[int]:
        """The indices of the selected tokens."""
        return self.places(moment.selection) if self.table == "tokens" else []

    def places(self, ids: Sequence[int]) -> list[int]:
        """The indices of rows among those shown; others are left out."""
        at = {one: place for place, one in enumerate(self.ids)}
        return [at[one] for one in ids if one in at]


@dataclass(frozen=True)
class Atlas:
    """A map over the steps shown: points (S, N, D), NaN where a row has none.

    `name` of the method that made it, its `axis_titles`; `trust`: trustworthiness, `kept`:
    neighbours kept, `model_share`: the model's part of the movement, (S,) each, None where all
    movement is the model's; `chance`: what trustworthiness such a map reaches by chance, None where
    that is not known yet; `waiting`: recorded steps that show the last one laid out;
    `pieces`: how often it was laid out; `file` and `status` of one that takes time; `problem`: why
    it is not the one that was asked for.
    """

    name: str
    axis_titles: tuple[str, ...]
    places: np.ndarray
    arrows: Callable[[np.ndarray], np.ndarray]
    trust: np.ndarray
    kept: np.ndarray
    chance: Chance | None
    model_share: np.ndarray | None = None
    waiting: int = 0
    pieces: int = 1
    file: MapFile | None = None
    status: MapStatus = MapStatus()
    problem: str = ""


def rows_of(moment: Moment, choices: Choices) -> Rows:
    vectors = tables.vectors(moment, choices.table, choices.ids)
    if choices.table == "tokens":
        labels = labels_of(moment.run, np.array(choices.ids))
    else:
        labels = tuple(str(row) for row in choices.ids)
    return Rows(choices.table, choices.ids, labels, vectors)


def map_of(moment: Moment, rows: Rows, choices: Choices) -> Atlas:
    """The map that was asked for; until it is made, or if it cannot be, PCA with the reason."""
    if choices.config is None:
        try:
            return _linear_map(moment, rows, choices)
        except ValueError as error:
            return replace(_pca(moment, rows, tables.Fit(choices.dimensions)), problem=str(error))
    file = MapFile(moment.run.path, choices.config, maps_folder(moment.run))
    made, problem = _asked(moment, rows, file)
    if made is None:
        atlas = _pca(moment, rows, tables.Fit(choices.dimensions))
    else:
        atlas = _over_time(moment, rows, file.config, made)
    return replace(atlas, file=file, status=file.status, problem=problem)


def _linear_map(moment: Moment, rows: Rows, choices: Choices) -> Atlas:
    """PCA or a custom axis; ValueError when there is nothing to fit it on."""
    basis = {"the first step": 0, "the last step": -1, "this step": moment.at}.get(choices.basis)
    fit = tables.Fit(choices.dimensions, basis)
    if choices.method != AXIS or choices.lacks_an_end:
        return _pca(moment, rows, fit)
    begin, end = (tuple(rows.places(ids)) for ids in choices.ends)
    axis = tables.axis(moment, rows.table, rows.ids, (begin, end), fit)
    return _linear(axis, "Axis", _way(rows, begin, end))


def _pca(moment: Moment, rows: Rows, fit: tables.Fit) -> Atlas:
    return _linear(tables.pca(moment, rows.table, rows.ids, fit), "PCA", "component 1")


def _linear(judged: tables.Judged, name: str, first: str) -> Atlas:
    explained = judged.map.explained
    names = [first, *(f"component {i + 1}" for i in range(1, len(explained)))]
    titles = [
        f"{one} ({share:.0%} of variance)" for one, share in zip(names, explained, strict=True)
    ]
    return Atlas(
        name,
        tuple(titles),
        judged.map.layout,
        judged.map.arrows,
        judged.trust,
        judged.kept,
        judged.chance,
    )


def _way(rows: Rows, begin: Sequence[int], end: Sequence[int]) -> str:
    """The axis by its ends: "a e i … → b c d …"."""
    names = [" ".join(rows.labels[place] for place in ends[:TOLD]) for ends in (begin, end)]
    more = ["…" if len(ends) > TOLD else "" for ends in (begin, end)]
    return f"{names[0]}{more[0]} → {names[1]}{more[1]}"


def _asked(moment: Moment, rows: Rows, file: MapFile) -> tuple[OverTime | None, str]:
    """The map as far as it is laid out, and why no more of it can be.

    What is missing is requested, unless that was stopped or failed; a growing map is watched.
    """
    made = file.read(moment.steps, rows.vectors)
    if made is not None and made.is_whole(moment.steps) and not moment.live:
        return made, ""
    status = file.status
    if status.state in ("failed", "stopped"):
        return made, status.words
    try:
        file.ask()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return made, f"maps of this run cannot be stored: {why}"
    return made, ""


def _over_time(moment: Moment, rows: Rows, config: MapConfig, made: OverTime) -> Atlas:
    """A step that is not laid out yet shows the last one before it that is."""
    at = np.searchsorted(made.steps, moment.steps, side="right") - 1
    there = np.isin(moment.steps, made.steps)
    places = made.layout[at.clip(0)]
    places[at < 0] = np.nan

    def at_each_step(values: np.ndarray) -> np.ndarray:
        return np.where(there, values[at.clip(0)], np.nan)

    def arrows(moves: np.ndarray) -> np.ndarray:
        return arrows_on_map(rows.vectors, places, moves, config.n_neighbors)

    name = NAMES[config.method]
    return Atlas(
        name,
        tuple(f"{name} {axis} (no unit)" for axis in "xyz"[: config.dimensions]),
        places,
        arrows,
        at_each_step(made.trust.trustworthiness),
        at_each_step(made.trust.kept),
        made.chance,
        at_each_step(made.trust.model_share),
        int((~there).sum()),
        made.pieces,
    )
