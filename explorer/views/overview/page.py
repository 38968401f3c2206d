"""Overview: everything that one slider moves, on one screen."""

import streamlit as st

from explorer.charts.attention.heads import head_panel, mosaic
from explorer.charts.embeddings.maps import map_panel
from explorer.charts.embeddings.marks import Marks
from explorer.charts.embeddings.tables import table_panel
from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.squares import Labels
from explorer.data import heads, layers, tables
from explorer.panels import AnyPanel, Frame, Panel, Words
from explorer.visit.moment import Moment, fewer, left_out, marked, thinned
from explorer.visit.page import clock, question
from explorer.visit.rows import position_rows, token_rows
from explorer.visit.sentence import Sentence

ROW = 238  # pixels; two rows and the clock fill a lecture screen


def draw(moment: Moment, sentence: Sentence) -> None:
    moment = fewer(moment, len(sentence.ids))
    question("What changes inside the model while it learns? Drag the bar at the foot of the page.")
    for words in filter(None, (left_out(moment), thinned(moment))):
        st.caption(words)
    clock(moment, [_written(moment), *_tables(moment), *_sentence_panels(moment, sentence)])


def _written(moment: Moment) -> Words:
    return Words(
        Frame("sample", "What the model writes at this step", span=12, height=44),
        list(moment.metrics["sample"]),
        alt="A short text sampled from the model at each recorded step, always with the same seed.",
    )


def _tables(moment: Moment) -> list[Panel]:
    pca = tables.pca(moment, "tokens", moment.picks).map
    first, second = (f"component {i + 1} ({share:.0%})" for i, share in enumerate(pca.explained))
    chosen = () if moment.chosen is None else (moment.chosen,)
    tokens = token_rows(moment)
    return [
        map_panel(
            pca.layout,
            tokens,
            Frame("map", "Token map (PCA)", span=5, height=ROW),
            axis_titles=(first, second),
            marks=Marks(trails=chosen),
        ),
        table_panel(
            tables.token_embeddings(moment),
            tokens,
            Frame("tokens", "Token embedding table", span=4, height=ROW),
        ),
        table_panel(
            tables.position_embeddings(moment),
            position_rows(moment),
            Frame("positions", "Position embedding table", span=3, height=ROW),
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
                Frame("heads", "Attention of every head", span=4, height=ROW),
                selected=(layer, head),
            ),
            head_panel(
                heads.head(moment, sentence.ids, moment.head).weights,
                Labels(sentence.labels, marked=marked(moment, sentence)),
                Frame("head", f"Layer {layer}, head {head}", span=4, height=ROW),
            ),
        ]
    title = f"Spread of activations around each norm ({config.norm}, {config.norm_position})"
    spread = depth_panel(
        {"before": norms["std_in"].mean(2), "after": norms["std_out"].mean(2)},
        Sites(moment.run.anatomy.norms),
        Frame("norms", title, span=4, height=ROW),
        Scale("standard deviation", log=True),
    )
    return [*panels, spread]
