"""Overview: everything that one slider moves, on one screen."""

import streamlit as st

from explorer.charts.attention.heads import head_panel, mosaic
from explorer.charts.embeddings.maps import Marks, map_panel
from explorer.charts.embeddings.tables import table_panel
from explorer.charts.normalization.depth import depth_panel
from explorer.data import heads, layers, tables
from explorer.panels import AnyPanel, Panel, Words
from explorer.visit.moment import Moment, fewer, left_out, marked, thinned
from explorer.visit.page import clock, question
from explorer.visit.sentence import Sentence
from model_core.normalization import norm_names

ROW = 238  # pixels; two rows and the clock fill a lecture screen


def draw(moment: Moment, sentence: Sentence) -> None:
    moment = fewer(moment, len(sentence.ids))
    question("What changes inside the model while it learns? Drag the bar at the foot of the page.")
    for words in filter(None, (left_out(moment), thinned(moment))):
        st.caption(words)
    panels: list[AnyPanel] = [_written(moment), *_tables(moment)]
    if sentence.ids:
        panels += _sentence_panels(moment, sentence)
    clock(moment, panels)


def _written(moment: Moment) -> Words:
    return Words(
        key="sample",
        title="What the model writes at this step",
        texts=list(moment.metrics["sample"]),
        alt="A short text sampled from the model at each recorded step, always with the same seed.",
        height=44,
    )


def _tables(moment: Moment) -> list[Panel]:
    pca = tables.pca(moment, "tokens", moment.picks).map
    first, second = (f"component {i + 1} ({share:.0%})" for i, share in enumerate(pca.explained))
    chosen = () if moment.chosen is None else (moment.chosen,)
    positions = [str(row) for row in range(moment.run.model_config.block_size)]
    return [
        map_panel(
            pca.layout,
            moment.labels,
            key="map",
            title="Token map (PCA)",
            axis_titles=(first, second),
            ids=moment.picks,
            marks=Marks(moment.chosen, moment.selected, trails=chosen),
            span=5,
            height=ROW,
        ),
        table_panel(
            tables.token_embeddings(moment),
            moment.labels,
            key="tokens",
            title="Token embedding table",
            row_title="token",
            chosen=moment.chosen,
            selected=moment.selected,
            ids=moment.picks,
            span=4,
            height=ROW,
        ),
        table_panel(
            tables.position_embeddings(moment),
            positions,
            key="positions",
            title="Position embedding table",
            row_title="position",
            span=3,
            height=ROW,
        ),
    ]


def _sentence_panels(moment: Moment, sentence: Sentence) -> list[AnyPanel]:
    norms, config = layers.layers(moment, sentence.ids), moment.run.model_config
    panels: list[AnyPanel] = []
    if config.n_layer:
        layer, head = moment.head
        panels = [
            mosaic(
                heads.levels(moment, sentence.ids),
                len(sentence.ids),
                key="heads",
                title="Attention of every head",
                selected=(layer, head),
                span=4,
                height=ROW,
            ),
            head_panel(
                heads.head(moment, sentence.ids, moment.head).weights,
                sentence.labels,
                key="head",
                title=f"Layer {layer}, head {head}",
                marked=marked(moment, sentence),
                span=4,
                height=ROW,
            ),
        ]
    spread = depth_panel(
        {"before": norms["std_in"].mean(2), "after": norms["std_out"].mean(2)},
        norm_names(config.n_layer),
        key="norms",
        title=f"Spread of activations around each norm ({config.norm}, {config.norm_position})",
        unit="standard deviation",
        log=True,
        span=4,
        height=ROW,
    )
    return [*panels, spread]
