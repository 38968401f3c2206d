"""The step clock, which owns time in the browser, and what it reports.

The names below are imported when first used: the server names our files before it has numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.player.clock import ClockState, Heard, payload, step_clock
    from explorer.player.encoding import encode
    from explorer.player.offline import OfflineSlide, offline_lesson, offline_page
    from explorer.player.reports import Pick, Selection

__all__ = [
    "ClockState",
    "Heard",
    "OfflineSlide",
    "Pick",
    "Selection",
    "encode",
    "offline_lesson",
    "offline_page",
    "payload",
    "step_clock",
]
_MODULES = {"encode": "encoding", "Pick": "reports", "Selection": "reports"} | dict.fromkeys(
    ("OfflineSlide", "offline_lesson", "offline_page"), "offline"
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'clock')}"), name)
