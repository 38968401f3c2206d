"""Trainings that a visitor starts: ordinary queued runs, none of them twice."""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

from explorer.visit.runs import RECORDED
from model_core.runs.status import read_status
from model_core.runs.storage import tried
from model_core.training import jobs

_MAKING = Lock()


def started(make: Callable[[], Iterable[Path]]) -> str:
    """Train the runs that `make` gives, each in its process; words if that cannot be.

    `make` looks anew for what there is: a double click runs this twice, in two threads, and others
    on this server may ask for the same at that moment.
    """

    def start() -> None:
        with _MAKING:
            for path in make():
                jobs.start(path)

    return tried(start)


def is_open(path: Path) -> bool:
    """Whether it was interrupted, or not started yet: its training can go on."""
    return read_status(path).state in ("stopped", "failed") and path.parent != RECORDED
