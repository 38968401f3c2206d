"""The step clock, which owns time in the browser, and what it reports."""

from explorer.player.clock import ClockState, Heard, payload, step_clock
from explorer.player.encoding import encode
from explorer.player.offline import offline_page
from explorer.player.reports import Pick, Selection

__all__ = [
    "ClockState",
    "Heard",
    "Pick",
    "Selection",
    "encode",
    "offline_page",
    "payload",
    "step_clock",
]
