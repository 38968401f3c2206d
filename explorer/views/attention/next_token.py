"""What comes next: at every depth, at every step, and written one token at a time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.attention.lens import lens_panel, lens_words
from explorer.charts.attention.predictions import next_panel
from explorer.charts.parts.labels import shortened
from explorer.data import predictions
from explorer.data.predictions import Drawing
from explorer.panels import AnyPanel, Frame, Text, Words
from explorer.views.attention.panels import TEXT_HEIGHT, text_panel
from explorer.visit.clock import clock
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, labels_of
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import add, bounded, number
from model_core.prediction.lens import lens_names, top_tokens
from model_core.prediction.writing import Writing

MOST = 200  # tokens written; each costs the model one reading
LAST_SEED = 2**31 - 1
FIELD = 152  # pixels: two stand side by side on a phone of 360
LIKELIEST = 5  # tokens listed for each depth
MADE = "'{query}' at {query_at} was written with {weight} of the attention on '{key}' at {key_at}"


def draw(moment: Moment, sentence: Sentence, focus: Focus) -> None:
    count, how = _choices()
    labels = labels_of(moment.run, np.arange(moment.run.model_config.vocab_size))
    names = lens_names(moment.run.model_config.n_layer)
    seen = predictions.lens(moment, sentence.ids, focus.query)
    query = f"'{shortened(sentence.labels[focus.query])}' at {focus.query}"
    panels: list[AnyPanel] = [
        text_panel(moment, sentence, focus),
        next_panel(
            seen["next"][:, -1],
            labels,
            Frame("next", f"Next after {query}: the likeliest of all steps", 4, 400),
            true=sentence.after(focus.query),
        ),
        lens_panel(
            seen["true"],
            names,
            sentence.labels,
            Frame(
                "lens",
                "Probability of the true next token, read at each depth. Click a position",
                span=8,
                height=400,
            ),
            position=focus.query,
        ),
        _likeliest(seen["next"], names, labels, query),
    ]
    written = _written(moment, sentence, focus, count, how)
    if isinstance(written, str):
        st.info(plain(written))
    else:
        panels.append(_writing_panel(moment, sentence, focus, written))
    moment = clock(moment, panels, of_step=True)  # another model writes another text
    if isinstance(written, Writing):
        with drawer():
            _table(moment, sentence, written)
    _explained()


def _likeliest(
    probabilities: np.ndarray, names: Sequence[str], labels: Sequence[str], query: str
) -> Words:
    title = f"The likeliest after {query}, read at each depth"
    ids, highest = top_tokens(probabilities, min(LIKELIEST, len(labels)))
    return Words(
        Frame("lens-words", title, span=12, height=28 + 22 * len(names)),
        lens_words(ids, highest, names, labels),
        alt="The likeliest next tokens at each depth of the model, at each recorded step.",
    )


def _choices() -> tuple[int, Drawing]:
    """How many tokens are written after the sentence, and how they are drawn."""
    written, seed = "attention.written", "attention.seed"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        box = st.number_input
        count = number(box, written, "Tokens written", 20, (0, MOST), width=FIELD)
        temperature = number(
            box,
            "attention.temperature",
            "Temperature (0: always the likeliest)",
            1.0,
            (0.0, 5.0),
            step=0.1,
            width=FIELD,
        )
        top_k = number(
            box, "attention.topk", "Only the likeliest (0: all)", 0, (0, 100_000), width=FIELD
        )
        st.button("One more", on_click=add, args=(written, 1, MOST))
        st.button("Draw again", on_click=add, args=(seed, 1, LAST_SEED))
    return count, Drawing(temperature, top_k or None, bounded(seed, 0, (0, LAST_SEED)))


def _written(
    moment: Moment, sentence: Sentence, focus: Focus, count: int, how: Drawing
) -> Writing | str:
    """What the model writes after the sentence, or why it cannot."""
    try:
        return predictions.writing(moment, sentence.ids, count, how)
    except ValueError as error:
        return str(error)


def _writing_panel(moment: Moment, sentence: Sentence, focus: Focus, written: Writing) -> Text:
    """Row i: what the chosen head read to write token i, NaN where nothing was written."""
    new = labels_of(moment.run, written.ids)
    labels = (*sentence.labels, *new)
    first = len(sentence.ids)
    rows = np.full((1, len(labels), len(labels)), np.nan, np.float32)
    for at, (start, weights) in enumerate(zip(written.starts, written.weights, strict=True)):
        read = weights[focus.layer, focus.head]
        rows[0, first + at, start : start + len(read)] = read
    return Text(
        Frame("written", f"Written at step {moment.step:,}", span=12, height=TEXT_HEIGHT),
        labels,
        rows,
        says=MADE,
        query=len(labels) - 1,
        written=tuple(range(first, len(labels))),
        alt=f"The sentence, and {len(new)} tokens that the model of step {moment.step:,} wrote.",
    )


def _table(moment: Moment, sentence: Sentence, written: Writing) -> None:
    """Every written token with its chances, and the largest weight of all heads that made it."""
    first = len(sentence.ids)
    text = [*sentence.ids, *written.ids.tolist()]
    labels = labels_of(moment.run, np.array(text))
    rows = []
    for at, (start, weights) in enumerate(zip(written.starts, written.weights, strict=True)):
        layer, head, key = np.unravel_index(weights.argmax(), weights.shape)
        rows.append(
            {
                "position": first + at,
                "token": labels[first + at],
                "model's probability": written.probabilities[at],
                "chance when drawn": written.chances[at],
                "first token read": int(start),
                "read most": f"layer {layer} head {head}: {weights.max():.2f} "
                f"of '{labels[start + key]}' at {start + key}",
            }
        )
    table = pd.DataFrame(rows)
    st.markdown(f"**Tokens written at step {moment.step:,}**")
    numbers(
        table,
        "Written tokens",
        file_of(moment, "written"),
        csv=lambda: table.drop(columns="read most", errors="ignore"),
        height=260,
    )


def _explained() -> None:
    how_computed(
        r"p(\cdot \mid \mathrm{depth}) = \mathrm{softmax}\big(\mathrm{lm\_head}"
        r"(\mathrm{ln_f}(x_{\mathrm{depth}}))\big), \qquad"
        r" p_T \propto p^{1/T}",
        "**Read at each depth** (the logit lens, nostalgebraist 2020): the final norm and the "
        "head read the residual stream of a depth as if the model ended there; the last row is "
        "its own answer. **Temperature** T sharpens (below 1) or flattens the distribution, "
        "**k** keeps only the likeliest. Each token is drawn from it, appended to the text and "
        "read with it for the next. The same seed draws the same text; when block_size is full, "
        "the first tokens are no longer read.",
        "lens.read_lens, writing.write",
    )
