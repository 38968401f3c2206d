"""What can be trained, as cards: a picture, what it shows, how long it takes."""

import math
from base64 import b64encode
from html import escape

import numpy as np
import streamlit as st

from explorer.charts.parts.theme import CATEGORIES, CURSOR, DARK
from explorer.data.presets import planned, recorded
from explorer.visit import session
from explorer.visit.queue import about
from explorer.visit.widgets import option
from model_core.training.pace import training_seconds
from model_core.training.presets import PRESETS, Preset

OWN = "your own text"
CHOICE = "train.preset"
OWN_SAYS = "Paste a text or drop a file: a size that fits it is suggested."
MEASURED = (
    "Measured on this machine: what a few steps of this model take on a core of their own, times "
    "their number. Not counted are the start of its process and the time in a queue."
)
WIDTH, HEIGHT = 120, 40  # of a sketch, in its own units


def choose() -> str:
    """Draw the cards; which one is chosen: a preset's name, or OWN."""
    chosen = option(CHOICE, (*PRESETS, OWN))
    with st.container(key="train-cards"):
        columns = st.columns(len(PRESETS) + 1)
        times = {}
        for column, preset in zip(columns, PRESETS.values(), strict=False):
            with column.container(key=f"card-{preset.name}", border=True, height="stretch"):
                _title(preset.name, chosen)
                st.html(f'<div class="card">{_picture(preset)}{escape(preset.says)}</div>')
                times[preset.name] = st.empty()
        with columns[-1].container(key="card-own", border=True, height="stretch"):
            _title(OWN, chosen)
            st.html(f'<div class="card"><pre>Once upon a time, …</pre>{escape(OWN_SAYS)}</div>')
    for name, place in times.items():  # last: pictures need not wait for what is measured
        place.caption(about(training_seconds(planned(name))))
    return chosen


def sketch(name: str, losses: np.ndarray, guessing: float) -> str:
    """A picture of a run's loss (S,) over recorded steps, and of the loss of guessing, dashed.

    A loss that is not finite ends it with a cross.
    """
    known = np.flatnonzero(np.isfinite(losses))
    low, high = min(0.0, losses[known].min()), max(guessing, losses[known].max())
    x = 4 + (WIDTH - 8) * np.arange(len(losses)) / max(len(losses) - 1, 1)
    y = _height(losses, low, high)
    line = " ".join(f"{x[at]:.1f},{y[at]:.1f}" for at in known)
    level = _height(np.array([guessing]), low, high)[0]
    end = ""
    if len(known) < len(losses):
        cx, cy = x[known[-1]], y[known[-1]]
        cross = f"M{cx - 4:.1f} {cy - 4:.1f}l8 8m0 -8l-8 8"
        end = f'<path style="stroke:{_both(1)}" stroke-width="2.5" d="{cross}"/>'
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="none" fill="none" style="color-scheme:light dark;stroke:{_both(0)}">'
        f'<path d="M0 {level:.1f}H{WIDTH}" stroke-dasharray="3 3" stroke="{CURSOR}"/>'
        f'<polyline points="{line}" stroke-width="2" vector-effect="non-scaling-stroke"/>{end}'
        "</svg>"
    )
    data = b64encode(drawing.encode()).decode()
    words = f"loss of the run {name}, {losses[known[0]]:.2f} to {losses[known[-1]]:.2f}"
    return f'<img alt="{words}" src="data:image/svg+xml;base64,{data}">'


def _both(category: int) -> str:
    """Its colour on a light page and on a dark one."""
    return f"light-dark({CATEGORIES[category]},{DARK[category]})"


def _height(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return 4 + (HEIGHT - 8) * (1 - (values - low) / (high - low or 1))


def _title(name: str, chosen: str) -> None:
    st.button(
        name,
        key=f"choose {name}",
        type="primary" if name == chosen else "secondary",
        on_click=session.put,
        args=(CHOICE, name),
        width="stretch",
    )


def _picture(preset: Preset) -> str:
    """The loss of a recorded run of the preset; without one, the beginning of the text it reads."""
    known = recorded(preset.name)
    if known is None:
        return f"<pre>{escape(planned(preset.name).text[:400])}</pre>"
    return sketch(known.name, known.losses, math.log(known.vocab_size))
