"""What each head does, since when, and what the model loses without it."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.attention.predictions import before_after_panel
from explorer.charts.attention.roles import costs_panel, role_curves_panel, scores_panel
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.scales import Scale
from explorer.data import heads, losses
from explorer.panels import AnyPanel, Frame
from explorer.views.attention.role_marks import ticked
from explorer.views.attention.verdicts import of_head, of_heads
from explorer.visit.clock import clock
from explorer.visit.export import drawer, file_of, numbers
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, labels_of
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import one_of, several
from model_core.attention.ablation import Replacement
from model_core.attention.roles import (
    FEWEST,
    MEASURES,
    SHORTEST,
    THRESHOLD,
    attention_entropy,
    role_steps,
    roles,
)
from model_core.labels import head_label

FRESH, TYPED = "fresh random text", "your sentence"
Off: TypeAlias = tuple[tuple[int, int], ...]  # (layer, head) each
INSTEAD: dict[str, Replacement] = {"zero": "zero", "its mean output": "mean"}


def draw(moment: Moment, sentence: Sentence, focus: Focus) -> None:
    measured, off, instead = _choices(moment, focus)
    at = (focus.layer, focus.head)
    scores = heads.head_scores(moment)
    shown = heads.scores_on(moment, sentence.ids) if measured == TYPED else scores
    if np.isnan(scores).all():
        st.info(
            f"No roles here: they need a model that reads {SHORTEST} tokens at a time, {FEWEST} "
            "different ones, and weights that are numbers. Look at your sentence instead."
        )
    costs, lost = _without(moment, sentence, focus, off, instead)
    panels: list[AnyPanel] = [
        scores_panel(
            shown,
            MEASURES,
            THRESHOLD,
            Frame("scores", f"{of_heads(moment)}; scores on {measured}", 5, 460),
            selected=at,
        ),
        role_curves_panel(
            moment.steps,
            shown[:, focus.layer, focus.head],
            MEASURES,
            THRESHOLD,
            Frame(
                "role-curves",
                of_head(moment, focus) + (f"; scores on {measured}" if measured == TYPED else ""),
                span=7,
                height=460,
            ),
        ),
        *costs,
        _entropy(moment, sentence, focus),
    ]
    moment = clock(ticked(moment), panels, of_step=True)
    with drawer():
        st.caption(lost)
        _table(moment, scores, shown, measured)
    _explained()


def _choices(moment: Moment, focus: Focus) -> tuple[str, Off, Replacement]:
    config = moment.run.model_config
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    measured = one_of(left.segmented_control, "attention.measured", "Measured on", (FRESH, TYPED))
    off = several(
        middle.multiselect,
        "attention.off",
        "Switch off",
        range(config.n_layer * config.n_head),
        [focus.layer * config.n_head + focus.head],
        format_func=lambda n: "layer {} head {}".format(*divmod(n, config.n_head)),
        placeholder="No head",
    )
    instead = one_of(
        right.segmented_control, "attention.instead", "A head switched off gives", tuple(INSTEAD)
    )
    return (
        measured,
        tuple(divmod(number, config.n_head) for number in sorted(off)),
        INSTEAD[instead],
    )


def _without(
    moment: Moment, sentence: Sentence, focus: Focus, off: Off, instead: Replacement
) -> tuple[Sequence[AnyPanel], str]:
    """What each head is worth, and the prediction with and without those switched off.

    Their loss in words, too.
    """
    try:
        loss, costs = losses.head_costs(moment, instead)
    except ValueError as error:
        st.info(plain(f"What a head is worth cannot be measured: {error}."))
        return [], ""
    before = losses.without(moment, sentence.ids, focus.query, (), instead)
    after = losses.without(moment, sentence.ids, focus.query, off, instead)
    names = ", ".join(f"layer {layer} head {head}" for layer, head in off)
    what = f"without {names}" if off else "with none switched off"
    if not np.isfinite([loss, after.loss]).all():
        st.info(f"The loss at step {moment.step:,} is not finite: the model has diverged by then.")
        return [], ""
    expected = {"with": before.probabilities, "without": after.probabilities}
    lost = (
        f"At step {moment.step:,}, validation loss **{loss:.4f}** nats per token with all heads, "
        f"**{after.loss:.4f}** {what} ({after.loss - loss:+.4f})."
    )
    return [
        costs_panel(
            costs,
            Frame("costs", _dearest(costs, moment.step), 7, 320),
            selected=(focus.layer, focus.head),
            off=off,
        ),
        _expected(moment, sentence, focus.query, expected, names),
    ], lost


def _expected(
    moment: Moment, sentence: Sentence, query: int, chances: Mapping[str, np.ndarray], names: str
) -> AnyPanel:
    """What is expected after the query: chances (V,) with all heads and without those named so."""
    after = f"Next after '{shortened(sentence.labels[query])}' at {query}, at step {moment.step:,}"
    return before_after_panel(
        chances,
        labels_of(moment.run, np.arange(moment.run.model_config.vocab_size)),
        Frame(
            "before-after",
            f"{after}, with and without {names}" if names else after,
            span=5,
            height=320,
        ),
        true=sentence.after(query),
    )


def _dearest(costs: np.ndarray, step: int) -> str:
    """Which head of costs (L, H) the model would miss most."""
    layer, head = np.unravel_index(np.nanargmax(costs), costs.shape)
    cost = f"{costs[layer, head]:.3g} nats"
    return f"Losing layer {layer}, head {head} costs most, {cost}, at step {step:,}"


def _entropy(moment: Moment, sentence: Sentence, focus: Focus) -> AnyPanel:
    weights = heads.head(moment, sentence.ids, (focus.layer, focus.head)).weights
    spread = attention_entropy(np.tril(weights))  # NaN of a diverged model stays
    return curves_panel(
        moment.steps,
        {"entropy": spread},
        Frame(
            "entropy",
            f"{head_label(focus.layer, focus.head)} on your sentence: the entropy of a row goes "
            f"from {spread[0]:.3g} bits to {spread[-1]:.3g}, in the mean of queries from 1 on",
            span=12,
            height=220,
        ),
        Scale("bits"),
    )


def _table(moment: Moment, scores: np.ndarray, shown: np.ndarray, measured: str) -> None:
    """Every head at the settled step: scores `shown`, and the step since which it has its role."""
    now, layers, heads = scores[moment.at], *scores.shape[1:3]
    taken = [(moment.steps[at], (layer, head)) for at, layer, head, _ in role_steps(roles(scores))]
    since = {head: f"{step}" for step, head in taken if step <= moment.step}
    found = roles(now)
    rows = [
        {
            "layer": layer,
            "head": head,
            "role": MEASURES[found[layer, head]] if found[layer, head] >= 0 else "",
            "role since step": since.get((layer, head), ""),
            **dict(zip(MEASURES, shown[moment.at, layer, head], strict=True)),
        }
        for layer, head in np.ndindex(layers, heads)
    ]
    st.markdown(f"**Heads at step {moment.step:,}**: roles on {FRESH}, scores on {measured}")
    numbers(pd.DataFrame(rows), "Heads", file_of(moment, "heads"))


def _explained() -> None:
    how_computed(
        r"\mathrm{score} = \frac{1}{|Q|}\sum_{q \in Q}\; \sum_{k \in K(q)} w_{qk}, \qquad"
        r" H_q = -\sum_k w_{qk}\log_2 w_{qk}",
        "The share of attention that goes to: **previous token** k = q − 1; **first token** "
        "k = 0, where heads rest (a sink); **same token** k = q; **duplicate token** earlier "
        "occurrences of the query's token; **induction** the positions right after those (Olsson "
        "et al. 2022). A head has a **role** where the score on fresh random text, strings of "
        f"tokens repeated over and over, is {THRESHOLD:g} or more in three of four texts; the "
        "largest counts. On your sentence the scores say what heads do there. **Switching off**: "
        "the head's output is replaced by zero or by its mean over the validation windows; the "
        "cost is how much the loss on these windows rises.",
        "roles.head_scores, roles.probe_scores, roles.roles, ablation.head_costs",
    )
