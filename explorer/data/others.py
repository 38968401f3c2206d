"""Runs beside the chosen one: what they are made from, and opened, read once in each state."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from explorer.data.cache import cached
from explorer.visit.runs import run_path, run_paths
from model_core.runs import Plan, Run
from model_core.runs.format import identity
from model_core.runs.status import read_status
from model_core.training.families import Family, described_in, family_of, plan_of
from model_core.training.room import memory_bytes

K = TypeVar("K")
Stamp = tuple[int, int]  # of a file: when it was written, in ns, and its bytes


def opened(paths: Mapping[K, Path]) -> dict[K, Run]:
    """Those of some runs that can be opened and have recorded a step."""
    runs = {}
    for key, path in paths.items():
        with suppress(ValueError, OSError):  # damaged, or deleted meanwhile
            run = _opened(path, identity(path), _recorded(path))
            if len(run.steps):
                runs[key] = run
    return runs


def first_opened(name: str) -> Run | None:
    """A run as it was first opened: for what never changes. None when it cannot be read."""
    try:
        path = run_path(name)
        return _first_opened(path, identity(path))
    except (ValueError, OSError):  # damaged, or deleted meanwhile
        return None


def stamps(path: Path, *names: str) -> tuple[Stamp | None, ...]:
    """The state of some files of a run, None of one that is not there."""
    return tuple(map(_stamp, (path / name for name in names)))


def families(paths: Mapping[K, Path]) -> dict[K, Family]:
    """What some runs are made from, all settings; damaged ones are left out."""
    found = {}
    for key, path in paths.items():
        with suppress(ValueError, OSError):
            found[key] = described_in(path)[0]
    return found


def made_from(plan: Plan) -> Path | None:
    """The run of exactly this text and these settings; of several one that ended, else trains."""
    paths, wanted = run_paths(), family_of(plan, ())
    same = [paths[name] for name, one in families(paths).items() if one == wanted]
    order = ("finished", "diverged", "running", "paused", "queued", "stopped", "failed")
    return min(same, key=lambda path: order.index(read_status(path).state), default=None)


@cached(512)
def memory(run: Run) -> int:
    """Bytes of its training at most; ValueError without its text."""
    return memory_bytes(plan_of(Run.open(run.path)))  # the text is not kept with `run`


@cached(64)
def _first_opened(path: Path, of_run: str) -> Run:
    return Run.open(path)


@cached(64)
def _opened(path: Path, of_run: str, state: tuple[Stamp | None, ...]) -> Run:
    return Run.open(path)


def _recorded(path: Path) -> tuple[Stamp | None, ...]:
    """The state of all files that a Run reads once."""
    snapshots = sorted(path.glob("snapshots/*"))
    return (*stamps(path, "tokenizer.json", "metrics.jsonl"), *map(_stamp, snapshots))


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
