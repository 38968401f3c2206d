"""The step clock: figures and all their steps go to the browser once; it owns time from there."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from explorer.panels import AnyPanel
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
from explorer.timeline import Timeline

STORE_BYTES = 256 * 2**20
_store = PayloadStore(STORE_BYTES)

# Sent again at every change of its data, so it only imports the player: see assets.py.
_LOADER = """\
export default async function (component) {
  const { player } = await import(new URL("assets/%s/player.js", document.baseURI).href)
  return player.clock(component, "assets/plotly.min.js?v=%s", "assets/%s/player.css")
}
"""


@dataclass(frozen=True)
class ClockState:
    """What the browser has reported of the reader's clock.

    `step`: in the rerun that the reader's own move caused, the step they settled on; in any other
    rerun the step that the page asked for; None before their first move.
    `pick`, `selection`: only in the rerun that they caused.
    """

    step: int | None
    pick: Pick | None
    selection: Selection | None


class Heard:
    """The last report of one visitor's clock that a rerun has read.

    The component's value outlives the rerun that it caused. Read again, it would overrule a newer
    step that the page asks for, so each report counts once; a rerun that is cut short before it
    reaches the clock leaves the report for the next.
    """

    def __init__(self) -> None:
        self.move = 0  # of the last report read, which tells the browser what Python knows

    def is_new(self, report: Report) -> bool:
        new = report.move != self.move
        self.move = report.move
        return new


def payload(digest: str) -> bytes | None:
    """The payload that a browser asks for; None if it is not (or no longer) stored."""
    return _store.get(digest)


def step_clock(
    panels: Sequence[AnyPanel],
    timeline: Timeline,
    *,
    step: int,
    heard: Heard,
    live: str = "",
    alone: bool = False,
    plays: int = 0,
    names: Sequence[str] = (),
    key: str = "clock",
) -> ClockState:
    """Draw the panels and their clock, one per page. Raises ValueError like `encode`.

    The browser moves to `step` when the page opens, and later whenever it differs from the step the
    browser last reported, as soon as a rerun has read that report: pass on the step of ClockState.
    `heard` belongs to this visitor and clock. `live`: the badge where more steps may come. Panels
    that are `alone` have the arrays of `step` only, (1, ...), but for Words and Letters: once they
    are drawn the browser causes one more rerun, which should bring all steps. Whenever `plays` is
    larger than in any call before, the browser plays from `step` on, unless its owner prefers
    reduced motion. `names`: what pictures that somebody saves are of, such as run and page.
    """
    digest = _store.put(encode(panels, timeline, alone=alone))
    component = st.components.v2.component(
        "driftscope_clock",
        js=_LOADER % (player_version(), plotly_version(), player_version()),
        isolate_styles=False,
    )
    result = component(
        key=key,
        data={
            "payload": digest,
            "step": int(step),
            "live": live,
            "heard": heard.move,
            "plays": plays,
            "names": list(names),
        },
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
