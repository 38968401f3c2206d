"""The step clock, which owns time in the browser, and what it reports."""

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
