"""Drift: where tokens and positions are, how far training moved them, how far to trust the map."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.colours import LABELLED, Colours
from explorer.charts.embeddings.marks import Marks
from explorer.charts.parts.labels import shortened
from explorer.data import tables
from explorer.panels import Panel, Words
from explorer.views.drift.choices import Choices, choose
from explorer.views.drift.maps import NAMES, Atlas, Rows, map_of, rows_of
from explorer.views.drift.marks import Arrows, arrows_of, colours_of, happened, trails_of
from explorer.views.drift.panels import distances, map_of_rows, neighbourhood, trust
from explorer.visit.clock import clock
from explorer.visit.export import File, drawer, file_of, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import how_computed, plain, question, say_problem, write_button
from explorer.visit.sentence import Sentence
from explorer.visit.trust import BY_CHANCE
from model_core.embeddings.neighbours import (
    Neighbours,
    biography,
    drift,
    neighbours,
    tokens_changed_most,
)
from model_core.projections.maps import MapFile

WATCHED = 0.4  # seconds between two looks at a map in the making


def draw(moment: Moment, sentence: Sentence) -> None:
    question("Which tokens does training bring together, and which path did they take?")
    choices = choose(moment)
    rows = rows_of(moment, choices)
    atlas = map_of(moment, rows, choices)
    turnover = tables.turnover(moment, rows.table, rows.ids) if len(rows.ids) > 1 else None
    focus = _focus(moment, rows, turnover)
    arrows = arrows_of(moment, rows, atlas, choices)
    colours, lost = _colours(moment, rows, choices)
    _describe(moment, rows, choices, atlas, (lost, _arrow_words(atlas, choices, arrows)))
    far = drift(rows.vectors)
    trails = trails_of(moment, rows, choices, turnover)
    marks = Marks(colours, trails, None if arrows is None else arrows.ways)
    flat = choices.dimensions == 2
    panels: list[Panel | Words] = [map_of_rows(moment, rows, atlas, marks, flat=flat)]
    near = None
    if turnover is None:
        panels += [trust(moment, atlas), distances(moment, rows, far)]
    else:
        near = neighbours(rows.vectors, focus, min(tables.NEAR, len(rows.ids) - 1), "distance")
        words, life = neighbourhood(moment, rows, focus, near)
        panels += [words, trust(moment, atlas), life, distances(moment, rows, far)]
    timeline = happened(moment, rows, turnover, atlas.trust)
    fitted = choices.config is None and choices.basis == "this step"
    moment = clock(replace(moment, timeline=timeline), panels, of_step=fitted)
    with drawer():
        _numbers(moment, rows, atlas, far)
        if near is not None:
            _biography(moment, rows, focus, near)
    _explained(atlas)


def _colours(moment: Moment, rows: Rows, choices: Choices) -> tuple[Colours | None, str]:
    """What the dots are coloured by, or why they are not."""
    try:
        return colours_of(moment, rows, choices), ""
    except ValueError as error:
        return None, str(error)


def _focus(moment: Moment, rows: Rows, turnover: np.ndarray | None) -> int:
    """The index of the row whose neighbours are shown: the chosen one, else the first selected,
    else the one whose neighbours changed most, of a growing run up to the map's last fit."""
    chosen, selected = rows.chosen(moment), rows.selected(moment)
    if chosen is not None or selected:
        return selected[0] if chosen is None else chosen
    if turnover is None:
        return 0
    return int(tokens_changed_most(turnover[: tables.first_steps(moment)], 1)[0])


def _describe(
    moment: Moment, rows: Rows, choices: Choices, atlas: Atlas, notes: tuple[str, str]
) -> None:
    """What the map is: method, parameters, what is left out, what is still being made.

    `notes` are on its colours and its arrows, "" where there is nothing to say.
    """
    parts = [atlas.problem, notes[0], _waits(atlas), _method(moment, choices, atlas)]
    if choices.lacks_an_end:
        parts.insert(0, "choose tokens for both ends of the axis")
    parts.append(_without_point(atlas.places))
    vocabulary = moment.run.model_config.vocab_size
    if rows.table == "tokens" and len(rows.ids) < vocabulary:
        parts.append(f"showing {len(rows.ids):,} of {vocabulary:,} tokens, {choices.which}")
    if atlas.waiting:
        parts.append(f"the {atlas.waiting} newest steps stand still until they are laid out")
    if atlas.pieces > 1:
        parts.append(f"grown with its run, in {atlas.pieces} pieces")
    if moment.live:
        parts.append("scales of axes and colours cover all steps so far")
    parts.append(notes[1])
    words, button = st.columns([6, 1], vertical_alignment="center")
    words.caption(plain(" · ".join(part for part in parts if part)))
    with button.container(height=40, border=False):  # as high without a button: nothing jumps
        if atlas.file is not None:
            _making(moment, atlas, atlas.file)


def _without_point(places: np.ndarray) -> str:
    """How many points of all steps (S, N, D) are not drawn, "" for none."""
    lost = int((~np.isfinite(places).all(2)).sum())
    if not lost:
        return ""
    return (
        f"{lost:,} of {places[:, :, 0].size:,} points are not drawn: their numbers are not finite"
    )


def _waits(atlas: Atlas) -> str:
    if atlas.file is None or atlas.name != "PCA" or not atlas.status.active:
        return ""
    before = ", after another one" if atlas.status.state == "waiting" else ""
    return f"{NAMES[atlas.file.config.method]} is being laid out{before}; until then"


def _method(moment: Moment, choices: Choices, atlas: Atlas) -> str:
    count = len(moment.steps)
    if atlas.name in ("PCA", "Axis"):
        shown = choices.basis if choices.config is None and not atlas.problem else "all steps"
        fitted = f"all {count} steps together" if shown == "all steps" else shown
        first = tables.first_steps(moment)
        if shown == "all steps" and moment.live:
            fitted = f"the first {first} of {count} steps; again at {2 * first} and at the end"
        return f"{atlas.name}, one basis for all steps, fitted on {fitted}"
    assert atlas.file is not None, "a map that took time has a file"
    config = atlas.file.config
    settings = [f"{config.n_neighbors} neighbours"]
    if config.method != "tsne":
        settings.append(f"least distance {config.min_dist:g}")
    if config.method == "umap":
        settings.append(f"smoothness {config.smoothness:g}")
    return f"{atlas.name} of {count} steps: {', '.join(settings)}, seed {config.seed}"


def _arrow_words(atlas: Atlas, choices: Choices, arrows: Arrows | None) -> str:
    if choices.arrows == "none":
        return ""
    if arrows is None:
        return f"no arrows: more than {LABELLED} would cover each other"
    if not np.isfinite(arrows.ways).any():
        return "no arrows: this run was recorded without its next moves"
    way = {
        "the optimizer's step": "what the optimizer does next",
        "against the gradient": "-learning rate · gradient of the next batch",
    }[choices.arrows]
    fit = "" if atlas.name in ("PCA", "Axis") else ", by a linear fit around each row"
    return f"arrows: {way}, {arrows.factor:,g} × as long{fit}"


def _making(moment: Moment, atlas: Atlas, file: MapFile) -> None:
    """The button that makes sense now, and how far the map is."""
    if atlas.status.active and not moment.live:
        _watch(file, file.stored)
    elif atlas.status.state in ("failed", "stopped"):
        write_button(st.button, "Try again", file.clear_status)
        say_problem()
    elif atlas.pieces > 1 and not moment.live:
        write_button(st.button, "Lay out again", file.forget)
        say_problem()


@st.fragment(run_every=WATCHED)
def _watch(file: MapFile, stored: int) -> None:
    """Redraw the page when the map is ready, and when it is stored before its trust is judged."""
    status = file.status
    if not status.active or file.stored != stored:
        st.rerun()
    with suppress(OSError):
        file.ask()  # a reader still asks: it keeps its turn in the queue
    done = f" ({status.share:.0%})" if status.share else ""
    write_button(st.button, f"Stop{done}", file.stop)
    say_problem()


def _numbers(moment: Moment, rows: Rows, atlas: Atlas, far: np.ndarray) -> None:
    """The map at the settled step, and distances (S, N) from the first."""
    axes = {name: atlas.places[moment.at, :, i] for i, name in enumerate(atlas.axis_titles)}
    kind = rows.table[:-1]
    table = pd.DataFrame({"id": rows.ids, kind: rows.labels, "moved": far[moment.at], **axes})
    st.markdown(f"**Farthest from their start at step {moment.step:,}**")
    numbers(
        table.sort_values("moved", ascending=False),
        "Map",
        file_of(moment, "map"),
        csv=lambda: table,
        height=260,
    )


def _biography(moment: Moment, rows: Rows, focus: int, near: Neighbours) -> None:
    """Who entered and left the nearest of a row, and when."""
    changes = biography(near.ids, moment.steps)
    told = [
        [change.step, *(" ".join(rows.labels[one] for one in part) for part in parts)]
        for change in changes
        for parts in [(change.entered, change.left)]
    ]
    name = plain(shortened(rows.labels[focus]))
    st.markdown(f"**Who entered and left the neighbourhood of {name}**")
    numbers(
        pd.DataFrame(told, columns=["step", "entered", "left"]),
        "Biography",
        File(moment.run.name, f"biography-{rows.table[:-1]}-{rows.ids[focus]}", None),
        height=260,
    )


def _explained(atlas: Atlas) -> None:
    joint = (
        r"\sum_{s,\,i<j} -p_{sij}\ln q_{sij} - r_{sij}\ln(1-q_{sij}) \;+\; \lambda \sum_{s,i} "
        r"\frac{\lVert y_{s+1,i}-y_{s,i}\rVert^2}{\mathrm{gap}_s}, \qquad "
        r"q = \frac{1}{1+a\,\lVert y_i-y_j\rVert^{2b}}"
    )
    linear = atlas.name in ("PCA", "Axis")
    how_computed(
        r"y_{s,i} = W\,(x_{s,i} - \bar x)" if linear else joint,
        "**UMAP** lays out all steps at once: p says which rows are near each other in all "
        "channels at step s, the second sum holds a token to its points at the steps beside it (λ "
        "is the smoothness). Directions and sizes on such a map mean nothing, only who is near "
        "whom. **PCA** and **Axis** show y = W (x − mean), the same W at all steps, so nothing "
        "moves that did not move in these directions.\n\n"
        f"{BY_CHANCE} "
        "**Neighbours kept**: the share of the 10 nearest on the map that are among the "
        "10 nearest in the table. **Model's movement**: the part of the movement on the map that "
        "the tokens' own change of neighbours explains; the rest is the map finding another "
        "balance, and a sudden move that a smooth map spreads over the steps beside it. A map of "
        "untrained, random rows cannot be trusted: look at the line before you look at the map.",
        "projections.umap_over_time, projections.pca_over_time, projections.trust, "
        "projections.chance, projections.verdict, "
        "neighbours.neighbours, neighbours.turnover",
    )
