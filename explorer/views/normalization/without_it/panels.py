"""What Without it draws: losses, what enters each norm, gradients, and windows of other lengths."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.normalization.variants import EVALUATION, as_variants, lengths_panel, mark_ends
from explorer.charts.parts.arrays import extent, padded
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.scales import Scale
from explorer.data.losses import length_losses
from explorer.panels import AnyPanel, Frame, Panel
from explorer.views.normalization.without_it.family import (
    gradients,
    has_two_modes,
    lost_at,
    metrics_of,
    spread_out,
    variant_parts,
)
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from model_core.anatomy import short
from model_core.normalization import window_lengths
from model_core.runs import Run

FLIGHT = 10.0  # how far above the largest first loss curves are drawn
WIDE = 30.0  # the largest loss over the smallest beyond which a linear axis hides the smaller
TITLES = {
    "train_loss": "Training loss: the batch drawn at that step, training mode",
    "val_loss": "Validation loss: evaluation mode, batch norm with running averages",
}


def panels(
    moment: Moment, runs: Mapping[str, Run], scales: Mapping[str, np.ndarray], per_step: bool
) -> list[AnyPanel]:
    """Losses, what enters each norm, and gradients, of each variant; `scales` (S, K)."""
    told = {name: spread_out(gradients(run), run.steps, moment.steps) for name, run in runs.items()}
    norms, parts = moment.run.anatomy.norms, variant_parts(moment.run)
    drawn = [("norm", "Activations before each norm", "standard deviation", scales, norms)]
    drawn += [("part", "Gradient of each part of the model", "Euclidean norm", told, parts)]
    gone = [name for name, run in runs.items() if (step := lost_at(run)) and step <= moment.step]
    nan = f" (NaN from here on: {', '.join(gone)})" if gone else ""
    by_depth = [
        depth_panel(
            values,
            Sites([short(place) for place in places], along),
            Frame(f"by-{along}", title + nan, height=300),
            Scale(unit, log=True, per_step=per_step),
        )
        for along, title, unit, values, places in drawn
        if _drawable(values)
    ]
    losses = _losses(moment, runs)
    order = (*losses[:1], *by_depth[:1], *losses[1:], *by_depth[1:])
    return [as_variants(panel) for panel in order]


def _drawable(values: Mapping[str, np.ndarray]) -> bool:
    """Whether there is a number in a picture: older runs lack gradients, some all validation."""
    return any(np.isfinite(one).any() for one in values.values())


def _losses(moment: Moment, runs: Mapping[str, Run]) -> list[Panel]:
    """Training and validation loss on one scale, logarithmic where one of them explodes."""
    tables = {name: metrics_of(run).reindex(moment.steps) for name, run in runs.items()}
    losses = {
        column: {name: table[column].to_numpy() for name, table in tables.items()}
        for column in TITLES
    }
    low, high = extent(np.stack([one for series in losses.values() for one in series.values()]))
    wide, cut = _is_wide(low, high), False
    if wide:  # a run on its way to infinity leaves at the top: the others are to be seen, too
        first = extent(np.stack([series[0] for series in losses["train_loss"].values()]))[1]
        cut = high > FLIGHT * first
        low, high = np.log10([low, min(high, FLIGHT * first)])
    lost = {name: step for name, run in runs.items() if (step := lost_at(run)) is not None}
    return [
        mark_ends(
            curves_panel(
                moment.steps,
                series,
                Frame(column, TITLES[column] + (" (cut off above)" if cut else ""), height=300),
                Scale("nats per token", log=wide, limits=padded(low, high)),
            ),
            lost,
        )
        for column, series in losses.items()
        if _drawable(series)
    ]


def lengths_panels(runs: Mapping[str, Run], step: int) -> list[AnyPanel]:
    """The loss on windows of other lengths, of batch norm in both of its modes."""
    losses: dict[str, np.ndarray] = {}
    lengths: tuple[int, ...] = ()
    for name, run in runs.items():
        lengths = window_lengths(run.model_config.block_size)
        try:
            as_trained, evaluated = length_losses(run, step, lengths)
        except ValueError as error:
            st.info(plain(f"Windows of {name} cannot be read: {error}."))
            continue
        losses[name] = as_trained
        if has_two_modes(run):
            losses[name + EVALUATION] = evaluated
    if not losses:
        return []
    title = f"Validation windows of other lengths at step {step:,}"
    log = _is_wide(*extent(np.stack(list(losses.values()))))
    return [lengths_panel(losses, lengths, Frame("lengths", title, span=12), log=log)]


def _is_wide(low: float, high: float) -> bool:
    """Whether a linear axis would hide the smaller losses."""
    return high > WIDE * low > 0
