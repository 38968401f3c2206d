"""Attention: what each position of the sentence reads."""

import pandas as pd
import streamlit as st

from explorer import cache, session
from explorer.charts.attention import head_panel, levels, mosaic, row_panel
from explorer.look import Look, Sentence, marked
from explorer.page import clock, csv_button, how_computed, question, quoted
from explorer.panels import Mosaic, Panel


def draw(look: Look, sentence: Sentence) -> None:
    question("Which earlier tokens does each token of your sentence read?")
    if not sentence.ids:
        clock(look, [])
        return
    weights = cache.reading(look, sentence.ids).weights
    if weights is None:
        st.info(
            "This model has no layers, so it has no attention: it looks at one token at a time."
        )
        clock(look, [])
        return
    layer, head = look.head
    last, query = len(sentence.ids) - 1, session.query()
    query = last if query is None else min(query, last)
    panels: list[Mosaic | Panel] = [
        mosaic(
            levels(weights),
            len(sentence.ids),
            key="heads",
            title="All heads: rows are layers, columns heads. Click one",
            selected=(layer, head),
            span=5,
            height=560,
        ),
        head_panel(
            weights[:, layer, head],
            sentence.labels,
            key="head",
            title=f"Layer {layer}, head {head}: each row reads the columns, and sums to 1",
            query=query,
            marked=marked(look, sentence),
            span=7,
            height=560,
        ),
        row_panel(
            weights[:, layer, head, query],
            sentence.labels,
            query,
            key="row",
            title=f"What '{sentence.labels[query]}' at {query} reads. Click another row above",
            span=12,
        ),
    ]
    look = clock(look, panels)
    _numbers(look, sentence, (layer, head))
    how_computed(
        r"\mathrm{weights} = \mathrm{softmax}\!\left(\frac{q\,k^\top}{\sqrt{\mathrm{head\ size}}}"
        r" + \mathrm{mask}\right)",
        "Queries (rows) and keys (columns) are linear functions of each position's activations. "
        "The mask removes the future, so cells above the diagonal are blank; each row sums to 1. "
        "Attention is computed anew for every text and is not stored in the model.",
        "attention.attend",
    )


def _numbers(look: Look, sentence: Sentence, at: tuple[int, int]) -> None:
    layer, head = at
    weights = cache.reading(look, sentence.ids).weights
    assert weights is not None, "drawn only where there is attention"
    names = [
        f"{place}: {quoted(look.run.tokenizer.tokens[token])}"
        for place, token in enumerate(sentence.ids)
    ]
    table = pd.DataFrame(weights[look.at, layer, head], columns=names)
    table.insert(0, "query", names)
    csv_button(
        f"Weights of layer {layer}, head {head} at step {look.step:,} as CSV",
        f"{look.run.name}-attention-layer-{layer}-head-{head}-step-{look.step}",
        lambda: table,
    )
