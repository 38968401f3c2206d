"""Static or computed? One token in two sentences, and what a snapshot contains."""

from dataclasses import replace

import pandas as pd
import streamlit as st
import torch

from explorer import look as looks
from explorer import session
from explorer.attending.place import Place, text_panel, weights_panel
from explorer.look import Look, Sentence, fewer
from explorer.page import clock, csv_button, how_computed, plain
from explorer.panels import AnyPanel
from model_core.comparison import compare

SECOND = "second"


def draw(look: Look, sentence: Sentence, place: Place) -> None:
    key = session.words(SECOND, _reversed(look, sentence))
    st.text_input("A second sentence", key=key, max_chars=10_000, **session.KEPT)
    second = looks.sentence(look.run, session.choice(key))
    if second.problem:
        st.warning(plain(second.problem))
    if second.count > len(second.ids):
        st.warning(
            f"The second sentence has {second.count:,} tokens, the model reads {len(second.ids)} "
            "at a time: shown are its first."
        )
    if not second.ids:
        clock(look, [])
        return
    look = fewer(look, len(second.ids))
    place, other = _places(sentence, second, place)
    texts, heads = zip(
        _side(look, sentence, place, "First sentence"),
        _side(look, second, other, "Second sentence", "second-"),
        strict=True,
    )
    look = clock(look, [*texts, *heads])
    _compared(look, (sentence, place.query), (second, other.query))
    _contents(look)
    how_computed(
        r"x_i = E_{\mathrm{token}_i} + P_i, \qquad \mathrm{attention} = f(x_1, \dots, x_T)",
        "A token's row of the embedding table is a parameter: it is looked up, and is the same in "
        "every sentence. What a position makes of it depends on what stands before, so it is "
        "computed anew each time. A snapshot holds parameters only.",
        "comparison.compare, runs.Run.contents",
    )


def _reversed(look: Look, sentence: Sentence) -> str:
    """The same words in the opposite order, of a single word its tokens: another context."""
    tokenizer = look.run.tokenizer
    words = tokenizer.decode(sentence.ids).split(" ")
    return " ".join(reversed(words)) if len(words) > 1 else tokenizer.decode(sentence.ids[::-1])


def _side(
    look: Look, typed: Sentence, at: Place, name: str, key: str = ""
) -> tuple[AnyPanel, AnyPanel]:
    """A sentence and the chosen head on it, half a page wide."""
    text = text_panel(look, typed, at)
    head = weights_panel(look, typed, at, span=6, height=440)
    reads = f"'{typed.labels[at.query]}' at {at.query}"
    return (
        replace(text, key=f"{key}text", title=f"{name}: what {reads} reads", span=6),
        replace(head, key=f"{key}head", title=f"{name}: {at.name.lower()}", pickable=not key),
    )


def _places(first: Sentence, second: Sentence, place: Place) -> tuple[Place, Place]:
    """The chosen query of both; at first the token of the first one's, where it stands in both."""
    chosen = session.second_query()
    if chosen is not None:
        return place, _at(place, min(chosen, len(second.ids) - 1))
    for at in (place.query, *range(len(first.ids))):
        if first.ids[at] in second.ids:
            return _at(place, at), _at(place, second.ids.index(first.ids[at]))
    return place, _at(place, len(second.ids) - 1)


def _at(place: Place, query: int) -> Place:
    return place if query == place.query else replace(place, query=query, key=max(query - 1, 0))


def _compared(look: Look, first: tuple[Sentence, int], second: tuple[Sentence, int]) -> None:
    model = look.run.model_at(look.step)
    (ids, at), (others, there) = (
        (torch.tensor(typed.ids), position) for typed, position in (first, second)
    )
    table = compare(model, (ids, at), (others, there))
    if ids[at] != others[there]:
        st.info("Two different tokens are compared: choose a token that stands in both sentences.")
    row, end = table["difference"].iloc[[0, -2]]
    here, other = (
        f"'{typed.labels[position]}' at {position}" for typed, position in (first, second)
    )
    st.markdown(
        "**Static or computed?** "
        + plain(f"{here} of the first sentence and {other} of the second: ")
        + f"their rows of the token table are looked up and **{row:g}** apart. What the model "
        f"of step {look.step:,} has made of them behind its last block is computed: "
        f"**{end:.3g}** apart."
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={"difference": "largest difference between the two sentences"},
    )
    csv_button("Differences as CSV", f"{look.run.name}-static-step-{look.step}", lambda: table)


def _contents(look: Look) -> None:
    """The list in the file itself: tables yes, attention no."""
    stored = pd.DataFrame(look.run.contents(look.step))
    stored["shape"] = [" × ".join(str(size) for size in shape) for shape in stored["shape"]]
    tables = stored["name"].str.fullmatch(r"(token|position)_embedding_table\.weight").sum()
    attention = stored["name"].str.contains(r"\.(?:scores|weights)$").sum()
    st.markdown(
        f"**What the snapshot of step {look.step:,} contains**: {len(stored)} tensors, "
        f"{tables} embedding tables, {attention} with attention weights."
    )
    st.dataframe(stored, hide_index=True, height=260)
