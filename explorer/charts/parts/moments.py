"""Curves on another clock than that of steps."""

from dataclasses import replace

import numpy as np

from explorer.charts.parts.labels import escape
from explorer.charts.parts.theme import axis_title
from explorer.panels import Panel


def with_moments(panel: Panel, moments: np.ndarray, clock: str) -> Panel:
    """The curves with their axis and hover in units of a clock: `moments` (S,) of it."""
    axis = panel.figure.layout.xaxis
    axis.title = axis_title(f"{clock} (each recorded moment equally wide)")
    axis.ticktext = [moment_words(moments[int(tick)]) for tick in axis.tickvals]
    for trace in panel.figure.data:
        if trace.name and trace.mode.startswith("lines"):
            trace.customdata = [moment_words(moment) for moment in moments]
            trace.hovertemplate = (
                f"{escape(trace.name)} at {clock} %{{customdata}}: %{{y:.4g}}<extra></extra>"
            )
    words = f"{len(moments)} moments of a clock of {clock}s"
    return replace(panel, alt=f"{panel.frame.title}: lines over {words}.")


def moment_words(moment: float) -> str:
    """Whole where it is or is large, else to four digits."""
    is_whole = float(moment).is_integer() or moment >= 1000
    return f"{moment:,.0f}" if is_whole else f"{moment:.4g}"
