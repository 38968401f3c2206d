"""What the reader asks of a map: the widgets, and what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import streamlit as st

from explorer.visit import session
from explorer.visit.moment import Moment, frequency, labels_of
from model_core.config import MapConfig, MapMethod, Table
from model_core.embeddings.counts import most_frequent
from model_core.embeddings.token_classes import token_class

AT_MOST = 2_000  # rows on a map; more cover each other and take minutes
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
    """What the widgets say. `ids` are the rows on the map, ascending; `ends` the two sets of ids
    between which a custom axis leads."""

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
        """Whether a custom axis was asked for that leads from or to nobody."""
        return self.method == AXIS and not all(self.ends)


def choose(moment: Moment) -> Choices:
    """Draw the widgets; what they say."""
    kind, method, find, more = st.columns([1.4, 1.5, 4, 1.3], vertical_alignment="bottom")
    key = session.offer("table", ("tokens", "positions"))
    table = kind.segmented_control(
        "Rows", ("tokens", "positions"), key=key, required=True, **session.KEPT
    )
    methods = [name for name in METHODS if name != AXIS or table == "tokens"]
    key = session.offer("map", methods)
    made = method.selectbox("Map", methods, key=key, help=_ABOUT, **session.KEPT)
    session.offer("which", WHICH)
    ids = _ids(moment, table, session.choice("which"))
    if table == "tokens":
        _find(find, moment, ids)
    with more.popover("Look and settings", width="stretch"):
        left, right = st.columns(2)
        with left:
            drawn = _drawing(moment, table)
        with right:
            settings = _settings(moment, table, made, ids)
    ends = _ends(moment, ids) if made == AXIS else ((), ())
    return Choices(
        table=table,
        ids=ids,
        method=made,
        ends=ends,
        **drawn,
        basis=session.choice("basis"),
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
    """Search by typing; what is found is selected, as what a lasso holds is."""
    session.keep_selected(ids)
    place.multiselect(
        "Find and select tokens, or draw a lasso on the map",
        ids,
        format_func=_named(moment, ids),
        key=session.TOKENS,
        placeholder="Type a token",
        **session.KEPT,
    )


def _named(moment: Moment, ids: tuple[int, ...]) -> Callable[[int], str]:
    """Tells tokens by their labels and ids: two may look alike."""
    names = dict(zip(ids, labels_of(moment.run, np.array(ids)), strict=True))
    return lambda token: f"{names[token]} (id {token})"


def _drawing(moment: Moment, table: Table) -> dict[str, Any]:
    """How the map is drawn."""
    st.markdown("**Look**")
    key = session.offer("axes", ("2-D", "3-D"))
    axes = st.segmented_control(
        "Dimensions", ("2-D", "3-D"), key=key, required=True, **session.KEPT
    )
    colours = COLOURS if table == "tokens" else POSITION_COLOURS
    colour = _select("Colour by", "colour", colours)
    last = moment.run.model_config.n_embd - 1
    key = session.number("channel", 0, 0, last, of_run=True)
    channel = st.number_input(
        "Channel", 0, last, key=key, disabled=colour != "a channel", **session.KEPT
    )
    return {
        "dimensions": 3 if axes == "3-D" else 2,
        "colour": colour,
        "channel": int(channel),
        "trails": _select("Trails", "trails", TRAILS),
        "arrows": _select("Arrows to the next place", "arrows", ARROWS),
        "which": _which(moment),
    }


def _which(moment: Moment) -> str:
    if moment.run.model_config.vocab_size > AT_MOST:
        return _select(f"Which {AT_MOST:,} tokens", "which", WHICH)
    return WHICH[0]


def _settings(moment: Moment, table: Table, method: str, ids: tuple[int, ...]) -> dict[str, Any]:
    """The parameters of the method; those of others keep their values."""
    st.markdown(f"**Settings of {method}**")
    session.offer("basis", BASES)
    if method not in MADE:
        _select("Fitted on", "basis", BASES)
        return {}
    most = max(len(ids), 2)
    key = session.number(f"neighbours-{table}", min(15, most), 2, most, of_run=True)
    near = st.number_input("Neighbours, itself counted", 2, most, key=key, **session.KEPT)
    settings: dict[str, Any] = {"n_neighbors": int(near)}
    if method != "t-SNE":
        key = session.number("apart", 0.1, 0.0, 1.0)
        settings["min_dist"] = st.number_input(
            "Least distance on the map", 0.0, 1.0, step=0.05, key=key, **session.KEPT
        )
    if method == "UMAP":
        key = session.number("smooth", 10.0, 0.0, 1e6)
        settings["smoothness"] = st.number_input(
            "Smoothness over time", 0.0, 1e6, step=1.0, key=key, **session.KEPT
        )
    key = session.number("seed", 0, 0, 2**31 - 1)
    settings["seed"] = int(st.number_input("Seed", 0, 2**31 - 1, key=key, **session.KEPT))
    return settings


def _config(
    table: Table, ids: tuple[int, ...], method: str, dimensions: int, settings: dict[str, Any]
) -> MapConfig | None:
    """All rows of a small table are told as none, so that the same map has one name."""
    if method not in MADE:
        return None
    rows = ids if ids != tuple(range(len(ids))) or len(ids) == AT_MOST else ()
    return MapConfig(table=table, method=MADE[method], rows=rows, dimensions=dimensions, **settings)


def _ends(moment: Moment, ids: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The two sets of a custom axis; at first the two largest classes of tokens, vowels first."""
    begin, end = st.columns(2)
    chosen = []
    for place, name, of in zip(
        (begin, end), ("from", "to"), _two_classes(moment, ids), strict=True
    ):
        key = session.several(f"axis-{name}", of, ids)
        chosen.append(
            place.multiselect(
                f"Axis {name}",
                ids,
                format_func=_named(moment, ids),
                key=key,
                **session.KEPT,
            )
        )
    return tuple(chosen[0]), tuple(chosen[1])


def _two_classes(moment: Moment, ids: tuple[int, ...]) -> tuple[list[int], list[int]]:
    classes: dict[str, list[int]] = {}
    for token in ids:
        classes.setdefault(token_class(moment.run.tokenizer.tokens[token]), []).append(token)
    if {"vowel", "consonant"} <= classes.keys():
        return classes["vowel"], classes["consonant"]
    largest = sorted(classes.values(), key=len, reverse=True)
    half = len(ids) // 2
    return (largest[0], largest[1]) if len(largest) > 1 else (list(ids[:half]), list(ids[half:]))


def _select(label: str, name: str, options: Sequence[str]) -> str:
    return cast(str, st.selectbox(label, options, key=session.offer(name, options), **session.KEPT))
