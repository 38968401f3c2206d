"""The model drawn, with the visitor's own sentence on its way through it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from explorer.charts.embeddings.letters import letters_panel
from explorer.charts.machine import Model, Read, machine
from explorer.data import heads, predictions, tables
from explorer.panels import AnyPanel, Events, Frame, Letters, Machine, Words
from explorer.views.overview.changes import with_changes
from explorer.visit import session
from explorer.visit.clock import clock
from explorer.visit.focus import focus_of
from explorer.visit.moment import Moment, fewer, labels_of, left_out, thinned
from explorer.visit.rows import token_rows
from explorer.visit.sentence import Sentence
from explorer.visit.trust import explain_trust, trust_words
from model_core.anatomy import parameter_counts
from model_core.embeddings.token_classes import token_class
from model_core.runs import Run

EVENTS = "What happened in the training, by its steps; each line moves the clock there."
MAP = 220  # pixels
LETTERS = 34  # that a third of a narrow page has room for


def draw(moment: Moment, sentence: Sentence) -> None:
    moment = fewer(moment, len(sentence.ids))
    for words in filter(None, (left_out(moment), thinned(moment))):
        st.caption(words)
    # A new sentence is drawn at the settled step first: one step takes a moment, all take longer.
    new = session.is_new((moment.run.name, sentence.ids))
    alone = new and predictions.unread(moment, sentence.ids)
    now = replace(moment, steps=moment.steps[[moment.at]]) if alone else moment
    panels: list[AnyPanel] = [
        _machine(moment, now, sentence),
        _written(moment),
        _letters(moment, now),
        Events(Frame("changes", "What just changed", 6, MAP), alt=EVENTS),
    ]
    clock(replace(moment, timeline=with_changes(moment, quick=alone)), panels, alone=alone)
    explain_trust()


def _machine(moment: Moment, now: Moment, sentence: Sentence) -> Machine:
    """At the steps of `now`; roles take longer than a first picture may."""
    unknown = not moment.run.model_config.n_layer or heads.unprobed(moment) and now is not moment
    return machine(
        predictions.flow(now, sentence.ids),
        Read(
            sentence.ids,
            sentence.labels,
            focus_of(moment, sentence).query,
            sentence.unread,
        ),
        Model(
            labels_of(moment.run, np.arange(moment.run.model_config.vocab_size)),
            _parameters(moment.run),
            None if unknown else heads.named(moment, now.steps),
        ),
        Frame("machine", "Your sentence in the model", span=12),
    )


def _parameters(run: Run) -> list[int]:
    """How many the tables have, each block, and what follows the last."""
    counts = list(parameter_counts(run.model_config).values())
    first = len(run.anatomy.tables)
    last = first + run.model_config.n_layer
    return [sum(counts[:first]), *counts[first:last], sum(counts[last:])]


def _written(moment: Moment) -> Words:
    at = np.searchsorted(moment.run.steps, moment.steps)
    foreign = predictions.foreign(moment)
    title = "What the model writes"
    if any(foreign):
        grey = "pairs of words" if moment.run.tokenizer.kind == "word" else "words"
        title += f". Grey: {grey} that its training text lacks"
    texts = list(moment.metrics["sample"])
    return Words(
        Frame("sample", title, span=12, height=44 + 20 * _lines(texts)),
        texts,
        alt="A short text sampled from the model at each recorded step, always with the same seed.",
        faint=[foreign[one] for one in at],
        beside=True,
    )


def _lines(texts: Sequence[str]) -> int:
    """Lines that the longest text takes, at most four; more are scrolled."""
    return min(max(sum(1 + len(line) // LETTERS for line in text.split("\n")) for text in texts), 4)


def _letters(moment: Moment, now: Moment) -> Letters:
    """The map of tokens; how far to trust it takes longer than a first picture may."""
    notes: list[str] = []
    if now is moment:
        judged = tables.pca(moment, "tokens", tuple(moment.rows.tolist()))
        found = judged.map
        notes = trust_words(judged.trust, judged.chance, moment.steps)
    else:
        found = tables.letters(moment)
    fitted = f" fitted on {tables.first_steps(moment)} steps so far" if moment.live else ""
    title = f"Token map (PCA{fitted}, {sum(found.explained):.0%} of variance)"
    return letters_panel(
        found.layout,
        token_rows(moment),
        [token_class(token) for token in moment.tokens],
        Frame("map", title, 6, MAP, notes=notes),
    )
