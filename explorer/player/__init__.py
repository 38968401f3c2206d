"""The step clock: figures and all their steps go to the browser once; it owns time from there."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from explorer.panels import AnyPanel, Timeline
from explorer.player.assets import player_version, plotly_version
from explorer.player.encoding import encode
from explorer.player.reports import (
    Pick,
    Report,
    Selection,
    read_pick,
    read_report,
    read_selection,
)
from explorer.player.store import PayloadStore

__all__ = ["ClockState", "Heard", "Pick", "Selection", "encode", "payload", "step_clock"]

STORE_BYTES = 256 * 2**20
_store = PayloadStore(STORE_BYTES)

# Sent with every change of its data, so it only fetches the real thing: see assets.py.
_LOADER = """\
export default async function (component) {
  const player = await import(new URL("assets/%s/player.js", document.baseURI).href)
  return player.clock(component, "assets/plotly.min.js?v=%s")
}
"""


@dataclass(frozen=True)
class ClockState:
    """Where the reader's clock stands, as far as the browser has told.

    `step`: in the run that the reader's own move caused, the step they settled on; in any other
    run the step that the page itself asked for; None while they have never moved.
    `pick`, `selection`: only in the run that they caused.
    """

    step: int | None
    pick: Pick | None
    selection: Selection | None


class Heard:
    """The last report of one visitor's clock that a run has read.

    The component's value stays after the run that it caused. Read again in a later run it would
    overrule the page's own newer wish, so each report counts once; a run that is cut short
    before it reaches the clock leaves it for the next.
    """

    def __init__(self) -> None:
        self.move = 0  # of the last report read; tells the browser which of its words are known

    def is_new(self, report: Report) -> bool:
        new = report.move != self.move
        self.move = report.move
        return new


def payload(digest: str) -> bytes | None:
    """The payload a browser asks for, or None if it is not (or no longer) kept."""
    return _store.get(digest)


def step_clock(
    panels: Sequence[AnyPanel],
    timeline: Timeline,
    *,
    step: int,
    heard: Heard,
    live: bool = False,
    alone: bool = False,
    key: str = "clock",
) -> ClockState:
    """Draw the panels and their clock; one a page. Raises ValueError like `encode`.

    The browser obeys `step` when the page opens, and later whenever it differs from the step the
    browser last reported, as soon as a run has read that report: pass on what ClockState says.
    `heard` is kept for this visitor from rerun to rerun. `live` says that more steps may come.
    Panels that are `alone` have the arrays of `step` only, (1, ...): once they are drawn the
    browser causes one more run, which should bring all steps.
    """
    digest = _store.put(encode(panels, timeline, alone=alone))
    component = st.components.v2.component(
        "driftscope_clock",
        js=_LOADER % (player_version(), plotly_version()),
        isolate_styles=False,
    )
    result = component(
        key=key,
        data={"payload": digest, "step": int(step), "live": bool(live), "heard": heard.move},
        on_step_change=lambda: None,
        on_pick_change=lambda: None,
        on_selection_change=lambda: None,
        on_lost_change=lambda: None,  # the rerun alone stores the payload again
        on_rest_change=lambda: None,  # or brings all steps
    )
    report = read_report(result.get("step"), timeline)
    settled = None if report is None else report.step if heard.is_new(report) else int(step)
    return ClockState(
        settled,
        read_pick(result.get("pick"), panels),
        read_selection(result.get("selection"), panels),
    )
