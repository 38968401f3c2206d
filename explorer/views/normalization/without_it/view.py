"""Without it: the same training with other norms, on one clock."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import running
from explorer.data import layers
from explorer.data.losses import length_losses
from explorer.views.normalization.without_it import start
from explorer.views.normalization.without_it.family import (
    gradients,
    has_two_modes,
    lost_at,
    metrics_of,
    on_one_clock,
    spread_out,
    standing,
)
from explorer.views.normalization.without_it.panels import lengths_panels, panels
from explorer.views.normalization.without_it.verdict import Outcome, verdict
from explorer.visit import session
from explorer.visit.clock import clock, own_clock, own_step
from explorer.visit.export import digits, drawer, file_of, numbers
from explorer.visit.moment import Moment, moment_of
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.sentence import sentence as sentence_of
from explorer.visit.widgets import toggle
from model_core.normalization.lengths import BATCH_TOKENS
from model_core.runs import Run

STEP = "normalization.compare.step"


def draw(moment: Moment, sentence: Sentence) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        runs = start.choose(moment)
        lengths = toggle(
            st.toggle, "normalization.compare.lengths", "Windows of other lengths, too"
        )
        per_step = toggle(st.toggle, "normalization.scales", "Scales of this step only")
    if len(runs) == 1:
        st.info("There is one variant only: train others, and they are drawn beside it.")
    own = moment.run.path in {run.path for run in runs.values()}
    if own:
        moment = on_one_clock(moment, runs, session.chosen().step)
    else:
        moment, sentence, first = _of_others(runs)
    scales = _scales(moment, runs, sentence)
    st.markdown(f"##### {plain(verdict(_outcomes(moment, runs, scales), moment.step))}")
    drawn = panels(moment, runs, scales, per_step)
    if lengths:
        there = {name: run for name, run in runs.items() if moment.step in run.steps}
        drawn += lengths_panels(there, moment.step)
    if own:
        moment = clock(moment, drawn, of_step=True)
    else:
        line, live = moment.timeline, moment.live
        if own_clock(STEP, drawn, line, at_first=first, live=live) != moment.step:
            st.rerun()
    _caption(moment, runs, sentence, own)
    with drawer():
        _table(moment, runs, scales)
    _explained()


def _of_others(runs: Mapping[str, Run]) -> tuple[Moment, Sentence, int]:
    """The moment of runs that the chosen one is not among, and what they read of the sentence.

    They have a step of their own, and the one where it first stands: the chosen run's stays.
    """
    longest = max(runs.values(), key=lambda run: run.steps[-1])
    moment = on_one_clock(moment_of(longest), runs, None)
    step = own_step(STEP, moment.timeline, moment.step)
    read = sentence_of(longest, session.text() or "")
    return replace(moment, step=step), read, moment.step


def _outcomes(
    moment: Moment, runs: Mapping[str, Run], scales: Mapping[str, np.ndarray]
) -> dict[str, Outcome]:
    found = {}
    for name, run in runs.items():
        metrics = metrics_of(run)
        at_step = metrics["val_loss"].reindex([moment.step]).iloc[0]
        found[name] = Outcome(
            metrics["train_loss"].to_numpy(),
            lost_at(run),
            scales.get(name),
            run.model_config.n_layer,
            at_step,
            _gap(run, moment.step),
        )
    return found


def _scales(moment: Moment, runs: Mapping[str, Run], sentence: Sentence) -> dict[str, np.ndarray]:
    """How large is what enters each norm, at all steps: (S, K); of one token not for batch norm."""
    return {
        name: spread_out(layers.scales(run, sentence.ids), run.steps, moment.steps)
        for name, run in runs.items()
        if len(sentence.ids) > 1 or not has_two_modes(run)
    }


def _caption(moment: Moment, runs: Mapping[str, Run], sentence: Sentence, own: bool) -> None:
    """Which mode is read, over which numbers, and whose steps differ."""
    parts = (
        "All start from the same weights and draw the same batches; only the norm differs. "
        "Activations: standard deviation over the channels of each token of what enters a norm "
        "(before it is normalized), mean over the tokens of your sentence, read as in training: "
        "batch norm uses the statistics of these tokens. Where there is no norm, read where one "
        "would stand. Gradients: of the training batch drawn at that step, before clipping."
    )
    if not own:
        read = running(sentence.labels)
        parts += f" The chosen run is not among them; they read “{read}” and have their own clock."
    st.caption(plain(" ".join([parts, *_missing(moment, runs, sentence)])))


def _missing(moment: Moment, runs: Mapping[str, Run], sentence: Sentence) -> list[str]:
    """What is not drawn of some variants, and why."""
    parts = []
    if len(sentence.ids) == 1 and any(map(has_two_modes, runs.values())):
        parts.append("Batch norm is left out there: one token has no variance over batch and time.")
    short = [
        f"{name} up to step {run.steps[-1]:,}"
        for name, run in runs.items()
        if run.steps[-1] < moment.steps[-1]
    ]
    if short:
        parts.append(f"Recorded only: {', '.join(short)}; nothing is drawn of it after that.")
    old = [name for name, run in runs.items() if not np.isfinite(gradients(run)).any()]
    if old:
        parts.append(f"Recorded without the gradients of its parts: {', '.join(old)}.")
    return parts


def _table(moment: Moment, runs: Mapping[str, Run], scales: Mapping[str, np.ndarray]) -> None:
    """The settled step in numbers."""
    table = pd.DataFrame([_row(moment, name, run, scales) for name, run in runs.items()])
    st.markdown(
        f"**At step {moment.step:,}**: losses in nats per token; the gap is evaluation minus "
        "training mode on the same validation windows, in batches as in training (of at most "
        f"{BATCH_TOKENS:,} tokens); final std is that of the residual stream before "
        f"{moment.run.anatomy.final_norm}"
    )
    form = digits(table.columns[3:])
    numbers(table, "Table", file_of(moment, "variants"), column_config=form, placeholder="NaN")


def _row(
    moment: Moment, name: str, run: Run, scales: Mapping[str, np.ndarray]
) -> dict[str, object]:
    metrics = metrics_of(run).reindex([moment.step]).iloc[0]
    return {
        "variant": name,
        "run": run.name,
        "state": standing({name: run.path}, name),
        "training loss": metrics["train_loss"],
        "validation loss": metrics["val_loss"],
        "gap between modes": _gap(run, moment.step),
        "final std": scales[name][moment.at, -1] if name in scales else float("nan"),
    }


def _gap(run: Run, step: int) -> float:
    """NaN where the step was not recorded, or the text is gone."""
    if step not in run.steps:
        return float("nan")
    if not has_two_modes(run):
        return 0.0  # one mode only
    try:
        as_trained, evaluated = length_losses(run, step, (run.model_config.block_size,))
    except ValueError:
        return float("nan")
    return float(evaluated[0] - as_trained[0])


def _explained() -> None:
    how_computed(
        r"\mathrm{gap} = \mathrm{loss}(\bar\mu_c, \bar\sigma_c) - \mathrm{loss}(\mu_c, \sigma_c),"
        r" \qquad \mu_c = \frac1{BT}\sum_{b,t} x_{b,t,c}",
        "Only batch norm has two modes: in training it takes μ and σ of each channel over batch "
        "and time (B·T tokens), in evaluation it uses running averages of them. Few tokens in a "
        "batch make them noisy, and the model learns to live with that noise: without it, it is "
        "worse. At first the averages know nothing, so its evaluation begins badly and catches up "
        "within some 50 steps. On **windows of other lengths** T changes, so the batch statistics "
        "do; all other norms compute each token by itself. "
        "All models have less to go by in short windows, so every loss is larger there. Windows "
        "are spread evenly over the validation text, as many in a batch as in training, but of the "
        f"longest no more than {BATCH_TOKENS:,} tokens; dropout is off.",
        "normalization.modes.mode_losses, normalization.length_losses, normalization.read_scales, "
        "trainer.Trainer.gradient_norms",
    )
