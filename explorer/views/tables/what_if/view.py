"""What if: the settled step's model with other numbers in its tables, beside itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.attention.heads import head_panel
from explorer.charts.attention.predictions import before_after_panel
from explorer.charts.embeddings.what_if import losses_panel
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.squares import Labels
from explorer.data import tables, what_if
from explorer.data.measures import names
from explorer.panels import AnyPanel, Frame, Panel
from explorer.views.tables.what_if.choices import choose, said
from explorer.visit.clock import clock
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.focus import Focus, focus_of
from explorer.visit.moment import Moment
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from model_core.embeddings.edits import Edit, Reading, Replaced, moved
from model_core.labels import head_label


def draw(moment: Moment, sentence: Sentence) -> None:
    edit, focus = choose(moment, sentence), focus_of(moment, sentence)
    before = what_if.reading(moment, sentence.ids, None)
    after = what_if.reading(moment, sentence.ids, edit)
    panels: list[AnyPanel] = [*_losses(moment, edit), _next(moment, sentence, focus, before, after)]
    if moment.run.model_config.n_layer:
        panels += _heads(moment, sentence, focus, before, after)
    clock(moment, panels, of_step=True)
    with drawer():
        _table(moment, sentence, before, after)
    how_computed(
        r"E' = \mathrm{change}(E), \qquad \mathrm{moved} = \frac{1}{T} \sum_q \frac12 \sum_k "
        r"\lvert w'_{qk} - w_{qk} \rvert",
        "The model of the settled step is read twice: as it was recorded, and with the change in a "
        "copy of its table; the run itself is never changed. The **loss** is that on the "
        "validation windows. **Moved** is the part of a query's attention that goes to other keys, "
        "0 to 1, in the mean of queries. To swap two rows is to read every text with these two "
        "tokens exchanged: the output layer has a table of its own and still names them as before.",
        "edits.edited, edits.reading, edits.loss, edits.moved",
    )


def _losses(moment: Moment, edit: Edit) -> list[Panel]:
    try:
        before, after = what_if.loss(moment, None), what_if.loss(moment, edit)
    except ValueError as error:
        st.info(plain(f"The loss cannot be measured: {error}."))
        return []
    title = f"{said(moment, edit)} the loss is not finite at step {moment.step:,}"
    if np.isfinite([before, after]).all():
        title = (
            f"{said(moment, edit)} the loss is {after:.3g} instead of {before:.3g} nats at step "
            f"{moment.step:,}{_was(moment, edit)}"
        )
    guessing = float(np.log(moment.run.model_config.vocab_size))
    return [losses_panel(before, after, guessing, Frame("losses", title, 5, 270))]


def _was(moment: Moment, edit: Edit) -> str:
    """What the number was that is another now."""
    if not isinstance(edit, Replaced):
        return ""
    rows = (edit.row,) if edit.table == "tokens" else ()
    table = tables.vectors(moment, edit.table, rows)[moment.at]
    return f"; it was {table[0 if rows else edit.row, edit.channel]:.3g}"


def _next(
    moment: Moment, sentence: Sentence, focus: Focus, before: Reading, after: Reading
) -> Panel:
    at = focus.query
    labels = names(moment)
    first, then = (one.probabilities[at] for one in (before, after))
    best = "no number"
    if np.isfinite([*first, *then]).all():
        one, other = (shortened(labels[int(chances.argmax())]) for chances in (first, then))
        best = f"still '{one}'" if one == other else f"'{other}' instead of '{one}'"
    return before_after_panel(
        {"before": first, "after": then},
        labels,
        Frame("next", f"Next after '{shortened(sentence.labels[at])}' at {at}: {best}", 7, 270),
        true=sentence.after(at),
    )


def _heads(
    moment: Moment, sentence: Sentence, focus: Focus, before: Reading, after: Reading
) -> list[AnyPanel]:
    """The chosen head before and after, and how much of all attention moved."""
    far = moved(before.weights, after.weights)
    own, all_of_it = far[focus.layer, focus.head], far.mean()
    name, text = head_label(focus.layer, focus.head), Labels(sentence.labels, focus.query)
    then = "not all weights are finite"
    if np.isfinite([own, all_of_it]).all():
        then = f"{own:.0%} of its attention moved, of all heads {all_of_it:.0%}"
    titles = {"head-before": f"{name} as recorded", "head-after": f"{name} after: {then}"}
    panels: list[AnyPanel] = []
    for (key, title), seen in zip(titles.items(), (before, after), strict=True):
        weights = seen.weights[focus.layer, focus.head][None]
        panel = head_panel(weights, text, Frame(key, title, 6, 400))
        panels.append(
            replace(panel, moving={}, alt=panel.alt.replace(", over 1 recorded steps", ""))
        )
    return panels


def _table(moment: Moment, sentence: Sentence, before: Reading, after: Reading) -> None:
    """The likeliest next token at every position, before and after."""
    labels = names(moment)
    table = pd.DataFrame({"position": range(len(sentence.ids)), "token": sentence.labels})
    for name, seen in (("before", before), ("after", after)):
        best = np.nan_to_num(seen.probabilities).argmax(1)
        table[f"likeliest next {name}"] = [labels[one] for one in best]
        table[f"probability {name}"] = seen.probabilities[np.arange(len(best)), best]
    st.markdown(f"**What comes next at step {moment.step:,}**")
    numbers(table, "Predictions", file_of(moment, "what-if"), height=260)
