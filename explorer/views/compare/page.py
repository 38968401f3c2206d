"""Compare: several runs on one clock: losses, maps, one head's attention, tables, costs."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.attention.heads import head_panel
from explorer.charts.embeddings.letters import letters_panel
from explorer.charts.embeddings.tables import table_panel
from explorer.charts.parts.arrays import extent
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.moments import moment_words, with_moments
from explorer.charts.parts.rows import Rows
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.squares import Labels
from explorer.data import heads
from explorer.data.losses import last_measured
from explorer.data.others import memory
from explorer.data.tables import vectors
from explorer.panels import AnyPanel, Frame, Panel
from explorer.views.compare.choose import PER, Shared, choose, metrics_at
from explorer.views.compare.maps import Maps, maps_of
from explorer.visit import session
from explorer.visit.clock import own_clock, own_step
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import Moment, labels_of, moment_of, rows_shown
from explorer.visit.page import how_computed, plain, question
from explorer.visit.sentence import Sentence, sentence
from model_core.costs import flops_a_token
from model_core.embeddings.token_classes import token_class
from model_core.runs import Run
from model_core.training.room import spoken

STEP = "compare.step"
LOSSES = {"val_loss": "Validation loss", "train_loss": "Training loss"}
WIDE = 30.0  # the largest loss over the smallest beyond which a linear axis hides the smaller
ROWS = 128  # of a token table, at most
HEAD_AT_MOST = 64  # tokens of a sentence whose attention is drawn side by side


def draw(moment: Moment, typed: Sentence) -> None:
    question("What does one setting change?")
    shared, head = choose(moment)
    maps = maps_of(shared)
    step = STEP if shared.clock == "step" else f"{STEP}.{shared.clock}"  # of each a moment
    last = int(shared.moments[-1])
    at = int(np.searchsorted(shared.moments, own_step(step, shared.timeline, last)))
    st.markdown(f"##### {plain(_verdict(shared, at))}")
    panels = [*_losses(shared), *_maps(shared, maps), *_attention(shared, head), *_tables(shared)]
    live = any(run.status.active for run in shared.runs.values())
    if own_clock(step, panels, shared.timeline, live=live) != shared.moments[at]:
        st.rerun()
    if len(typed.ids) > HEAD_AT_MOST:
        st.caption(f"Attention is drawn here for sentences of at most {HEAD_AT_MOST} tokens.")
    with drawer():
        _numbers(shared, at)
    _explained()


def _verdict(shared: Shared, at: int) -> str:
    """What differs if it is one setting; the runs by their loss now, lowest first.

    The validation loss where each of them has one: that of a single batch jumps.
    """
    losses = {column: _losses_at(shared, at, column) for column in LOSSES}
    column = next((one for one in losses if len(losses[one]) == len(shared.runs)), "train_loss")
    ends = {name: shared.of(run)[-1] for name, run in shared.runs.items()}
    known = [
        f"{shared.short[name]} {loss:.3g}{' at its end' * bool(ends[name] < shared.moments[at])}"
        for name, loss in sorted(losses[column].items(), key=lambda item: item[1])
    ]
    here = f"{shared.clock} {moment_words(shared.moments[at] / PER[shared.clock])}"
    only = f"{shared.differing[0]} alone differs. " if len(shared.differing) == 1 else ""
    if not known:
        return f"{only}At {here} no training loss is a number."
    said = f"{LOSSES[column].lower()}: {', '.join(known)} nats per token."
    return f"{only}At {here}, {said}"


def _losses_at(shared: Shared, at: int, column: str) -> dict[str, float]:
    """Each run's last measured loss at a moment; none of a run that has diverged by then."""
    found = {
        name: float(last_measured(run, column)[shared.indices(run)[at]])
        for name, run in shared.runs.items()
    }
    return {name: loss for name, loss in found.items() if np.isfinite(loss)}


def _losses(shared: Shared) -> list[Panel]:
    """Both losses of all runs; a validation loss stands until the next one is measured."""
    panels = []
    for column, title in LOSSES.items():
        series = {
            shared.short[name]: shared.series(run, run.metrics()[column].ffill().to_numpy())
            for name, run in shared.runs.items()
        }
        if any(np.isfinite(one).any() for one in series.values()):
            frame = Frame(column, title, span=6, height=330)
            low, high = extent(np.stack(list(series.values())))
            scale = Scale("nats per token", log=high > WIDE * low > 0)
            panel = curves_panel(shared.moments, series, frame, scale)
            panels.append(with_moments(panel, shared.moments / PER[shared.clock], shared.clock))
    return panels


def _maps(shared: Shared, maps: Maps | None) -> list[AnyPanel]:
    if maps is None:
        return []
    classes = [token_class(token) for token in maps.tokens]
    rows = Rows(maps.labels, row_ids=maps.ids)
    return [
        letters_panel(
            maps.points[name],
            rows,
            classes,
            Frame(f"map-{at}", f"Map of {shared.short[name]}{_alike(maps, name)}", *_size(shared)),
        )
        for at, name in enumerate(shared.runs)
    ]


def _alike(maps: Maps, name: str) -> str:
    share = maps.likeness.get(name)
    if share is None:
        return ""
    return f", turned: {share:.0%} like the first, by chance {maps.chance[name]:.0%}"


def _attention(shared: Shared, wanted: tuple[int, int]) -> list[Panel]:
    """The same head of each run, on the same sentence, as each of them reads it."""
    panels = []
    for at, (name, run) in enumerate(shared.runs.items()):
        moment = moment_of(run)
        config, read = run.model_config, sentence(run, session.text() or "")
        if not config.n_layer or len(read.ids) > HEAD_AT_MOST:
            continue
        layer, head = min(wanted[0], config.n_layer - 1), min(wanted[1], config.n_head - 1)
        weights = heads.head(moment, read.ids, (layer, head)).weights[shared.indices(run)]
        title = f"{shared.short[name]}: layer {layer}, head {head}"
        frame = Frame(f"head-{at}", title, *_size(shared))
        panels.append(head_panel(weights, Labels(read.labels), frame))
    return panels


def _tables(shared: Shared) -> list[Panel]:
    """The token table of each run; of a large vocabulary the most frequent rows."""
    panels = []
    for at, (name, run) in enumerate(shared.runs.items()):
        ids, size = rows_shown(run, ROWS), run.model_config.vocab_size
        some = "" if len(ids) == size else f", {len(ids)} of {size:,} tokens"
        values = vectors(moment_of(run), "tokens", tuple(ids.tolist()))[shared.indices(run)]
        rows = Rows(labels_of(run, ids), row_ids=ids.tolist())
        frame = Frame(
            f"table-{at}", f"Token table of {shared.short[name]}{some}", *_size(shared, 560)
        )
        panels.append(table_panel(values, rows, frame))
    return panels


def _size(shared: Shared, height: int = 400) -> tuple[int, int]:
    """Columns and pixels of one of several panels side by side."""
    return 12 // max(2, len(shared.runs)), height


def _numbers(shared: Shared, at: int) -> None:
    """What each model costs, and what was measured at the moment shown."""
    costs = pd.DataFrame([_costs(name, run) for name, run in shared.runs.items()])
    st.markdown("**Parameters, memory of the training, operations of a forward pass a token**")
    numbers(costs, "Costs", File("", "costs", None))
    st.markdown("**Measured at the latest recorded step before the moment shown**")
    numbers(metrics_at(shared, at), "Measured", File("", "compared", None))


def _costs(name: str, run: Run) -> dict[str, object]:
    try:
        at_most = spoken(memory(run))
    except ValueError:
        at_most = "unknown without its text"
    config = run.model_config
    return {
        "run": name,
        "n_embd": config.n_embd,
        "layers": config.n_layer,
        "heads": config.n_head,
        "norm": config.norm,
        "parameters": config.weights,
        "bytes of weights": 4 * config.weights,
        "training at most": at_most,
        "FLOPs a token": flops_a_token(config),
    }


def _explained() -> None:
    how_computed(
        r"\mathrm{FLOPs} = L\,(24\,C^2 + 4\,T\,C) + 2\,C\,V, \qquad "
        r"R = \arg\min_{R^\top R = 1} \lVert X R - Y \rVert",
        "Each run shows its latest recorded step before the moment of the clock: by optimizer "
        "steps, tokens read, epochs of its own text, or seconds of training by its own speed. "
        "After its end its curves stop and its tables stay. **Maps**: the tables of the last steps "
        "are centred, and those of the other runs turned onto the first by the best rotation for "
        "the tokens that all have (orthogonal Procrustes, Schönemann 1966; missing channels are "
        "0), which changes no distance; then all are seen along the first table's two principal "
        "directions. The share is what the best rotation and scale explain of the squared lengths; "
        "by chance is the same after the rows are exchanged: few tokens in many channels always "
        "fit well. "
        "**FLOPs**: two for each product and sum of a forward pass (Hoffmann et al. 2022, appendix "
        "F); a training step costs about three times as much.",
        "costs.flops_a_token, training.room.memory_bytes, embeddings.alignment.overlay",
    )
