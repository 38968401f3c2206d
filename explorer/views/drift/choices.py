"""What the reader asks of a map: the widgets, and what they say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from explorer.visit.moment import Moment, frequency, labels_of
from explorer.visit.state import TOKENS
from explorer.visit.widgets import number, one_of, option, several
from model_core.config import MapConfig, MapMethod, Table
from model_core.embeddings.counts import most_frequent
from model_core.embeddings.token_classes import token_class

AT_MOST = 2_000  # rows on a map; more cover each other and take minutes
TABLES: tuple[Table, ...] = ("tokens", "positions")
AXIS = "Axis between two sets"
METHODS = ("UMAP", "PCA", AXIS, "AlignedUMAP", "t-SNE")
MADE: dict[str, MapMethod] = {"UMAP": "umap", "AlignedUMAP": "aligned", "t-SNE": "tsne"}
COLOURS = ("kind of token", "frequency", "updates so far", "distance moved", "a channel", "nothing")
POSITION_COLOURS = ("position", "distance moved", "a channel", "nothing")
TRAILS = ("chosen and selected", "neighbours changed most", "none")
ARROWS = ("none", "the optimizer's step", "against the gradient")
WHICH = ("most frequent", "rarest", "first in the vocabulary")
BASES = ("all steps", "the first step", "the last step", "this step")


@dataclass(frozen=True)
class Choices:
    """The values of the widgets. `ids` are the rows on the map, ascending; `ends` the two sets of
    ids that a custom axis connects."""

    table: Table
    ids: tuple[int, ...]
    method: str
    dimensions: int
    which: str
    colour: str
    channel: int
    trails: str
    arrows: str
    basis: str
    ends: tuple[tuple[int, ...], tuple[int, ...]]
    config: MapConfig | None  # of a map that takes time, None for linear ones

    @property
    def lacks_an_end(self) -> bool:
        """Whether one end of the custom axis has no token."""
        return self.method == AXIS and not all(self.ends)


def choose(moment: Moment) -> Choices:
    """Draw the widgets and return their values."""
    with st.container(key="drift-choices"):
        kind, method, find, more = st.columns([1.9, 1.6, 3.2, 1.3], vertical_alignment="bottom")
    table = one_of(kind.segmented_control, "drift.table", "Rows", TABLES)
    methods = [name for name in METHODS if name != AXIS or table == "tokens"]
    made = one_of(method.selectbox, "drift.map", "Map", methods, help=_ABOUT)
    which = option("drift.which", WHICH)
    ids = _ids(moment, table, which)
    if table == "tokens":
        _find(find, moment, ids)
    with more.popover("Settings", width="stretch"):
        left, right = st.columns(2)
        with left:
            drawn = _drawing(moment, table)
        with right:
            settings = _settings(table, made, ids)
    return Choices(
        table=table,
        ids=ids,
        method=made,
        which=which,
        ends=_ends(moment, ids) if made == AXIS else ((), ()),
        **drawn,
        basis=option("drift.basis", BASES),
        config=_config(table, ids, made, drawn["dimensions"], settings),
    )


_ABOUT = (
    "UMAP: neighbours stay neighbours, all steps laid out together. PCA: the directions of most "
    "variance, one basis for all steps. Axis: from one set of tokens to another. AlignedUMAP and "
    "t-SNE, as other tools make them, to compare."
)


def _ids(moment: Moment, table: Table, which: str) -> tuple[int, ...]:
    """The rows on the map, ascending."""
    if table == "positions":
        return tuple(range(min(moment.run.model_config.block_size, AT_MOST)))
    if moment.run.model_config.vocab_size <= AT_MOST or which == "first in the vocabulary":
        return tuple(range(min(moment.run.model_config.vocab_size, AT_MOST)))
    often = frequency(moment.run)
    chosen = most_frequent(often if which == "most frequent" else -often, AT_MOST)
    return tuple(chosen.tolist())


def _find(place: Any, moment: Moment, ids: tuple[int, ...]) -> None:
    """Search by typing; what is found is selected, as by a lasso."""
    several(
        place.multiselect,
        TOKENS,
        "Find and select tokens, or draw a lasso on the map",
        ids,
        (),
        format_func=_named(moment, ids),
        placeholder="Type a token",
    )


def _named(moment: Moment, ids: tuple[int, ...]) -> Callable[[int], str]:
    """Tells tokens by their labels and ids: two may look alike."""
    names = dict(zip(ids, labels_of(moment.run, np.array(ids)), strict=True))
    return lambda token: f"{names[token]} (id {token})"


def _drawing(moment: Moment, table: Table) -> dict[str, Any]:
    """How the map is drawn."""
    st.markdown("**Look**")
    axes = one_of(st.segmented_control, "drift.axes", "Dimensions", ("2-D", "3-D"))
    colours = COLOURS if table == "tokens" else POSITION_COLOURS
    colour = one_of(st.selectbox, "drift.colour", "Colour by", colours)
    channel = number(
        st.number_input,
        "drift.channel",
        "Channel",
        0,
        (0, moment.run.model_config.n_embd - 1),
        of_run=True,
        disabled=colour != "a channel",
    )
    drawn = {
        "dimensions": 3 if axes == "3-D" else 2,
        "colour": colour,
        "channel": channel,
        "trails": one_of(st.selectbox, "drift.trails", "Trails", TRAILS),
        "arrows": one_of(st.selectbox, "drift.arrows", "Arrows to the next point", ARROWS),
    }
    if moment.run.model_config.vocab_size > AT_MOST:
        one_of(st.selectbox, "drift.which", f"Which {AT_MOST:,} tokens", WHICH)
    return drawn


def _settings(table: Table, method: str, ids: tuple[int, ...]) -> dict[str, Any]:
    """The parameters of the method; those of others keep their values."""
    st.markdown(f"**Settings of {method}**")
    if method not in MADE:
        one_of(st.selectbox, "drift.basis", "Fitted on", BASES)
        return {}
    most, field = max(len(ids), 2), st.number_input
    settings: dict[str, Any] = {
        "n_neighbors": number(
            field,
            f"drift.neighbours.{table}",
            "Neighbours, including itself",
            min(15, most),
            (2, most),
            of_run=True,
        )
    }
    if method != "t-SNE":
        settings["min_dist"] = number(
            field, "drift.apart", "Least distance on the map", 0.1, (0.0, 1.0), step=0.05
        )
    if method == "UMAP":
        settings["smoothness"] = number(
            field, "drift.smooth", "Smoothness over time", 0.3, (0.0, 1e6), step=0.1
        )
    settings["seed"] = number(field, "drift.seed", "Seed", 0, (0, 2**31 - 1))
    return settings


def _config(
    table: Table, ids: tuple[int, ...], method: str, dimensions: int, settings: dict[str, Any]
) -> MapConfig | None:
    """All rows of a small table are encoded as (), so that equal maps have one name."""
    if method not in MADE:
        return None
    rows = ids if ids != tuple(range(len(ids))) or len(ids) == AT_MOST else ()
    return MapConfig(table=table, method=MADE[method], rows=rows, dimensions=dimensions, **settings)


def _ends(moment: Moment, ids: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The two sets of a custom axis; at first the two largest classes of tokens, vowels first."""
    ends = [
        several(
            column.multiselect,
            f"drift.{name}",
            f"Axis {name}",
            ids,
            tokens,
            format_func=_named(moment, ids),
        )
        for column, name, tokens in zip(
            st.columns(2), ("from", "to"), _two_classes(moment, ids), strict=True
        )
    ]
    return tuple(ends[0]), tuple(ends[1])


def _two_classes(moment: Moment, ids: tuple[int, ...]) -> tuple[list[int], list[int]]:
    classes: dict[str, list[int]] = {}
    for token in ids:
        classes.setdefault(token_class(moment.run.tokenizer.tokens[token]), []).append(token)
    if {"vowel", "consonant"} <= classes.keys():
        return classes["vowel"], classes["consonant"]
    largest = sorted(classes.values(), key=len, reverse=True)
    half = len(ids) // 2
    return (largest[0], largest[1]) if len(largest) > 1 else (list(ids[:half]), list(ids[half:]))
