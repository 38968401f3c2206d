"""Look up: the typed sentence as ids, rows of both tables, and what enters the first block."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.lookup import one_hot_panel
from explorer.charts.embeddings.tables import table_panel
from explorer.data.lookup import entering
from explorer.panels import AnyPanel, Frame, Text
from explorer.picks import Positions
from explorer.views.tables.look_up import any_id, three_tokenizers
from explorer.views.tables.look_up.arithmetic import written_out
from explorer.views.tables.look_up.rows import LookedUp, look_up, position_rows, token_rows
from explorer.visit import session
from explorer.visit.clock import clock
from explorer.visit.export import digits, drawer, file_of, numbers
from explorer.visit.focus import position_of
from explorer.visit.moment import Moment, evenly, marked, thinned
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence, meant

NUMBERS = 4 * 10**6  # of a table at all steps shown, 16 MB
HIGH, MOST = 440, 800  # pixels of a table, and of the sum at most: of hundreds of channels


def draw(moment: Moment, sentence: Sentence) -> None:
    config = moment.run.model_config
    most = max(len(sentence.ids), config.block_size) * config.n_embd
    moment = evenly(moment, NUMBERS // most)
    any_id.draw(moment)
    found = look_up(moment, sentence, position_of(sentence))
    moment = clock(moment, _panels(moment, sentence, found), of_step=True)
    _checked(moment, sentence, found)
    text = meant(moment.run, session.text() or "") or moment.run.tokenizer.decode(sentence.ids)
    three_tokenizers.draw(moment, text)
    with drawer():
        _numbers(moment, sentence)
    how_computed(
        r"x_t = \mathrm{onehot}(\mathrm{id}_t)^\top E_{\mathrm{token}} + E_{\mathrm{position}}[t]",
        "A one-hot vector is 0 everywhere but 1 at the id, so its product with the table is one "
        "row of it. torch reads that row directly (`nn.Embedding`), which gives the same numbers. "
        "The numbers of both rows are added, channel by channel.",
        "embeddings.lookup.entering",
    )


def _panels(moment: Moment, sentence: Sentence, found: LookedUp) -> list[AnyPanel]:
    label, id_ = sentence.labels[found.at], sentence.ids[found.at]
    V, T, C = (getattr(moment.run.model_config, n) for n in ("vocab_size", "block_size", "n_embd"))
    few = "" if len(found.ids) == V else ", the rows used"
    part = f"{found.shown.start}–{found.shown.stop - 1}"
    table = Frame("tokens", f"One-hot × token table ({V:,} × {C}){few}", 4, HIGH)
    second = Frame("positions", f"+ position table ({T:,} × {C}), rows {part}", 4, HIGH)
    whole = Frame("entering", f"= what enters the first block, positions {part}", 4, HIGH)
    title = f"'{label}' at position {found.at} has id {id_}: looked up and added"
    by_number, by_name = (position_rows(sentence, found, named=named) for named in (False, True))
    return [
        _text(moment, sentence, found.at),
        written_out(found, id_, Frame("arithmetic", title, span=12, height=MOST)),
        one_hot_panel(found.tokens, token_rows(moment, sentence, found), table),
        *(
            []
            if found.of_positions is None
            else [table_panel(found.of_positions, by_number, second)]
        ),
        table_panel(found.entering, by_name, whole),
    ]


def _text(moment: Moment, sentence: Sentence, at: int) -> Text:
    return Text(
        Frame("text", "Each token has an id: click one", span=12, height=120),
        sentence.labels,
        None,
        says="'{key}' at {key_at}",
        query=at,
        alt=f"The sentence of {len(sentence.labels)} tokens, below each its id.",
        marked=marked(moment, sentence),
        unread=sentence.unread,
        beneath=[str(one) for one in sentence.ids],
        picks=Positions(len(sentence.labels)),
    )


def _checked(moment: Moment, sentence: Sentence, found: LookedUp) -> None:
    """Whether the model itself computes this sum before its first block."""
    theirs = entering(moment, sentence.ids)[found.shown.start : found.shown.stop]
    ours = found.entering[moment.at]
    with np.errstate(invalid="ignore"):  # of a diverged model
        differs = float(np.nanmax(np.abs(theirs - ours), initial=0))
    what = "the same numbers" if differs == 0 else f"numbers that differ by up to {differs:.1e}"
    words = f"Checked at step {moment.step:,}: in a forward pass the first block receives {what}."
    if found.of_positions is None:
        words += " This model has no table of positions: the token row alone enters."
    if few := thinned(moment, "the numbers of all are too many"):
        words += f" {few}"
    st.caption(plain(words))


def _numbers(moment: Moment, sentence: Sentence) -> None:
    values = entering(moment, sentence.ids)
    names = [f"channel {channel}" for channel in range(values.shape[1])]
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "id", sentence.ids)
    table.insert(0, "token", sentence.labels)
    table.insert(0, "position", range(len(table)))
    st.markdown(f"**What enters the first block at step {moment.step:,}**")
    numbers(
        table, "What enters", file_of(moment, "entering"), height=300, column_config=digits(names)
    )
