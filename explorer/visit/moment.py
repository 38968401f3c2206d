"""The chosen run at one moment: the steps and rows shown, what is chosen of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from explorer.charts.parts.labels import isolated
from explorer.charts.parts.theme import CHOSEN, SELECTED
from explorer.timeline import Tick, Timeline
from explorer.visit import session
from explorer.visit.queue import waits
from explorer.visit.sentence import Sentence
from model_core.embeddings import counts
from model_core.embeddings.counts import most_frequent
from model_core.labels import token_label
from model_core.runs import Run
from model_core.runs.fit import summary

ROWS = 500  # tokens drawn in one table or map; more cover each other and take seconds
SENT_BYTES = 52 * 10**6  # attention of all steps shown, to the browser; words and figures are more
KEPT_BYTES = 2**27  # queries and keys cached here to compute it from


@dataclass(frozen=True)
class Moment:
    """A run at one moment: `steps` (S,) are those shown, `step` the settled one of them.

    `metrics` has a row for each of them, as `Run.metrics`, indexed by step. `rows` (N,) are the ids
    of the tokens shown, ascending: all, or the ROWS most frequent and those chosen; `labels` their
    printable names. `token` is the chosen one's id, `selection` are the selected ones', `head` the
    chosen (layer, head), all as far as this model has them.
    """

    run: Run
    steps: np.ndarray
    step: int
    metrics: pd.DataFrame
    timeline: Timeline
    rows: np.ndarray
    labels: tuple[str, ...]
    token: int | None
    selection: tuple[int, ...]
    head: tuple[int, int]
    live: bool

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the rows shown, as they are."""
        return tuple(self.run.tokenizer.tokens[token] for token in self.rows)

    @property
    def chosen(self) -> int | None:
        """The chosen token's index among the rows."""
        return None if self.token is None else int(np.searchsorted(self.rows, self.token))

    @property
    def selected(self) -> tuple[int, ...]:
        """The selected tokens' indices among the rows."""
        return tuple(np.searchsorted(self.rows, self.selection).tolist())

    @property
    def picks(self) -> tuple[int, ...]:
        """What a click on the n-th row shown means."""
        return tuple(self.rows.tolist())

    @property
    def at(self) -> int:
        """The settled step's index among `steps`."""
        return int(np.searchsorted(self.steps, self.step))


def moment_of(run: Run) -> Moment:
    """What to show of a run that has recorded something; ValueError when it has not yet."""
    steps = run.steps
    if not len(steps):
        state = run.status.state
        why = waits(run) if state == "queued" else "resume it on the Train page"
        why = "its first step comes in a few seconds" if state == "running" else why
        raise ValueError(summary(run.unfit) or f"run {run.name} has no whole recorded step; {why}")
    metrics = run.metrics().set_index("step").loc[steps]
    losses = metrics["train_loss"].to_numpy()
    chosen = session.chosen()
    step = _step_at(chosen.step, steps, losses)
    timeline = Timeline(steps, metrics["epoch"].to_numpy(), losses, _ticks(run, metrics))
    config, token, (layer, head) = run.model_config, chosen.token, chosen.head
    token = token if token is not None and token < config.vocab_size else None
    selection = tuple(one for one in session.tokens() if one < config.vocab_size)
    rows = rows_shown(run, ROWS, (*selection, *([] if token is None else [token])))
    return Moment(
        run,
        steps,
        step,
        metrics,
        timeline,
        rows,
        labels_of(run, rows),
        token,
        selection,
        (layer, head) if layer < config.n_layer and head < config.n_head else (0, 0),
        run.status.active,
    )


def fallen_back(moment: Moment) -> str:
    """What the address asked for that this run does not have, and what is shown, else ""."""
    chosen, config = session.chosen(), moment.run.model_config
    said = [
        f"{name}={value[:40]} is not known here and was left out."
        for name, value in session.visit().unknown.items()
    ]
    # A step settled on in this very rerun is another one than the moment's, but recorded.
    if chosen.step is not None and chosen.step not in moment.run.steps:
        said.append(f"Step {chosen.step:,} was not recorded; this is step {moment.step:,}.")
    if chosen.token not in (None, moment.token):
        last = config.vocab_size - 1
        said.append(f"There is no token {chosen.token:,}: ids end at {last:,}.")
    if config.n_layer and chosen.head != moment.head:
        layer, head = chosen.head
        said.append(
            f"There is no head {layer}.{head}: this model has {config.n_layer} layers of "
            f"{config.n_head}; this is head 0.0."
        )
    return " ".join(said)


def rows_shown(run: Run, at_most: int, always: Sequence[int] = ()) -> np.ndarray:
    """Ids of tokens, ascending: all, or the most frequent ones and those `always` wanted."""
    if run.model_config.vocab_size <= at_most:
        return np.arange(run.model_config.vocab_size)
    return np.union1d(most_frequent(frequency(run), at_most), np.array(always, np.int64))


def labels_of(run: Run, rows: Iterable[int] | np.ndarray) -> tuple[str, ...]:
    """Printable names of tokens by their ids, to stand beside anything."""
    return tuple(isolated(token_label(run.tokenizer.tokens[token])) for token in rows)


def frequency(run: Run) -> np.ndarray:
    """(V,) how often each token occurs in the training split; all 0 when its text is gone."""
    return _frequency(run.identity, run.path)


@lru_cache(maxsize=16)
def _frequency(_of_run: str, path: Path) -> np.ndarray:
    run = Run.open(path)
    try:
        return counts.frequency(run)
    except ValueError:
        return np.zeros(run.model_config.vocab_size, np.int64)


def fewer(moment: Moment, tokens: int) -> Moment:
    """`moment` at evenly spaced steps, if attention of so many tokens at all steps is too large."""
    config = moment.run.model_config
    cells, heads = tokens * tokens, config.n_layer * config.n_head
    if not cells * heads:
        return moment
    sent = heads * (cells + tokens) // 2 + 4 * 4 * cells  # a mosaic and four stages of a head
    kept = 4 * 2 * config.n_layer * tokens * config.n_embd  # queries and keys
    drawn = 2 * 5 * 6 * cells  # five heatmaps' first numbers as text; with one step, then with all
    return evenly(moment, min((SENT_BYTES - drawn) // sent - 1, KEPT_BYTES // kept))


def evenly(moment: Moment, count: int) -> Moment:
    """`moment` at no more than `count` evenly spaced steps, but at least two.

    Of a run that grows, steps that are shown stay, or every second of them does.
    """
    last, gaps = len(moment.steps) - 1, max(count, 2) - 1
    if last <= gaps:
        return moment
    if moment.live:
        indices = np.append(np.arange(0, last, 1 << (-(-last // gaps) - 1).bit_length()), last)
    else:
        indices = np.unique(np.linspace(0, last, gaps + 1).round().astype(int))
    line, steps = moment.timeline, moment.steps[indices]
    trust = None if line.trust is None else line.trust[indices]
    return replace(
        moment,
        steps=steps,
        step=nearest(moment.step, steps),
        metrics=moment.metrics.iloc[indices],
        timeline=Timeline(steps, line.epochs[indices], line.losses[indices], line.ticks, trust),
    )


def marked(moment: Moment, sentence: Sentence) -> dict[int, str]:
    """The colours of positions of the sentence where a chosen or a selected token stands."""
    colours = {token: SELECTED for token in moment.selection}
    if moment.token is not None:
        colours[moment.token] = CHOSEN
    return {at: colours[token] for at, token in enumerate(sentence.ids) if token in colours}


def with_ticks(moment: Moment, ticks: Iterable[Tick]) -> Moment:
    """With more events on the clock's track, all in the order of their steps."""
    every = sorted([*moment.timeline.ticks, *ticks], key=lambda tick: tick.step)
    return replace(moment, timeline=replace(moment.timeline, ticks=every))


def _step_at(wanted: int | None, steps: np.ndarray, losses: np.ndarray) -> int:
    """The recorded step nearest to the wanted one; by default the last whose loss is a number."""
    if wanted is not None:
        return nearest(wanted, steps)
    known = np.flatnonzero(np.isfinite(losses))
    return int(steps[known[-1]] if len(known) else steps[-1])


def nearest(wanted: int, steps: np.ndarray) -> int:
    """The step of `steps` (S,) nearest to the wanted one."""
    return int(steps[np.abs(steps - wanted).argmin()])


def thinned(moment: Moment, why: str = "attention at all of them is too large") -> str:
    """A sentence where not all recorded steps are drawn, and why, else ""."""
    shown, recorded = len(moment.steps), len(moment.run.steps)
    if shown == recorded:
        return ""
    return f"Showing {shown} of {recorded} recorded steps: {why}."


def left_out(moment: Moment) -> str:
    """A sentence where not all tokens are drawn, else ""."""
    count = moment.run.model_config.vocab_size
    if len(moment.rows) == count:
        return ""
    return f"Showing the {ROWS} most frequent of {count:,} tokens, and those you choose."


def _ticks(run: Run, metrics: pd.DataFrame) -> list[Tick]:
    ticks = []
    if metrics["val_loss"].notna().any():
        lowest = int(np.nanargmin(metrics["val_loss"]))
        ticks.append(Tick(int(metrics.index[lowest]), "lowest validation loss"))
    if run.status.state == "diverged":
        ticks.append(Tick(int(metrics.index[-1]), "the loss became NaN or infinite"))
    return ticks
