"""How the inputs of a layer are distributed over steps, and how far they moved."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from explorer.charts.normalization.distributions import Quantiles, bands_over_steps_panel
from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, padded
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.histograms import histogram_panel
from explorer.charts.parts.scales import Scale, bend_of, edges_between
from explorer.data.layer_inputs import AlignedSpread
from explorer.panels import AnyPanel, Frame
from explorer.views.normalization.background.covariate_shift.receivers import BEFORE, Choice
from explorer.visit.moment import Moment
from model_core.normalization import QUANTILES, bin_shares

UNIT = "value of a channel"
BINS = 60  # at most; fewer for few numbers


def panels(moment: Moment, shown: Sequence[AlignedSpread], choice: Choice) -> list[AnyPanel]:
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
