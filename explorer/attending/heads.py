"""All heads at a glance, one head large, its four stages below."""

from dataclasses import replace

import numpy as np
import pandas as pd

from explorer import readings, session
from explorer.attending.marks import named, ticked
from explorer.attending.place import Place, text_panel, weights_panel
from explorer.charts.attention import mosaic
from explorer.charts.stages import stage_panels
from explorer.look import Look, Sentence, marked
from explorer.page import clock, csv_button, how_computed, quoted
from explorer.panels import AnyPanel
from model_core.roles import MEASURES

HEIGHT = 520  # pixels of the mosaic and of the large head


def draw(look: Look, sentence: Sentence, place: Place) -> None:
    new = session.is_new((look.run.name, sentence.ids))
    alone = new and readings.unread(look, sentence.ids)  # at one step a sentence is shown at once
    whole, look = look, replace(look, steps=look.steps[[look.at]]) if alone else look
    waits = alone and readings.unprobed(look)  # roles take longer than a first picture may
    at = (place.layer, place.head)
    head = readings.head(look, sentence.ids, at)
    panels: list[AnyPanel] = [
        text_panel(look, sentence, place),
        mosaic(
            readings.levels(look, sentence.ids),
            len(sentence.ids),
            roles=None if waits else named(whole)[np.searchsorted(whole.steps, look.steps)],
            role_names=MEASURES,
            key="heads",
            title="All heads: rows are layers, columns heads. Click one",
            selected=at,
            span=5,
            height=HEIGHT,
        ),
        weights_panel(look, sentence, place, span=7, height=HEIGHT),
        *stage_panels(
            head.scores,
            head.weights,
            head.queries.shape[-1],
            sentence.labels,
            query=place.query,
            key_position=place.key,
            marked=marked(look, sentence),
        ),
    ]
    look = clock(whole if waits else ticked(whole), panels, alone=alone)
    _numbers(look, sentence, place)
    how_computed(
        r"\mathrm{weights} = \mathrm{softmax}\!\left(\frac{q\,k^\top}{\sqrt{\mathrm{head\ size}}}"
        r" + \mathrm{mask}\right)",
        "Queries (rows) and keys (columns) are linear functions of each position's activations. "
        "**1** Their product says how well they fit. **2** Divided by the root of the head's size, "
        "so that it does not grow with it. **3** The mask removes the future: those cells are "
        "blank, not zero. **4** The softmax makes shares of each row, which sum to 1; a bright "
        "first column is a head at rest on the first token. Attention is computed anew for every "
        "text and is not stored in the model.",
        "attention.read_heads, attention.scores_of, attention.weights_of",
    )


def _numbers(look: Look, sentence: Sentence, place: Place) -> None:
    def table() -> pd.DataFrame:
        weights = readings.head(look, sentence.ids, (place.layer, place.head)).weights[look.at]
        names = [
            f"{position}: {quoted(look.run.tokenizer.tokens[token])}"
            for position, token in enumerate(sentence.ids)
        ]
        told = pd.DataFrame(weights, columns=names)  # masked cells are empty
        told.insert(0, "query", names)
        return told

    csv_button(
        f"Weights of layer {place.layer}, head {place.head} at step {look.step:,} as CSV",
        f"{look.run.name}-attention-layer-{place.layer}-head-{place.head}-step-{look.step}",
        table,
    )
