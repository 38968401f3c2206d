"""The whole model, part by part: what enters and leaves it, its largest number, NaN, gradients."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.normalization.model import Drawn, model_panel
from explorer.charts.parts.labels import capitalized
from explorer.charts.parts.scales import Scale
from explorer.data import layers
from explorer.panels import Frame
from explorer.views.normalization.for_engineers.part import (
    SIDES,
    Part,
    sides_in_words,
    stream_in_words,
)
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import several, toggle
from model_core.anatomy import short
from model_core.config import ModelConfig
from model_core.normalization import part_sites
from model_core.norms import NORMS

ABOVE = 1000.0  # a number as large as that is out of bounds
WHERE = ("before", "normalized", "after")
LARGEST, LOST, GRADIENT = "largest |x|", "NaN count", "gradient"
SERIES = (
    *(f"{what} {side}" for what, side in product(("std", "mean"), WHERE)),
    "stream max",
    "stream mean",
    "stream min",
    LARGEST,
    LOST,
    GRADIENT,
)
AT_FIRST = ("std before", "std after", LARGEST)


def whole(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """One chart along the drawn model; which series, the reader chooses."""
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = several(
            st.pills,
            "normalization.series",
            "Series",
            range(len(SERIES)),
            [SERIES.index(name) for name in AT_FIRST],
            selection_mode="multi",
            format_func=SERIES.__getitem__,
            label_visibility="collapsed",
        )
        linear = toggle(st.toggle, "normalization.linear", "Linear scale")
    drawn, seen = _drawn(moment), layers.parts(moment, sentence.ids)
    series = _series(moment, sentence, drawn, seen)
    at, verdict = _first(moment, seen)
    panel = model_panel(
        {
            SERIES[number]: series[SERIES[number]].filled(np.nan)
            for number in chosen or [SERIES.index(LARGEST)]
        },
        series[LOST].filled(np.nan),
        replace(drawn, first=None if at is None else at + _tables(moment)),
        Frame("model", verdict, span=12, height=500),
        Scale("value", log=not linear, per_step=per_step),
    )
    return Part(
        [panel],
        _note(moment.run.model_config, bool(np.isfinite(series[GRADIENT]).any())),
        lambda at: {"All parts": _table(moment, drawn, series, [at])},
        lambda: _table(moment, drawn, series, range(len(moment.steps))),
    )


def _note(config: ModelConfig, has_gradients: bool) -> str:
    """What each series is of this model."""
    norm = NORMS[config.norm]
    not_one = (
        "" if norm.within_token or not norm.exists else f", which {norm.title} does not set to 1"
    )
    note = (
        "std and mean: over the channels of each token, then averaged over the tokens of your "
        f"sentence{not_one}. {sides_in_words(config)} {stream_in_words(config)} Stream: Euclidean "
        "norm over the channels, of the largest token, their mean, and of the smallest. Largest "
        "|x|: of all numbers a part puts out; NaN count: those that are NaN or infinite. "
        "Gradient: of the training batch drawn at that step, over all parameters of a table or a "
        "block, before clipping."
    )
    lacks = " This run was recorded without the gradients of its parts."
    return note if has_gradients else note + lacks


def _tables(moment: Moment) -> int:
    """How many parts come before the first site: the embedding tables, which have gradients."""
    return len(moment.run.anatomy.tables)


def _drawn(moment: Moment) -> Drawn:
    anatomy = moment.run.anatomy
    tables = anatomy.parts[: _tables(moment)]
    sites = part_sites(moment.run.model_config, anatomy)
    kinds = ["table"] * len(tables)
    blocks = [""] * len(tables)
    for name in sites:
        block, _, what = name.partition("'s ")
        kinds.append(_kind(what or name))
        blocks.append(block if what else "")
    names = [*map(short, tables), *(_short(name, site) for name, site in sites.items())]
    return Drawn(names, kinds, blocks)


def _kind(what: str) -> str:
    if "norm" in what:
        return "norm"
    if what in ("attention", "MLP"):
        return what
    return "output" if "output" in what else "stream"


def _short(name: str, site: str) -> str:
    return "embedding" if name == "embedding" else short(site)


def _series(
    moment: Moment, sentence: Sentence, drawn: Drawn, seen: Mapping[str, np.ndarray]
) -> dict[str, np.ma.MaskedArray]:
    """Every series (S, P), masked where a part has no such number."""
    anatomy, around = moment.run.anatomy, layers.layers(moment, sentence.ids)
    sites = [
        *anatomy.parts[: _tables(moment)],
        *part_sites(moment.run.model_config, anatomy).values(),
    ]

    def at(where: tuple[str, ...], values: np.ndarray) -> np.ma.MaskedArray:
        whole = np.ma.masked_all((len(moment.steps), len(sites)), np.float32)
        whole[:, [sites.index(site) for site in where]] = values
        return whole

    def mean(values: np.ndarray) -> np.ndarray:
        """Over tokens, in float64: float32 numbers may have a sum beyond it."""
        with np.errstate(invalid="ignore"):  # of infinite numbers of both signs
            return values.mean(2, dtype=np.float64)

    found = {
        f"{what} {word}": at(anatomy.norms, mean(around[f"{what}_{side}"]))
        for what, (side, word) in product(("std", "mean"), SIDES.items())
    }
    stream = around["stream"]
    ends = {"max": stream.max(2), "mean": mean(stream), "min": stream.min(2)}
    found |= {f"stream {name}": at(anatomy.stream, values) for name, values in ends.items()}
    known = np.where(seen["lost"] > 0, np.nan, seen["largest"])  # NaN is written instead
    inside = tuple(sites[_tables(moment) :])
    blocks = {block.name: block.end for block in anatomy.blocks}
    norms = moment.run.gradient_norms()[np.searchsorted(moment.run.steps, moment.steps)]
    return found | {
        LARGEST: at(inside, known),
        LOST: at(inside, seen["lost"]),
        GRADIENT: at(tuple(blocks.get(part, part) for part in anatomy.parts), norms),
    }


def _first(moment: Moment, seen: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
    """The first part, in time and then in depth, that is out of bounds, and that in words."""
    names = list(part_sites(moment.run.model_config, moment.run.anatomy))
    over = (seen["largest"] > ABOVE) | (seen["lost"] > 0)
    if not over.any():
        step, at = divmod(int(seen["largest"].argmax()), len(names))
        largest = f"the largest number is {seen['largest'][step, at]:.3g}"
        where = f"{largest}, from {names[at]} at step {moment.steps[step]:,}"
        return None, f"No part is above {ABOVE:,.0f}: {where}"
    step = int(over.any(1).argmax())
    at = int(over[step].argmax())
    what = "with NaN or infinity" if seen["lost"][step, at] else f"above {ABOVE:,.0f}"
    return at, f"{capitalized(names[at])} is the first part {what}, at step {moment.steps[step]:,}"


def _table(
    moment: Moment, drawn: Drawn, series: Mapping[str, np.ma.MaskedArray], steps: range | list[int]
) -> pd.DataFrame:
    """One row per step and part; empty where a part has no such number."""
    count = len(drawn.names)
    rows = {
        "step": np.repeat(moment.steps[list(steps)], count),
        "part": list(drawn.names) * len(steps),
    }
    return pd.DataFrame(rows | {name: _column(series[name][list(steps)]) for name in SERIES})


def _column(values: np.ma.MaskedArray) -> pd.Series:
    """Numbers as a table has them; in words where one that a part has is NaN."""
    flat = values.ravel()
    if np.isfinite(flat.compressed()).all():
        return pd.Series(flat.filled(np.nan))
    words = {True: "NaN", False: "infinite"}
    cells = [x if np.isfinite(x) else words[np.isnan(x)] for x in flat.filled(0).tolist()]
    return pd.Series(cells, dtype=object).mask(np.ma.getmaskarray(flat), None)
