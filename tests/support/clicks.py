"""Clicks on the panels of a page, as a browser reports them in the rerun that they cause."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.panels import AnyPanel
from explorer.player.clock import ClockState
from explorer.player.reports import read_pick
from explorer.visit import clock

Click = Callable[[AppTest, str, list[int]], None]


def clicks(monkeypatch: pytest.MonkeyPatch) -> Click:
    """Click a (point,) or a (row, column) of the panel with this key; it has to mean something."""
    waiting: list[dict[str, Any]] = []
    real = clock.step_clock

    def reporting(panels: Sequence[AnyPanel], *given: Any, **more: Any) -> ClockState:
        state = real(panels, *given, **more)
        if not waiting:
            return state
        pick = read_pick(waiting.pop(), panels)
        assert pick is not None
        return replace(state, pick=pick)

    def click(app: AppTest, panel: str, index: list[int]) -> None:
        waiting.append({"panel": panel, "index": index})
        app.run()
        assert not app.exception and not waiting

    monkeypatch.setattr(clock, "step_clock", reporting)
    return click
