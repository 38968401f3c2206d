"""The command line: train, resume, map, list, presets."""

import io
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

# What imports torch, which takes a second, is imported where it is used: a trainer that waits for
# its turn does not need it.
from model_core.runs.status import Status, read_status, write_request, write_status
from model_core.runs.storage import at_home
from model_core.training.turns import Turn, only_trainer


def _at_home(path: Path | None) -> Path | None:
    return path and at_home(path)


app = typer.Typer(
    help="Train small language models and record how they learn.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
RunDir = Annotated[Path, typer.Option(help="The new run directory.", callback=_at_home)]
Settings = Annotated[
    list[str], typer.Option("--set", help="n_embd=6, norm=batch, ... (repeatable)")
]


@app.command()
def presets() -> None:
    """The trainings that come with Driftscope."""
    from model_core.training.presets import PRESETS

    for preset in PRESETS.values():
        typer.echo(f"{preset.name:16} {preset.says}")


@app.command()
def train(
    run_dir: RunDir,
    preset: Annotated[str, typer.Option(help="One of `presets`.")] = "quick-brown-fox",
    text: Annotated[
        Path | None, typer.Option(help="Train on this UTF-8 file instead.", callback=_at_home)
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights and batches.")] = None,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Train a preset, or its settings on your own text, into a new run directory."""
    from model_core.corpora import read_text_file
    from model_core.training.presets import create_from_preset

    changes: dict[str, object] = dict(_setting(pair) for pair in settings)
    options = {"steps": steps, "seed": seed}
    changes |= {key: value for key, value in options.items() if value is not None}
    own_text = read_text_file(text) if text else None
    create_from_preset(run_dir, preset, changes, own_text)
    _train(run_dir, queue=False)


@app.command()
def resume(
    run_dir: Annotated[
        Path, typer.Argument(help="A run that was stopped or interrupted.", callback=_at_home)
    ],
    queue: Annotated[bool, typer.Option(help="Wait for a turn among other trainings.")] = False,
) -> None:
    """Resume a run from the step saved last, with the same result as if never stopped."""
    _train(run_dir, queue=queue)


@app.command("map")
def map_(
    run_dir: Annotated[Path, typer.Argument(help="A recorded run.", callback=_at_home)],
    settings: Annotated[
        list[str], typer.Option("--set", help="method=umap|aligned|tsne, table=positions, ...")
    ] = [],  # noqa: B006
    config: Annotated[str, typer.Option(help="All settings at once, as JSON.")] = "{}",
    into: Annotated[
        Path | None, typer.Option(help="A folder for it other than the run's.", callback=_at_home)
    ] = None,
    lock: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Lay out a map of a run's table over time, for the Drift page to show at once."""
    from model_core.config import MapConfig
    from model_core.projections.mapmaker import make_map

    _check_run(run_dir)
    changes = dict(_setting(pair) for pair in settings)
    make_map(run_dir, MapConfig(**_object(config) | changes), lock, into)


@app.command("list")
def list_(
    folder: Annotated[Path | None, typer.Argument(help="A runs folder.", callback=_at_home)] = None,
) -> None:
    """The runs of a folder and their status."""
    from model_core.runs import list_runs, runs_folder

    folder = folder or runs_folder()
    for name in list_runs(folder):
        status = read_status(folder / name)
        typer.echo(f"{name:32} {status.standing:9} step {status.step:,} of {status.steps:,}")


def _setting(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals:
        raise ValueError(f"--set needs key=value, got {pair[:60]!r}")
    return key.strip(), value.strip()


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"--config needs a JSON object, got {text[:60]!r}")
    return value


def _check_run(folder: Path) -> None:
    if not (folder / "run.json").is_file():
        raise ValueError(f"no run in {folder.resolve().name[:64]!r}; `train --run-dir` makes one")


def _train(folder: Path, queue: bool) -> None:
    """Train with a progress bar; Ctrl-C and SIGTERM stop at the present step, which is recorded."""
    _check_run(folder)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: write_request(folder, "stop"))
    with only_trainer(folder):
        if not queue:
            write_request(folder, "run")
        status = _train_in_turn(folder, Turn(folder) if queue else None)
    if status.words and status.state != "finished":
        typer.echo(status.words, err=status.state == "stopped")
    if status.state == "stopped":
        raise SystemExit(1)


def _train_in_turn(folder: Path, turn: Turn | None) -> Status:
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


def on_any_terminal() -> None:
    """Print what a terminal has no character for by its number, so that nothing fails by it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(commands: typer.Typer = app) -> None:
    """Run a command; exit status 1 and one line on stderr for errors that a person can correct."""
    on_any_terminal()
    try:
        raise SystemExit(commands(standalone_mode=False))
    except (ValueError, OSError, TyperException) as error:
        words = error.format_message() if isinstance(error, TyperException) else str(error)
        typer.echo(words, err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
