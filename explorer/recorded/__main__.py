"""Record the shipped runs anew: `python -m explorer.recorded [--into FOLDER] [NAME …]`.

And the picture that the app opens with, of the first of them.
"""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from explorer.drawn import opened, runs_in, sent_to_clocks
from explorer.player.clock import payload
from explorer.recorded.recipes import RECIPES, RECORDED, Recipe
from model_core.projections.mapmaker import make_map
from model_core.runs import create_run, read_metrics
from model_core.runs.status import read_status
from model_core.runs.storage import write_whole
from model_core.training.loop import train
from model_core.training.turns import only_trainer

NOT_SHIPPED = (
    "resume.safetensors",
    "trainer.lock",
    "request",
    "projections/*.json",
    "projections/*.lock",
)


def record(recipe: Recipe, folder: Path) -> None:
    """Train a run into `folder`, lay out its maps, and leave out what differs from time to time.

    Replaces a run of that name. The same versions on the same machine give the same bytes.
    """
    path = folder / recipe.name
    shutil.rmtree(path, ignore_errors=True)
    create_run(path, recipe.plan)
    with only_trainer(path):
        train(path)
    for config in recipe.maps:
        make_map(path, config)
    for pattern in NOT_SHIPPED:
        for file in path.glob(pattern):
            file.unlink()
    _without_times(path)


def _without_times(path: Path) -> None:
    """Set what a clock has measured to unknown."""
    rows = [row | {"tokens_per_second": None} for row in read_metrics(path)]
    lines = "".join(f"{json.dumps(row, allow_nan=False)}\n" for row in rows)
    write_whole(path / "metrics.jsonl", lines.encode())
    status = replace(read_status(path), tokens_per_second=None, heartbeat=0.0, queued_at=0.0)
    write_whole(path / "status.json", json.dumps(asdict(status), allow_nan=False).encode())


def opening_picture() -> bytes:
    """The payload of the Overview as a new visitor without own runs is shown it, of one step."""
    with TemporaryDirectory() as empty, runs_in(Path(empty)):
        (sent,) = sent_to_clocks(opened().run())
    found = payload(sent["payload"])
    assert found is not None  # the store holds more than one
    return found


def main(
    names: Annotated[list[str], typer.Argument(help="All by default.")] = [],  # noqa: B006
    into: Annotated[Path, typer.Option(help="The folder of the runs.")] = RECORDED,
) -> None:
    """Record the runs that come with the app."""
    known = [recipe.name for recipe in RECIPES]
    if unknown := set(names) - set(known):
        raise typer.BadParameter(f"there is no {min(unknown)!r}; there are {', '.join(known)}")
    for recipe in RECIPES:
        if not names or recipe.name in names:
            record(recipe, into)
            size = sum(file.stat().st_size for file in (into / recipe.name).rglob("*"))
            typer.echo(f"{recipe.name:28} {size:>10,} bytes")
    if into == RECORDED:
        write_whole(RECORDED / f"{RECIPES[0].name}.payload", opening_picture())


if __name__ == "__main__":
    typer.run(main)
