"""Overview: everything that one slider moves, on one screen."""

import streamlit as st

from explorer import cache, readings
from explorer.charts.attention import head_panel, mosaic
from explorer.charts.maps import Marks, map_panel
from explorer.charts.normalization import depth_panel
from explorer.charts.tables import table_panel
from explorer.look import Look, Sentence, fewer, left_out, marked, thinned
from explorer.page import clock, question
from explorer.panels import AnyPanel, Panel, Words
from model_core.normalization import norm_names

ROW = 238  # pixels; two rows and the clock fill a lecture screen


def draw(look: Look, sentence: Sentence) -> None:
    look = fewer(look, len(sentence.ids))
    question("What changes inside the model while it learns? Drag the bar at the foot of the page.")
    for words in filter(None, (left_out(look), thinned(look))):
        st.caption(words)
    panels: list[AnyPanel] = [_written(look), *_tables(look)]
    if sentence.ids:
        panels += _sentence_panels(look, sentence)
    clock(look, panels)


def _written(look: Look) -> Words:
    return Words(
        key="sample",
        title="What the model writes at this step",
        texts=list(look.metrics["sample"]),
        alt="A short text sampled from the model at each recorded step, always with the same seed.",
        height=44,
    )


def _tables(look: Look) -> list[Panel]:
    pca = cache.pca(look, "tokens", look.picks).map
    first, second = (f"component {i + 1} ({share:.0%})" for i, share in enumerate(pca.explained))
    chosen = () if look.chosen is None else (look.chosen,)
    positions = [str(row) for row in range(look.run.model_config.block_size)]
    return [
        map_panel(
            pca.layout,
            look.labels,
            key="map",
            title="Token map (PCA)",
            axis_titles=(first, second),
            ids=look.picks,
            marks=Marks(look.chosen, look.selected, trails=chosen),
            span=5,
            height=ROW,
        ),
        table_panel(
            cache.token_embeddings(look),
            look.labels,
            key="tokens",
            title="Token embedding table",
            row_title="token",
            chosen=look.chosen,
            selected=look.selected,
            ids=look.picks,
            span=4,
            height=ROW,
        ),
        table_panel(
            cache.position_embeddings(look),
            positions,
            key="positions",
            title="Position embedding table",
            row_title="position",
            span=3,
            height=ROW,
        ),
    ]


def _sentence_panels(look: Look, sentence: Sentence) -> list[AnyPanel]:
    norms, config = readings.layers(look, sentence.ids), look.run.model_config
    panels: list[AnyPanel] = []
    if config.n_layer:
        layer, head = look.head
        panels = [
            mosaic(
                readings.levels(look, sentence.ids),
                len(sentence.ids),
                key="heads",
                title="Attention of every head",
                selected=(layer, head),
                span=4,
                height=ROW,
            ),
            head_panel(
                readings.head(look, sentence.ids, look.head).weights,
                sentence.labels,
                key="head",
                title=f"Layer {layer}, head {head}",
                marked=marked(look, sentence),
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
