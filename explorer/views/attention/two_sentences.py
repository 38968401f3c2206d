"""Static or computed? One token in two sentences, and what a snapshot contains."""

from dataclasses import replace

import pandas as pd
import streamlit as st
import torch

from explorer.charts.parts.labels import shortened
from explorer.panels import AnyPanel
from explorer.picks import Positions
from explorer.views.attention.panels import head_frame, text_panel, weights_panel
from explorer.visit import session
from explorer.visit.clock import clock
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, fewer
from explorer.visit.page import how_computed, plain, say_read
from explorer.visit.sentence import Sentence, on_one_line
from explorer.visit.sentence import sentence as sentence_of
from explorer.visit.widgets import text
from model_core import words
from model_core.labels import whole_characters
from model_core.prediction.comparison import compare


def draw(moment: Moment, sentence: Sentence, focus: Focus) -> None:
    typed = text(
        st.text_input,
        "attention.second",
        "A second sentence",
        _reversed(moment, sentence),
    )
    second = sentence_of(moment.run, typed)
    say_read(second, moment.run.model_config.vocab_size)
    if second.count > len(second.ids):
        st.warning(
            f"The second sentence has {second.count:,} tokens, the model reads {len(second.ids)} "
            "at a time: showing the first."
        )
    moment = fewer(moment, len(second.ids))
    focus, other = _places(sentence, second, focus)
    texts, heads = zip(
        _side(moment, sentence, focus), _side(moment, second, other, second=True), strict=True
    )
    moment = clock(moment, [*texts, *heads])
    with drawer():
        _compared(moment, (sentence, focus.query), (second, other.query))
        _contents(moment)
    how_computed(
        r"x_i = E_{\mathrm{token}_i} + P_i, \qquad \mathrm{attention} = f(x_1, \dots, x_T)",
        "A token's row of the embedding table is a parameter: it is looked up, and is the same in "
        "every sentence. What a position makes of it depends on the tokens before, so it is "
        "computed for each text. A snapshot holds parameters only.",
        "comparison.compare, runs.Run.contents",
    )


def _reversed(moment: Moment, sentence: Sentence) -> str:
    """The words, or a single word's parts, in reverse order: another context."""
    tokenizer = moment.run.tokenizer
    text = on_one_line(tokenizer, whole_characters(tokenizer.decode(sentence.ids)))
    parts = text.split(" ")
    if len(parts) > 1:
        return " ".join(reversed(parts))
    return "".join(
        reversed(words.pieces(text) if tokenizer.kind == "word" else words.letters(text))
    )


def _side(
    moment: Moment, typed: Sentence, at: Focus, *, second: bool = False
) -> tuple[AnyPanel, AnyPanel]:
    """A sentence and the chosen head on it, half a page wide."""
    name, key = ("Second sentence", "second-") if second else ("First sentence", "")
    panel = text_panel(moment, typed, at)
    head = weights_panel(moment, typed, at, head_frame(at, 6, 440))
    above = replace(panel.frame, key=f"{key}text", title=name, span=6)
    below = replace(head.frame, key=f"{key}head", title=f"{name}: {at.name.lower()}")
    return (
        replace(panel, frame=above, picks=Positions(len(typed.ids), second=second)),
        replace(head, frame=below, picks=None if second else head.picks),
    )


def _places(first: Sentence, second: Sentence, focus: Focus) -> tuple[Focus, Focus]:
    """The chosen query of both; by default a token that occurs in both sentences.

    What was clicked in the first stays, whether the second has that token or not.
    """
    chosen, last = session.chosen(), len(second.ids) - 1
    if chosen.second_query is not None:
        return focus, _at(focus, min(chosen.second_query, last))
    tried = (focus.query, *(range(len(first.ids)) if chosen.query is None else ()))
    for at in tried:
        if first.ids[at] in second.ids:
            return _at(focus, at), _at(focus, second.ids.index(first.ids[at]))
    return focus, _at(focus, last)


def _at(focus: Focus, query: int) -> Focus:
    return focus if query == focus.query else replace(focus, query=query, key=max(query - 1, 0))


def _compared(moment: Moment, first: tuple[Sentence, int], second: tuple[Sentence, int]) -> None:
    model = moment.run.model_at(moment.step)
    (ids, at), (others, there) = (
        (torch.tensor(typed.ids), position) for typed, position in (first, second)
    )
    table = compare(model, (ids, at), (others, there))
    if ids[at] != others[there]:
        st.info("Two different tokens are compared: choose a token that occurs in both sentences.")
    row, end = table["difference"].iloc[[0, -2]]
    here, other = (
        f"'{shortened(typed.labels[position])}' at {position}"
        for typed, position in (first, second)
    )
    st.markdown(
        "**Static or computed?** "
        + plain(f"{here} of the first sentence and {other} of the second: ")
        + f"their rows of the token table are looked up and **{row:g}** apart. What the model "
        f"of step {moment.step:,} makes of them after its last block is computed: "
        f"**{end:.3g}** apart."
    )
    numbers(
        table,
        "Differences",
        file_of(moment, "static"),
        column_config={"difference": "largest difference between the two sentences"},
    )


def _contents(moment: Moment) -> None:
    """The tensors in the snapshot's file: tables, but no attention."""
    stored = pd.DataFrame(moment.run.contents(moment.step))
    stored["shape"] = [" × ".join(str(size) for size in shape) for shape in stored["shape"]]
    tables = stored["name"].isin(moment.run.anatomy.tables).sum()
    computed = [
        site for heads in moment.run.anatomy.heads for site in (heads.scores, heads.weights)
    ]
    attention = stored["name"].isin(computed).sum()
    st.markdown(
        f"**What the snapshot of step {moment.step:,} contains**: {len(stored)} tensors, "
        f"{tables} embedding tables, {attention} with attention weights."
    )
    numbers(stored, "Contents", file_of(moment, "contents"), height=260)
