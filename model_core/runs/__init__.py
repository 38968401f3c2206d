"""The run directory, where whoever trains and whoever reads meet.

The names below are read from `model_core.runs.run` when they are first asked for: a trainer that
waits for its turn asks for status and locks alone, and does without torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_core.runs.run import (
        FORMAT,
        METRICS,
        Run,
        create_run,
        list_runs,
        read_metrics,
        runs_folder,
    )

__all__ = ["FORMAT", "METRICS", "Run", "create_run", "list_runs", "read_metrics", "runs_folder"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from model_core.runs import run

    return getattr(run, name)
