"""One real training step of the followed row in order, as numbers that add up."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import counted, running
from explorer.data import replays, tables
from explorer.views.tables.follow_one_vector import more_steps
from explorer.views.tables.follow_one_vector.choices import Followed
from explorer.visit.export import file_of, numbers
from explorer.visit.moment import Moment, labels_of
from explorer.visit.page import plain
from explorer.visit.queue import about
from model_core.training.arithmetic import BETAS, Moments, RowStep, row_step

AT_ONCE, PATIENCE = 1.0, 60.0  # seconds of training taken again while a reader waits, and on demand
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}
# What each column is, and how its numbers are written: rows so that they add up on screen.
COLUMNS = {
    "row": ("x: the row before the step", "%.7f"),
    "gradient": ("g: how the loss rises with this number", "%.3e"),
    "clipped": ("g′: the gradient times the factor of clipping", "%.3e"),
    "entering": ("g′: the gradient, clipped, and weight decay times x", "%.3e"),
    "m": (f"m: {BETAS[0]} of the one before + {1 - BETAS[0]:.1f} g′", "%.3e"),
    "v": (f"v: {BETAS[1]} of the one before + {1 - BETAS[1]:.3f} g′²", "%.3e"),
    "m unbiased": (f"m / (1 − {BETAS[0]}ᵗ): both begin at 0", "%.3e"),
    "v unbiased": (f"v / (1 − {BETAS[1]}ᵗ)", "%.3e"),
    "decay": ("−learning rate · weight decay · x", "%.7f"),
    "move": (
        "−learning rate · m unbiased / (√v unbiased + 1e-8); SGD: −learning rate · g′",
        "%.7f",
    ),
    "new row": ("x + decay + move", "%.7f"),
    "recorded": ("The row as recorded after the step", "%.7f"),
    "difference": ("The new row less the recorded one: rounding to float32", "%.1e"),
}


def draw(moment: Moment, followed: Followed) -> None:
    """The step that follows the settled one."""
    gradient, update = (
        tables.moves(moment, followed.table, (followed.row,), kind)[moment.at, 0]
        for kind in ("gradient", "step")
    )
    st.markdown(f"**The step from {moment.step:,} to {moment.step + 1:,} in order, as numbers**")
    if not np.isfinite(gradient).all():
        st.caption("No gradient is recorded at this step, or it is not finite: no step to show.")
        return
    config = moment.run.training_config
    known = config.optimizer == "sgd" or moment.step == 0
    found = None if known else _moments(moment, followed)
    done = row_step(
        config,
        moment.step,
        followed.way[moment.at],
        gradient,
        norm=float(moment.metrics["grad_norm"].to_numpy()[moment.at]),
        moments=found,
    )
    is_whole = known or found is not None
    table = _table(moment, followed, done, update, is_whole=is_whole)
    words, place = st.columns([2, 5], gap="medium")
    with words:
        _told(moment, followed, done, table)
    with place:
        numbers(
            table,
            "This step",
            file_of(moment, f"{followed.rows.kind}-{followed.row}-one-step"),
            column_config=_look(table),
        )
    _windows(moment, followed)
    more_steps.draw(moment)


def _moments(moment: Moment, followed: Followed) -> Moments | None:
    """Adam's moments before the step, or what is to be done for them."""
    if moment.run.status.state in ("queued", "running"):
        st.caption("Adam's moments are worked out once the training is paused or over.")
        return None
    asked = (moment, followed.table, followed.row)
    try:
        found = replays.moments(*asked, AT_ONCE)
        if found is None:
            steps, seconds = replays.left(moment)
            st.caption(
                "Adam's moments are not recorded, and come from training up to here once more. "
                "Until then the move is the recorded one."
            )
            if st.button(f"Train {counted(steps, 'step')} again, {about(seconds)}"):
                found = replays.moments(*asked, PATIENCE)
                st.rerun()
    except ValueError as error:
        st.caption(plain(f"Adam's moments cannot be worked out: {error}."))
        return None
    return found


def _table(
    moment: Moment, followed: Followed, done: RowStep, update: np.ndarray, *, is_whole: bool
) -> pd.DataFrame:
    """A line a channel, its numbers in the order of computing."""
    config, row = moment.run.training_config, done.row
    columns: dict[str, np.ndarray] = {"row": row, "gradient": done.gradient}
    if config.optimizer == "adam" and config.weight_decay:
        columns["entering"] = done.entering
    elif config.grad_clip:
        columns["clipped"] = done.entering
    if is_whole and done.moments and done.unbiased:
        columns |= {"m": done.moments.first, "v": done.moments.second}
        columns |= {"m unbiased": done.unbiased.first, "v unbiased": done.unbiased.second}
    if done.decay.any():
        columns["decay"] = done.decay
    columns["move"] = done.move if is_whole else update - done.decay
    columns["new row"] = row + done.decay + columns["move"]
    columns["recorded"] = _next(moment, followed, update)
    columns["difference"] = columns["new row"] - columns["recorded"]
    return pd.DataFrame({"channel": np.arange(len(row)), **columns})


def _next(moment: Moment, followed: Followed, update: np.ndarray) -> np.ndarray:
    """The row after the step as recorded: of the next step, or this one's and its update."""
    if _has_next(moment):
        return followed.way[moment.at + 1].astype(np.float64)
    return followed.way[moment.at].astype(np.float64) + update


def _has_next(moment: Moment) -> bool:
    """Whether the step after the settled one is recorded."""
    later = moment.steps[moment.at + 1 : moment.at + 2]
    return later.tolist() == [moment.step + 1]


def _look(table: pd.DataFrame) -> dict[str, object]:
    return {
        name: st.column_config.NumberColumn(help=told, format=form)
        for name, (told, form) in COLUMNS.items()
        if name in table
    }


def _told(moment: Moment, followed: Followed, done: RowStep, table: pd.DataFrame) -> None:
    """The order of a step in words, with the numbers that are not of one channel."""
    config, metrics = moment.run.training_config, moment.metrics.loc[moment.step]
    size = config.batch_size * moment.run.model_config.block_size
    clipping = (
        f"at {config.grad_clip:g}: every gradient times {done.factor:.4g}"
        if config.grad_clip
        else "none is set"
    )
    decay = f", weight decay {config.weight_decay:g}" if config.weight_decay else ""
    off = float(np.abs(table["difference"]).max())
    rest = f"off by {off:.0e} at most" if off else "and equal"
    what = f"that of step {moment.step + 1:,}" if _has_next(moment) else "this step's update added"
    lines = [
        f"**Batch:** {_occurs(moment, followed)}",
        f"**Forward, loss:** {size:,} predictions cost {metrics['train_loss']:.4f} nats each",
        f"**Gradient:** all of the model's together have norm {metrics['grad_norm']:.4g}",
        f"**Clipping:** {clipping}",
        f"**Optimizer:** {OPTIMIZERS[config.optimizer]}, learning rate "
        f"{config.learning_rate:g}{decay}, t = {moment.step + 1:,}",
        f"**New row:** {what} is recorded, {rest}",
    ]
    st.markdown("\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1)))


def _occurs(moment: Moment, followed: Followed) -> str:
    """How often the row is looked up in the batch."""
    try:
        ids = replays.batch(moment).batch.ids[:, :-1]
    except ValueError as error:
        return plain(f"{error}")
    windows = counted(len(ids), "window")
    if followed.table == "positions":
        return plain(f"{windows}; each looks {followed.name} up once")
    there = ids == followed.row
    return plain(
        f"{windows} of {ids.shape[1]} tokens; {followed.name} is looked up {there.sum():,} times, "
        f"in {there.any(1).sum():,} of them"
    )


def _windows(moment: Moment, followed: Followed) -> None:
    """What was drawn, window by window; their losses have the batch's as their mean."""
    try:
        drawn = replays.batch(moment)
    except ValueError:
        return
    ids = drawn.batch.ids
    names = dict(zip(np.unique(ids).tolist(), labels_of(moment.run, np.unique(ids)), strict=True))
    texts = [running(names[one] for one in window) for window in ids.tolist()]
    table = pd.DataFrame({"begins at": drawn.batch.starts})
    if followed.table == "tokens":
        table["looked up"] = (ids[:, :-1] == followed.row).sum(1)
    if drawn.losses is not None:
        table["loss"] = drawn.losses
    table["window"] = texts
    with st.expander(f"The {len(ids):,} windows of the batch", icon=":material/view_list:"):
        numbers(table, "Batch", file_of(moment, "batch"), height=300)
