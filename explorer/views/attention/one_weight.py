"""One weight: the query and the key it is made of, and how much it moves."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.attention.pair import pair_panel
from explorer.charts.attention.stages import contribution_panel
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.squares import Labels
from explorer.data import heads
from explorer.data.heads import Head
from explorer.panels import AnyPanel, Frame, Words
from explorer.views.attention.panels import head_frame, text_panel, weights_panel
from explorer.visit.clock import clock
from explorer.visit.export import digits, drawer, file_of, numbers
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, marked
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence


def draw(moment: Moment, sentence: Sentence, focus: Focus) -> None:
    head = heads.head(moment, sentence.ids, (focus.layer, focus.head))
    query, key = (f"'{shortened(sentence.labels[at])}' at {at}" for at in (focus.query, focus.key))
    panels: list[AnyPanel] = [
        text_panel(moment, sentence, focus),
        weights_panel(moment, sentence, focus, head_frame(focus, 6, 460)),
        contribution_panel(
            head.weights * head.value_norms[:, None],
            Labels(sentence.labels, focus.query, focus.key, marked(moment, sentence)),
            Frame("contribution", "What each weight moves: ‖weight · value · W_O‖", 6, 460),
        ),
        pair_panel(
            head.queries[:, focus.query],
            head.keys[:, focus.key],
            Frame(
                "pair",
                f"Query {query} · key {key}, channel by channel. Click another cell above",
                span=8,
                height=280,
            ),
        ),
        Words(
            Frame("arithmetic", "The same in numbers", span=4, height=280),
            _arithmetic(head, focus),
            alt="How the products of all channels become one weight, at each recorded step.",
        ),
    ]
    moment = clock(moment, panels)
    with drawer():
        _table(moment, head, focus)
    how_computed(
        r"q\cdot k = \sum_d q_d\,k_d, \qquad \mathrm{contribution} = "
        r"\lVert w_{qk}\; W_O^h\,v_k \rVert",
        "The query vector of one position and the key vector of another, multiplied channel by "
        "channel: the sum of the products, divided by the root of the head's size, goes into the "
        "softmax. A large weight on a short value moves nothing: the contribution is the length of "
        "what the key adds to the residual stream of the query (Kobayashi et al. 2020).",
        "heads.read_heads",
    )


def _arithmetic(head: Head, focus: Focus) -> list[str]:
    """The arithmetic from two vectors to one weight, a text for each step."""
    root = math.sqrt(head.queries.shape[-1])
    scores = head.scores[:, focus.query, focus.key]
    weights = head.weights[:, focus.query, focus.key]
    lengths = head.value_norms[:, focus.key]
    future = focus.key > focus.query
    return [
        "\n".join(
            [
                f"sum of the products   {score * root:10.4f}",
                f"÷ √head_size = {root:6.4g} {score:10.4f}",
                "mask                  " + ("    future" if future else "   allowed"),
                f"softmax: weight       {_number(weight, future)}",
                "",
                f"‖W_O · value‖         {length:10.4f}",
                f"contribution          {_number(weight * length, future)}",
            ]
        )
        for score, weight, length in zip(scores, weights, lengths, strict=True)
    ]


def _table(moment: Moment, head: Head, focus: Focus) -> None:
    """The chosen query and key at the settled step, channel by channel."""
    query, key = head.queries[moment.at, focus.query], head.keys[moment.at, focus.key]
    table = pd.DataFrame(
        {
            "channel of the head": range(len(query)),
            "query": query,
            "key": key,
            "product": query * key,
        }
    )
    st.markdown(f"**Query at {focus.query}, key at {focus.key}**, step {moment.step:,}")
    numbers(table, "Channels", file_of(moment, "weight"), column_config=digits(table.columns[1:]))


def _number(value: np.floating, future: bool) -> str:
    return "         –" if future else f"{value:10.4f}"
