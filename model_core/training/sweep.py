"""A sweep: the same training with several n_embd, from several seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from model_core.config import ModelConfig
from model_core.runs import Plan, Run, create_run
from model_core.runs.status import Status, read_status, write_request, write_status
from model_core.training.families import described, family_of, free_path, groups
from model_core.training.turns import only_trainer

SIZES = (2, 3, 5, 6, 8, 16, 32, 64)
SEEDS = 3
MOST_SEEDS = 20
FREE = ("n_embd", "seed")
WAITS = "not started yet: it waits for its turn in a sweep"
FOR_EVER = float("inf")


class Point(NamedTuple):
    """One training of a sweep: how wide its model is, and where its random numbers begin."""

    n_embd: int
    seed: int


Paths = dict[Point, Path]


def fitting(like: ModelConfig, sizes: Sequence[int] = SIZES) -> list[int]:
    """Those sizes that a model like this one can have as n_embd."""
    return [size for size in sizes if not _problem(like, size)]


def points(like: Plan, sizes: Iterable[int], seeds: int) -> list[Point]:
    """Every size with `seeds` seeds, that of `like` and the next ones; ascending.

    ValueError where a size fits no such model, or there are too many seeds.
    """
    if not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(f"seeds must be 1 to {MOST_SEEDS}, got {seeds}")
    chosen = sorted(set(sizes))
    if not chosen:
        raise ValueError("no n_embd is given; some are 2, 8, 32")
    if problem := next(filter(None, (_problem(like.model_config, size) for size in chosen)), ""):
        raise ValueError(problem)
    first = like.training_config.seed
    return [Point(size, first + more) for size in chosen for more in range(seeds)]


def create_sweep(folder: Path, name: str, like: Plan, wanted: Iterable[Point]) -> Paths:
    """Run directories `<name>-n_embd-<size>-seed-<seed>` in `folder`, ready to train.

    A training that is there already, under whatever name, is taken instead of a new one. Largest
    first: what takes longest must not begin last.
    """
    there, paths = found([folder], like), {}
    for point in sorted(wanted, reverse=True):
        if point not in there:
            ending = f"n_embd-{point.n_embd}-seed-{point.seed}"
            there[point] = free_path(folder, name, ending)
            create_run(there[point], _at(like, point))
            waiting = replace(read_status(there[point]), state="stopped", words=WAITS)
            write_status(there[point], waiting)
        paths[point] = there[point]
    return paths


def found(folders: Iterable[Path], like: Plan | Run) -> Paths:
    """Runs that differ from `like` in n_embd and seed alone, ascending; of equal ones the newest.

    `like`, if a run, is always its own point's.
    """
    wanted = family_of(like, FREE)
    paths = {
        Point(one.model.n_embd, one.training.seed): one.path
        for family, one in described(folders, FREE)
        if family == wanted
    }
    if isinstance(like, Run):
        paths[Point(like.model_config.n_embd, like.training_config.seed)] = like.path
    return dict(sorted(paths.items()))


def sweeps(folders: Iterable[Path]) -> list[Paths]:
    """All runs that differ in n_embd and seed alone, where there are two sizes or more.

    In the order in which the first of each was made.
    """
    found = (
        {Point(one.model.n_embd, one.training.seed): one.path for one in group}
        for group in groups(folders, FREE)
    )
    return [
        dict(sorted(paths.items())) for paths in found if len({point.n_embd for point in paths}) > 1
    ]


def train_all(paths: Iterable[Path]) -> list[Status]:
    """Train runs to their end, each by one job of joblib; the last status of each.

    Where and how many at a time is the caller's choice: `with joblib.parallel_config(...)`. One
    that has ended is not trained again, one that was interrupted goes on from the step saved last.
    """
    from joblib import Parallel, delayed  # takes a tenth of a second

    return Parallel()(delayed(train_member)(path) for path in paths)


def train_member(path: Path) -> Status:
    """Train one run to its end, unless it has ended; one that fails says so in its status.

    Where another process trains it already, as a job does that outlived its sweep, wait for that.
    """
    if not _has_ended(path):
        with only_trainer(path, FOR_EVER):
            if not _has_ended(path):
                _train(path)
    return read_status(path)


def _train(path: Path) -> None:
    from model_core.training.loop import train

    write_request(path, "run")
    try:
        train(path)
    except (ValueError, OSError, RuntimeError):
        if read_status(path).state != "failed":  # the loop writes why
            raise


def _has_ended(path: Path) -> bool:
    return read_status(path).state in ("finished", "diverged")


def _at(like: Plan, point: Point) -> Plan:
    model = ModelConfig(**like.model_config.model_dump() | {"n_embd": point.n_embd})
    return like._replace(
        model_config=model, training_config=like.training_config.replaced(seed=point.seed)
    )


def _problem(like: ModelConfig, size: int) -> str:
    """Why a model like this one cannot be so wide; "" where it can."""
    try:
        ModelConfig(**like.model_dump() | {"n_embd": size})
    except ValueError as error:
        return str(error)
    return ""
