"""The command line: train, resume, again, sweep, map, list, presets."""

import io
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from model_core.runs.home import at_home

# What imports torch, which takes a second, is imported where it is used: a trainer that waits for
# its turn does not need it.
from model_core.runs.status import Status, read_status, write_request
from model_core.training.terminal import check_run, stop_on_signals, train_here
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
Text = Annotated[
    Path | None, typer.Option(help="Train on this UTF-8 file instead.", callback=_at_home)
]
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
    text: Text = None,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights and batches.")] = None,
    settings: Settings = [],  # noqa: B006
    expect: Annotated[str, typer.Option(help="SHA-256 of its last weights; from a recipe.")] = "",
) -> None:
    """Train a preset, or its settings on your own text, into a new run directory."""
    from model_core.corpora import read_text_file
    from model_core.runs import create_run
    from model_core.training.presets import plan
    from model_core.training.room import check_room

    own_text = read_text_file(text) if text else None
    planned = plan(preset, _changes(settings, steps=steps, seed=seed), own_text)
    check_room(planned, run_dir)
    create_run(run_dir, planned)
    train_here(run_dir, queue=False)
    if expect:
        _compare(run_dir, expect)


@app.command()
def resume(
    run_dir: Annotated[
        Path, typer.Argument(help="A run that was stopped or interrupted.", callback=_at_home)
    ],
    queue: Annotated[bool, typer.Option(help="Wait for a turn among other trainings.")] = False,
) -> None:
    """Resume a run from the step saved last, with the same result as if never stopped."""
    train_here(run_dir, queue=queue)


@app.command()
def again(
    run_dir: Annotated[Path, typer.Argument(help="A recorded run.", callback=_at_home)],
    first: Annotated[int, typer.Argument(help="The first step to record.")],
    last: Annotated[int, typer.Argument(help="The last one.")],
    queue: Annotated[bool, typer.Option(help="Wait for a turn among other trainings.")] = False,
) -> None:
    """Record every step from FIRST to LAST of a run, with the bits that they had the first time."""
    check_run(run_dir)
    stop_on_signals(run_dir)
    with only_trainer(run_dir):
        from model_core.training.again import record_again

        if not queue:
            write_request(run_dir, "run")
        record_again(run_dir, first, last, turn=Turn(run_dir) if queue else None)


@app.command()
def sweep(
    run_dir: Annotated[
        Path, typer.Option(help="What the run directories begin with.", callback=_at_home)
    ],
    preset: Annotated[str, typer.Option(help="One of `presets`.")] = "quick-brown-fox",
    text: Text = None,
    sizes: Annotated[
        str, typer.Option(help="n_embd of the models, as 2,3,5; else what fits of 2 to 64.")
    ] = "",
    seeds: Annotated[int, typer.Option(help="Trainings of each size.")] = 3,
    steps: Annotated[int | None, typer.Option(help="Optimizer steps.")] = None,
    settings: Settings = [],  # noqa: B006
    jobs: Annotated[int, typer.Option(help="How many at a time; -1: one a core.")] = -1,
    backend: Annotated[str, typer.Option(help="joblib's: loky, dask, ray, ...")] = "loky",
) -> None:
    """Train a model in several sizes n_embd from several seeds; the same command goes on later."""
    from joblib import parallel_config

    from model_core.corpora import read_text_file
    from model_core.training.presets import plan
    from model_core.training.sweep import SIZES, create_sweep, fitting, points, train_all

    own_text = read_text_file(text) if text else None
    like = plan(preset, _changes(settings, steps=steps), own_text)
    chosen = _whole_numbers(sizes) or fitting(like.model_config)
    paths = create_sweep(run_dir.parent, run_dir.name, like, points(like, chosen, seeds))
    if left_out := [] if sizes else [str(size) for size in SIZES if size not in chosen]:
        heads = like.model_config.n_head
        typer.echo(f"left out: n_embd={', '.join(left_out)}, which do not fit n_head={heads}")
    with parallel_config(backend=backend, n_jobs=jobs):
        ended = train_all(paths.values())
    for path, status in zip(paths.values(), ended, strict=True):
        typer.echo(_listed(path.name, status))
    if open_ := [one for one in ended if one.state not in ("finished", "diverged")]:
        words = open_[0].words or open_[0].standing
        raise ValueError(f"{len(open_)} of {len(ended)} trainings have not ended: {words}")


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

    check_run(run_dir)
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
        typer.echo(_listed(name, read_status(folder / name)))


def _listed(name: str, status: Status) -> str:
    return f"{name:32} {status.standing:9} step {status.step:,} of {status.steps:,}"


def _changes(settings: list[str], **options: object) -> dict[str, object]:
    """What --set changes, and the options that are given."""
    changes: dict[str, object] = dict(_setting(pair) for pair in settings)
    return changes | {key: value for key, value in options.items() if value is not None}


def _whole_numbers(listed: str) -> list[int]:
    """Numbers as "2,3,5"; ValueError for anything else."""
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    for part in parts:
        if not (part.isdecimal() and len(part) < 10):
            raise ValueError(f"--sizes needs whole numbers as 2,3,5, got {part[:40]!r}")
    return [int(part) for part in parts]


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


def _compare(run_dir: Path, expected: str) -> None:
    """Say whether the last weights are the expected ones; ValueError where they are not."""
    from model_core.runs import Run
    from model_core.training.recipe import weights_hash

    run = Run.open(run_dir)
    found = weights_hash(run, int(run.steps[-1]))
    if found != expected:
        raise ValueError(
            f"not the same weights after step {run.steps[-1]:,}: {found[:12]} instead of "
            f"{expected[:12]}; other threads, machines or versions round differently"
        )
    typer.echo(f"the same to the bit: weights after step {run.steps[-1]:,} are {found[:12]}")


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
