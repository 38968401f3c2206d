"""How the inputs of a layer move while the layers before it learn, with and without a norm."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.normalization.distributions import Quantiles, bands_over_steps_panel
from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, padded
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.histograms import histogram_panel
from explorer.charts.parts.scales import Scale, bend_of, edges_between
from explorer.data.layer_inputs import AlignedSpread, Input, Side, spread
from explorer.panels import AnyPanel, Frame
from explorer.views.lessons.norms import gain_and_shift
from explorer.views.normalization.background.covariate_shift.others import channels, held_beside
from explorer.views.normalization.background.covariate_shift.receivers import BEFORE, Choice, choose
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import KEPT_BYTES, Moment, evenly, thinned
from explorer.visit.page import clock, how_computed, plain
from explorer.visit.sentence import Sentence
from model_core.normalization import QUANTILES, bin_shares
from model_core.norms import NORMS

UNIT = "value of a channel"
BINS = 60  # at most; fewer for few numbers


def draw(bar: DeltaGenerator, moment: Moment, sentence: Sentence) -> None:
    with bar:
        choice = choose(moment, sentence)
    moment = _bounded(moment, sentence, choice.other)
    shown = _own(moment, sentence, choice)
    other = _beside(moment, sentence, choice)
    if other:
        shown.append(other)
    _gaps(moment, shown)
    moment = clock(moment, _panels(moment, shown, choice))
    _caption(moment, sentence, choice)
    if other:
        _caption_of_steps(moment, other)
    elif not choice.other:
        st.caption(
            "No other run reads this sentence as the same tokens with such a layer: Without it "
            "trains one that differs only in its norm."
        )
    st.caption(
        "A norm does not hold a distribution still: its gain and shift are learned, and move it on "
        "purpose. Santurkar et al. (2018) found that batch normalization does not help by reducing "
        "this movement: networks train as well where noise makes it larger. And all channels "
        "together can look still while each of them moves."
    )
    with drawer():
        _table(moment, shown)
    _explained()


def _bounded(moment: Moment, sentence: Sentence, other: str) -> Moment:
    """As many steps as fit into memory of either run; a caption says where they are not all."""
    most = max(moment.run.model_config.n_embd, channels(other) if other else 0)
    a_step = 2 * 4 * len(sentence.ids) * most
    fitting = evenly(moment, KEPT_BYTES // a_step)
    if words := thinned(fitting, "all of them take too much memory"):
        st.caption(words)
    return fitting


def _own(moment: Moment, sentence: Sentence, choice: Choice) -> list[AlignedSpread]:
    """What this run's layer receives, and before it what enters the norm, if there is one."""

    def drawn(name: str, title: str, side: Side) -> AlignedSpread:
        found = spread(moment.run, steps, sentence.ids, Input(choice.layer, side, choice.channel))
        return AlignedSpread(name, title, found, steps, np.arange(len(steps)))

    steps = moment.steps
    if not moment.run.anatomy.layer(choice.layer).norm:
        return [drawn("this run", "What the layer receives: no norm stands before it", "input")]
    return [
        drawn("before the norm", "Before the norm: the residual stream", "stream"),
        drawn("after the norm", "After it: what the layer receives", "input"),
    ]


def _beside(moment: Moment, sentence: Sentence, choice: Choice) -> AlignedSpread | None:
    """What the same layer of another run receives; None, and why not if it cannot be read."""
    if not choice.other:
        return None
    try:
        return held_beside(moment, sentence.ids, choice.other, choice.layer, choice.channel)
    except (ValueError, OSError) as error:  # damaged, or deleted meanwhile
        st.info(plain(str(error)))
        return None


def _panels(moment: Moment, shown: Sequence[AlignedSpread], choice: Choice) -> list[AnyPanel]:
    """Bands of each distribution on one scale, then how far they moved, then a histogram."""
    quantiles = [one.of("quantiles") for one in shown]
    limits, bend = padded(*extent(np.stack(quantiles))), bend_of(np.stack(quantiles))
    bands = [
        bands_over_steps_panel(
            moment.steps,
            Quantiles(levels, QUANTILES),
            Frame(f"bands-{at}", one.title + _spread_out(one), span=12 // len(shown)),
            Scale(UNIT, bend=bend, limits=limits),
            colour=theme.CATEGORIES[at],
        )
        for at, (one, levels) in enumerate(zip(shown, quantiles, strict=True))
    ]
    count = min(BINS, max(8, 2 * math.isqrt(shown[0].spread.numbers.shape[1])))
    edges = edges_between(*limits, count, bend)
    histogram = histogram_panel(
        {one.name: bin_shares(one.of("numbers"), edges) for one in shown},
        edges,
        Frame("histogram", "At the step shown", span=4 if choice.channel is None else 6),
        Scale(UNIT, bend=bend),
    )
    return [*bands, *_curves(moment, shown, choice, log=bend is not None), histogram]


def _curves(
    moment: Moment, shown: Sequence[AlignedSpread], choice: Choice, log: bool
) -> list[AnyPanel]:
    """The shift of all numbers together and, of all channels, the mean of what each moved."""
    first, rate = f"step {moment.steps[0]:,}", choice.since == BEFORE
    what = "moved each training step" if rate else f"moved since {first}"
    name = "rate" if rate else "shift"
    drawn = {"moved": {one.name: one.relative(name) for one in shown}}
    if choice.channel is None:
        drawn["channels"] = {one.name: one.relative(f"channel_{name}").mean(1) for one in shown}
    whose = {
        "moved": "All channels" if choice.channel is None else f"Channel {choice.channel}",
        "channels": "Each channel by itself, mean",
    }
    return [
        curves_panel(
            moment.steps,
            series,
            Frame(
                key,
                f"{whose[key]}: {_told(moment.steps, series, rate)}",
                span=12 // (len(drawn) + 1),
                height=300,
            ),
            Scale(f"{what} (std of {first})", log=rate or log),
        )
        for key, series in drawn.items()
    ]


def _told(steps: np.ndarray, series: Mapping[str, np.ndarray], rate: bool) -> str:
    """How far each moved by the last step where that is a number; or its largest rate, and when."""
    words = []
    for name, moved in series.items():
        (known,) = np.nonzero(np.isfinite(moved))
        if not len(known):
            words.append(f"{name} not a number at any step")
        elif rate:
            at = known[moved[known].argmax()]
            words.append(f"{name} at most {moved[at]:.2g} std a step, at {steps[at]:,}")
        else:
            words.append(f"{name} {moved[known[-1]]:.2g} std")
    return ", ".join(words)


def _spread_out(one: AlignedSpread) -> str:
    """How its standard deviation changed from the first step to the last that has one."""
    known = one.of("std")[np.isfinite(one.of("std"))]
    return f"; std {known[0]:.3g} → {known[-1]:.3g}" if len(known) else ""


def _caption(moment: Moment, sentence: Sentence, choice: Choice) -> None:
    config, tokens = moment.run.model_config, len(sentence.ids)
    norm = moment.run.anatomy.layer(choice.layer).norm
    over = f"{tokens} tokens × {config.n_embd} channels"
    if choice.channel is not None:
        over = f"channel {choice.channel} at {tokens} tokens"
    learned, title = gain_and_shift(config.norm), NORMS[config.norm].title
    st.caption(
        f"Each number is one channel of one token of your sentence ({over}), read in evaluation "
        "mode (batch norm with its running averages). The sentence stays, so what moves comes from "
        "the layers before."
        + (f" 'After' is after the {learned} of `{norm}` ({title})." if norm else "")
    )


def _caption_of_steps(moment: Moment, other: AlignedSpread) -> None:
    """Which steps of another run are shown, where they are not the same."""
    there = other.indices >= 0
    away = np.abs(other.steps[other.indices[there]] - moment.steps[there]).max()
    if away:
        st.caption(
            plain(f"Where {other.name} did not record the same step, its nearest one is shown, ")
            + f"at most {away:,} steps away."
        )
    if not there.all():
        last = f"After step {moment.steps[there][-1]:,} nothing of "
        st.caption(last + plain(f"{other.name} is shown: its recording had ended."))


def _gaps(moment: Moment, shown: Sequence[AlignedSpread]) -> None:
    for one in shown:
        lost = np.isnan(one.of("std")) & (one.indices >= 0)
        if lost.any():
            since = (
                f"gaps from step {moment.steps[lost.argmax()]:,} on, where numbers are infinite, "
            )
            st.info(plain(f"{one.name}: {since}NaN or beyond float32: its model had diverged."))
        if not one.spread.std[0]:
            st.info(
                plain(f"{one.name}: its numbers at the first step are all equal, so how far ")
                + "they move cannot be levels in their standard deviations: type a longer sentence."
            )


def _table(moment: Moment, shown: Sequence[AlignedSpread]) -> None:
    """The settled step's numbers, and those of all steps to take away."""
    st.markdown(
        f"**At step {moment.step:,}**, over the tokens of the sentence; moved since "
        f"step {moment.steps[0]:,}, in standard deviations of that step"
    )
    numbers(
        _rows(shown, [moment.at]),
        "All steps",
        File(moment.run.name, "inputs", None),
        csv=lambda: _rows(shown, range(len(moment.steps))),
    )


def _rows(shown: Sequence[AlignedSpread], steps: Iterable[int]) -> pd.DataFrame:
    """For each of these steps one row a distribution, with the step that is its own."""
    return pd.DataFrame([_row(one, at) for at in steps for one in shown])


def _row(one: AlignedSpread, at: int) -> dict[str, object]:
    index, channels = one.indices[at], one.relative("channel_shift")[at]
    levels = zip(QUANTILES, one.of("quantiles")[at], strict=True)
    row: dict[str, object] = {
        "numbers": one.name,
        "step": int(one.steps[index]) if index >= 0 else None,
        "mean": one.of("mean")[at],
        "std": one.of("std")[at],
        **{f"{100 * level:g}%": value for level, value in levels},
        "moved": one.relative("shift")[at],
        "moved, as values": one.of("shift")[at],
        "moved each step": one.relative("rate")[at],
    }
    if len(channels) > 1:
        known = np.isfinite(channels).all()
        row["each channel moved, mean"] = channels.mean()
        row["most moved channel"] = int(channels.argmax()) if known else None
        row["it moved"] = channels.max()
    return row


def _explained() -> None:
    how_computed(
        r"W_1 = \frac1N \sum_{i=1}^{N} \big|x_{(i)}^{\,\mathrm{step}} - x_{(i)}^{\,0}\big|,"
        r" \qquad x_{(1)} \le \dots \le x_{(N)}",
        "How far the N numbers have to go, on average, to be distributed as at the first step: the "
        "1-Wasserstein distance, of equally many numbers the mean distance in ascending order. "
        "**All channels together** forgets which channel a number belongs to; a layer has weights "
        "for each channel and feels that **each channel by itself** moves, which is never less. "
        "Both are divided by the standard deviation of all numbers at the first step. Since **the "
        "step before** the distance is divided by the optimizer steps in between. Bands and "
        "histogram have one scale, linear around zero and logarithmic far from it where a run "
        "explodes; up to 2% of the numbers lie outside of it.",
        "normalization.inputs.read_inputs, normalization.covariate_shift.shift, shift_rate",
    )
