"""The run directory, the interface between training and reading.

The names below are imported when first used: a trainer that waits for its turn needs status and
locks only, and no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_core.runs.format import FORMAT, Plan, create_run, list_runs
    from model_core.runs.home import runs_folder
    from model_core.runs.metrics import METRICS, read_metrics
    from model_core.runs.run import Run

__all__ = [
    "FORMAT",
    "METRICS",
    "Plan",
    "Run",
    "create_run",
    "list_runs",
    "read_metrics",
    "runs_folder",
]
_MODULES = {"METRICS": "metrics", "Run": "run", "read_metrics": "metrics", "runs_folder": "home"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'format')}"), name)
