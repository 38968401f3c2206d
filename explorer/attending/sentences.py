"""Static or computed? One token in two sentences, and what a snapshot contains."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st
import torch

from explorer import look as looks
from explorer import session
from explorer.attending.place import Place, place_of, text_panel, weights_panel
from explorer.look import Look, Sentence
from explorer.page import clock, csv_button, how_computed, plain
from explorer.panels import AnyPanel
from model_core.comparison import compare

KEPT: dict[str, Any] = {"persist_state": "session"}
SECOND = "second"


def draw(look: Look, sentence: Sentence, place: Place) -> None:
    key = session.words(SECOND, _reversed(look, sentence))
    st.text_input("A second sentence", key=key, max_chars=10_000, **KEPT)
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
    shared = _shared(sentence, second, place)
    other = place_of(look, second) if shared is None else _at(place, shared[1])
    texts, heads = zip(
        _side(look, sentence, place, "First sentence"),
        _side(look, second, other, "Second sentence", "second-"),
        strict=True,
    )
    look = clock(look, [*texts, *heads])
    if shared is None:
        st.info("The two sentences share no token: type one that does.")
    else:
        _compared(look, sentence, second, shared)
    _contents(look)
    how_computed(
        r"x_i = E_{\mathrm{token}_i} + P_i, \qquad \mathrm{attention} = f(x_1, \dots, x_T)",
        "A token's row of the embedding table is a parameter: it is looked up, and is the same in "
        "every sentence. What a position makes of it depends on what stands before, so it is "
        "computed anew each time. A snapshot holds parameters only.",
        "comparison.compare, runs.Run.contents",
    )


def _reversed(look: Look, sentence: Sentence) -> str:
    """The same words in the opposite order: the same tokens, another context."""
    text = look.run.tokenizer.decode(sentence.ids)
    return " ".join(reversed(text.split(" ")))


def _side(
    look: Look, typed: Sentence, at: Place, name: str, key: str = ""
) -> tuple[AnyPanel, AnyPanel]:
    """A sentence and the chosen head on it, half a page wide."""
    text = text_panel(look, typed, at)
    head = weights_panel(look, typed, at, span=6, height=440)
    reads = f"'{typed.labels[at.query]}' at {at.query}"
    return (
        replace(text, key=f"{key}text", title=f"{name}: what {reads} reads", span=6),
        replace(head, key=f"{key}head", title=f"{name}: {at.name.lower()}"),
    )


def _at(place: Place, query: int) -> Place:
    return Place(place.layer, place.head, query, max(query - 1, 0))


def _shared(first: Sentence, second: Sentence, place: Place) -> tuple[int, int] | None:
    """Where the chosen query's token stands in both; else the first token that they share."""
    here = [place.query, *range(len(first.ids))]
    for at in here:
        if first.ids[at] in second.ids:
            return at, second.ids.index(first.ids[at])
    return None


def _compared(look: Look, first: Sentence, second: Sentence, shared: tuple[int, int]) -> None:
    at, there = shared
    table = compare(
        look.run.model_at(look.step),
        (torch.tensor(first.ids), at),
        (torch.tensor(second.ids), there),
    )
    row, end = table["difference"].iloc[[0, -2]]
    st.markdown(
        "**Static or computed?** "
        + plain(f"'{first.labels[at]}' stands at {at} of the first sentence and at {there} of ")
        + f"the second. Its row of the token table is looked up: **{row:g}** apart. What the "
        f"model has made of it behind its last block at step {look.step:,} is computed: "
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
