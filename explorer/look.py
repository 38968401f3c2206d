"""The chosen run, opened, with the step and the sentence the visitor looks at."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from explorer import session
from explorer.charts.theme import CHOSEN, SELECTED
from explorer.panels import Tick, Timeline
from model_core import counts
from model_core.counts import most_frequent
from model_core.presets import example_sentence
from model_core.runs import Run, list_runs, runs_folder
from model_core.tokenizers import UnknownTokens, split, token_label

RECORDED = Path(__file__).parent / "recorded"
ROWS = 500  # tokens drawn in one table or map; more cover each other and take seconds
SENT_BYTES = 52 * 10**6  # attention of all steps shown, to the browser; words and figures are more
KEPT_BYTES = 2**27  # what is kept here to compute it from


@dataclass(frozen=True)
class Sentence:
    """The typed text as ids (T,), T ≤ block_size, and printable labels.

    Of a text of `count` tokens that is longer than block_size, those from `start` on. `problem` is
    what must be said about it, empty when nothing; `repaired` a text that has no problem, if one
    is near. ids are empty when nothing can be read.
    """

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    problem: str = ""
    repaired: str = ""
    start: int = 0
    count: int = 0


@dataclass(frozen=True)
class Look:
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
        """The chosen token's place among the rows shown."""
        return None if self.token is None else int(np.searchsorted(self.rows, self.token))

    @property
    def selected(self) -> tuple[int, ...]:
        """The selected tokens' places among the rows shown."""
        return tuple(int(place) for place in np.searchsorted(self.rows, self.selection))

    @property
    def picks(self) -> tuple[int, ...]:
        """What a click on the n-th row shown means."""
        return tuple(self.rows.tolist())

    @property
    def at(self) -> int:
        """The settled step's place among those shown."""
        return int(np.searchsorted(self.steps, self.step))


def run_names() -> list[str]:
    """The recorded runs that come with the app, then the visitor's own, newest last."""
    shipped = list_runs(RECORDED)
    return shipped + [name for name in list_runs(runs_folder()) if name not in shipped]


def run_path(name: str) -> Path:
    """Where the run of this name is, the visitor's own before a shipped one; else ValueError."""
    if name not in run_names():
        raise ValueError(f"there is no run named {name[:40]!r} any more; choose another")
    own = runs_folder() / name
    return own if (own / "run.json").is_file() else RECORDED / name


def open_run() -> Run:
    """The chosen run as it stands now; ValueError with the words to show."""
    return Run.open(run_path(session.run()))


def look_at(run: Run) -> Look:
    """What to show of a run that has recorded something; ValueError when it has not yet."""
    steps = run.steps
    if not len(steps):
        waits = (
            "its first step comes in a few seconds"
            if run.status.active
            else "resume it on the Train page"
        )
        raise ValueError(f"run {run.name} has no whole recorded step; {waits}")
    metrics = run.metrics().set_index("step").loc[steps]
    losses = metrics["train_loss"].to_numpy()
    step = _step_at(session.step(), steps, losses)
    timeline = Timeline(steps, metrics["epoch"].to_numpy(), losses, _ticks(run, metrics))
    config, token, (layer, head) = run.model_config, session.token(), session.head()
    token = token if token is not None and token < config.vocab_size else None
    selection = tuple(one for one in session.tokens() if one < config.vocab_size)
    rows = rows_shown(run, ROWS, (*selection, *([] if token is None else [token])))
    return Look(
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


def rows_shown(run: Run, at_most: int, always: Sequence[int] = ()) -> np.ndarray:
    """Ids of tokens, ascending: all, or the most frequent ones and those `always` wanted."""
    if run.model_config.vocab_size <= at_most:
        return np.arange(run.model_config.vocab_size)
    return np.union1d(most_frequent(frequency(run), at_most), np.array(always, np.int64))


def labels_of(run: Run, rows: np.ndarray) -> tuple[str, ...]:
    """Printable names of tokens by their ids."""
    return tuple(token_label(run.tokenizer.tokens[token]) for token in rows)


def frequency(run: Run) -> np.ndarray:
    """(V,) how often each token stands in the training split; all 0 when its text is gone."""
    return _frequency(run.path, (run.path / "run.json").stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _frequency(path: Path, _made: int) -> np.ndarray:
    run = Run.open(path)
    try:
        return counts.frequency(run)
    except ValueError:
        return np.zeros(run.model_config.vocab_size, np.int64)


def sentence(run: Run, text: str, start: int = 0) -> Sentence:
    """The ids of a typed text, or words about why there are none.

    What is too long is read from token `start` on, or from the last place where a whole block fits.
    """
    size = run.model_config.block_size
    try:
        ids = run.tokenizer.encode(text)
    except UnknownTokens as error:
        return Sentence((), (), str(error), _repaired(run, text, error.unknown))
    if not ids:
        return Sentence((), (), "Type a sentence to see what the model does with it.")
    start = min(start, max(len(ids) - size, 0))
    shown = tuple(ids[start : start + size])
    labels = tuple(token_label(run.tokenizer.tokens[index]) for index in shown)
    return Sentence(shown, labels, start=start, count=len(ids))


def fewer(look: Look, tokens: int) -> Look:
    """`look` at evenly many steps, where attention of that many tokens at all is too large."""
    config = look.run.model_config
    cells, heads = tokens * tokens, config.n_layer * config.n_head
    if not cells * heads:
        return look
    sent = heads * (cells + tokens) // 2 + 4 * 4 * cells  # a mosaic and four stages of a head
    kept = 4 * 2 * config.n_layer * tokens * config.n_embd  # queries and keys
    drawn = 2 * 5 * 6 * cells  # five heatmaps' first numbers as text; with one step, then with all
    return evenly(look, min((SENT_BYTES - drawn) // sent - 1, KEPT_BYTES // kept))


def evenly(look: Look, count: int) -> Look:
    """`look` at `count` evenly spaced steps where it has more; two are always kept."""
    count = max(count, 2)
    if len(look.steps) <= count:
        return look
    places = np.unique(np.linspace(0, len(look.steps) - 1, count).round().astype(int))
    line, steps = look.timeline, look.steps[places]
    trust = None if line.trust is None else line.trust[places]
    return replace(
        look,
        steps=steps,
        step=nearest(look.step, steps),
        metrics=look.metrics.iloc[places],
        timeline=Timeline(steps, line.epochs[places], line.losses[places], line.ticks, trust),
    )


def marked(look: Look, sentence: Sentence) -> dict[int, str]:
    """The colours of positions of the sentence where a chosen or a selected token stands."""
    colours = {token: SELECTED for token in look.selection}
    if look.token is not None:
        colours[look.token] = CHOSEN
    return {place: colours[one] for place, one in enumerate(sentence.ids) if one in colours}


def example(run: Run) -> str:
    """What to type first to this run's model: no longer than it reads at a time."""
    sentence = example_sentence(run.corpus, run.opening())
    try:
        ids = run.tokenizer.encode(sentence)
    except UnknownTokens:
        return sentence
    return run.tokenizer.decode(ids[: run.model_config.block_size])


def _step_at(wanted: int | None, steps: np.ndarray, losses: np.ndarray) -> int:
    """The recorded step nearest to the wanted one; by default the last whose loss is a number."""
    if wanted is not None:
        return nearest(wanted, steps)
    known = np.flatnonzero(np.isfinite(losses))
    return int(steps[known[-1]] if len(known) else steps[-1])


def nearest(wanted: int, steps: np.ndarray) -> int:
    """The one of `steps` (S,) that is nearest to the wanted one."""
    return int(steps[np.abs(steps - wanted).argmin()])


def notes(run: Run) -> list[str]:
    """What a reader of this run should know: how it ended, and which steps are not whole."""
    status, said = run.status, []
    if status.words and status.state != "stopped":
        said.append(status.words)
    if run.damaged:
        first = ", ".join(f"{step:,}" for step in run.damaged[:5])
        more = f" and {len(run.damaged) - 5} more" if len(run.damaged) > 5 else ""
        said.append(f"Damaged snapshots are left out: step {first}{more}.")
    return said


def thinned(look: Look) -> str:
    """That not all recorded steps are shown, "" when all are."""
    shown, recorded = len(look.steps), len(look.run.steps)
    if shown == recorded:
        return ""
    return f"Showing {shown} of {recorded} recorded steps: attention at all of them is too large."


def left_out(look: Look) -> str:
    """That not all tokens are among the rows shown, "" when all are."""
    count = look.run.model_config.vocab_size
    if len(look.rows) == count:
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


def _repaired(run: Run, text: str, unknown: tuple[str, ...]) -> str:
    """`text` without its unknown pieces, or with a space for each; "" when neither can be read.

    Without its hyphen, "well-known" would be a word that is as unknown.
    """
    kind = run.tokenizer.kind
    pieces = split(text, "character" if kind == "bpe" else kind)
    for instead in ("", " "):
        repaired = "".join(instead if piece in unknown else piece for piece in pieces)
        with suppress(UnknownTokens):
            return repaired if run.tokenizer.encode(repaired) and repaired.strip() else ""
    return ""
