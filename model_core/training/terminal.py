"""A training in a terminal: its progress bar, and the signals that stop it."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

# torch takes a second to import: a trainer that waits for its turn does not need it.
from model_core.runs.status import Status, read_status, write_request, write_status
from model_core.training.turns import Turn, only_trainer


def check_run(folder: Path) -> None:
    """ValueError where there is no run."""
    if not (folder / "run.json").is_file():
        raise ValueError(f"no run in {folder.resolve().name[:64]!r}; `train --run-dir` makes one")


def stop_on_signals(folder: Path) -> None:
    """From Ctrl-C and SIGTERM on the training stops at its present step, which is recorded."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: write_request(folder, "stop"))


def train_here(folder: Path, *, queue: bool) -> None:
    """Train with a progress bar, with `queue` once it is its turn; SystemExit where it stopped."""
    check_run(folder)
    stop_on_signals(folder)
    with only_trainer(folder):
        if not queue:
            write_request(folder, "run")
        status = _in_turn(folder, Turn(folder) if queue else None)
    if status.words and status.state != "finished":
        print(status.words, file=sys.stderr if status.state == "stopped" else sys.stdout)
    if status.state == "stopped":
        raise SystemExit(1)


def _in_turn(folder: Path, turn: Turn | None) -> Status:
    if turn and not turn.take():
        status = replace(read_status(folder), state="stopped", words="stopped before it started")
        write_status(folder, status)
        return status
    from model_core.training.loop import train as train_run

    if turn:  # started by the app: no terminal
        return train_run(folder, turn=turn)
    with _progress(folder.name) as watch:
        return train_run(folder, watch=watch)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[Status], None]]:
    """A progress bar with loss, speed and time left, updated with each status."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task(name, total=1, numbers="")
        warned = {""}

        def watch(status: Status) -> None:
            loss = "" if status.train_loss is None else f"loss {status.train_loss:.3f} nats/token"
            speed = status.tokens_per_second
            numbers = loss + (f", {speed:,.0f} tokens/s" if speed else "")
            progress.update(task, completed=status.step, total=status.steps, numbers=numbers)
            if status.words not in warned and status.state in ("running", "finished"):
                progress.console.print(status.words, markup=False, highlight=False)
                warned.add(status.words)

        yield watch
