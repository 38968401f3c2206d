"""All heads at a glance, one head large, its four stages below."""

from dataclasses import replace

import pandas as pd

from explorer.charts.attention.heads import mosaic
from explorer.charts.attention.stages import stage_panels
from explorer.charts.parts.squares import Labels
from explorer.data import heads
from explorer.panels import AnyPanel, Frame
from explorer.views.attention.panels import head_frame, text_panel, weights_panel
from explorer.views.attention.role_marks import ticked
from explorer.views.attention.verdicts import of_head, of_heads
from explorer.visit import session
from explorer.visit.clock import clock
from explorer.visit.export import csv_button, drawer, file_of
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, marked
from explorer.visit.page import how_computed
from explorer.visit.sentence import Sentence

HEIGHT = 520  # pixels of the mosaic and of the large head


def draw(moment: Moment, sentence: Sentence, focus: Focus) -> None:
    new = session.is_new((moment.run.name, sentence.ids))
    # A new sentence is drawn at the settled step first: all steps take longer.
    alone = new and heads.unread(moment, sentence.ids)
    whole, moment = moment, replace(moment, steps=moment.steps[[moment.at]]) if alone else moment
    waits = alone and heads.unprobed(moment)  # roles take longer than a first picture may
    at = (focus.layer, focus.head)
    head = heads.head(moment, sentence.ids, at)
    frame = head_frame(focus, 7, HEIGHT)
    if not waits:
        frame = replace(frame, title=of_head(whole, focus))
    panels: list[AnyPanel] = [
        text_panel(moment, sentence, focus),
        mosaic(
            heads.levels(moment, sentence.ids),
            len(sentence.ids),
            Frame("heads", "All heads" if waits else of_heads(whole), 5, HEIGHT),
            selected=at,
            roles=None if waits else heads.named(whole, moment.steps),
        ),
        weights_panel(moment, sentence, focus, frame),
        *stage_panels(
            head.scores,
            head.weights,
            head.queries.shape[-1],
            Labels(sentence.labels, focus.query, focus.key, marked(moment, sentence)),
        ),
    ]
    moment = clock(whole if waits else ticked(whole), panels, alone=alone)
    with drawer():
        _numbers(moment, sentence, focus)
    _explained()


def _numbers(moment: Moment, sentence: Sentence, focus: Focus) -> None:
    def table() -> pd.DataFrame:
        weights = heads.head(moment, sentence.ids, (focus.layer, focus.head)).weights[moment.at]
        names = [f"{position}: {label}" for position, label in enumerate(sentence.labels)]
        frame = pd.DataFrame(weights, columns=names)  # masked cells are empty
        frame.insert(0, "query", names)
        return frame

    csv_button(
        f"Weights of layer {focus.layer}, head {focus.head} at step {moment.step:,}",
        file_of(moment, f"attention-layer-{focus.layer}-head-{focus.head}"),
        table,
    )


def _explained() -> None:
    how_computed(
        r"\mathrm{weights} = \mathrm{softmax}\!\left(\frac{q\,k^\top}{\sqrt{\mathrm{head\ size}}}"
        r" + \mathrm{mask}\right)",
        "Queries (rows) and keys (columns) are linear functions of each position's activations. "
        "**1** Their product says how well they fit. **2** Divided by the root of the head's size, "
        "so that it does not grow with it. **3** The mask removes the future: those cells are "
        "blank, not zero. **4** The softmax makes shares of each row, which sum to 1; a bright "
        "first column is a head at rest on the first token. Attention is computed for every text "
        "and is not stored in the model.",
        "heads.read_heads, heads.scores_of, heads.weights_of",
    )
