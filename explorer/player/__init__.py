"""The step clock, which owns time in the browser, and what it reports."""

from explorer.player.clock import ClockState, Heard, payload, step_clock
from explorer.player.encoding import encode
from explorer.player.reports import Pick, Selection

__all__ = ["ClockState", "Heard", "Pick", "Selection", "encode", "payload", "step_clock"]
