"""How the chosen run's training stands, and the buttons that make sense now."""

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import streamlit as st

from explorer.visit.page import plain, say_problem, write_button
from explorer.visit.queue import about, waits
from explorer.visit.runs import is_own
from model_core.runs import Run
from model_core.training import jobs


def steer(run: Run) -> None:
    """How it stands, the buttons, and until it is finished a bar as wide as the page."""
    status, buttons = run.status, _buttons(run)
    with st.container(gap=None):
        widths = [max(len(label) / 8, 1) for label in buttons]
        words, *places = st.columns([6, *widths], vertical_alignment="center")
        words.markdown(plain(_standing(run)))
        for place, (label, action) in zip(places, buttons.items(), strict=True):
            write_button(place.button, label, action, run.path)
        if status.state != "finished":
            st.progress(min(1.0, status.step / status.steps) if status.steps else 0.0)
    say_problem()
    if status.words and status.state == "stopped":
        st.caption(plain(status.words))
    if status.state == "queued" and not len(run.steps):
        _before(run)


def _before(run: Run) -> None:
    """What will be read, and where the loss begins, while there is nothing else to see."""
    st.markdown("**The text it will read**")
    st.code(run.opening(1200), language=None, wrap_lines=True, height=240)
    size = run.model_config.vocab_size
    loss = f"ln {size:,} = {math.log(size):.2f} nats per token"
    st.caption(f"It begins by guessing: {loss}, if every token is as likely as any other.")


def _buttons(run: Run) -> dict[str, Callable[[Path], None]]:
    """What can be done now, by label."""
    state = run.status.state
    if state == "queued":
        return {"Stop": jobs.stop}
    if state == "running":
        return {"Pause": jobs.pause, "Stop": jobs.stop}
    if state == "paused":
        return {"Train one step": jobs.step, "Resume": jobs.resume, "Stop": jobs.stop}
    return {"Resume": _restart} if is_own(run) and state in ("stopped", "failed") else {}


def _restart(path: Path) -> None:
    with suppress(ValueError):  # a double click: it is being trained already
        jobs.start(path)


def _standing(run: Run) -> str:
    status = run.status
    parts = [f"{run.name}: {status.standing}, step {status.step:,} of {status.steps:,}"]
    if status.state == "queued":
        parts.append(waits(run))
    if status.train_loss is not None:
        parts.append(f"loss {status.train_loss:.3f} nats per token")
    if status.tokens_per_second and status.active:
        parts.append(f"{status.tokens_per_second:,.0f} tokens/s")
    if status.seconds_left is not None:
        parts.append(f"{about(status.seconds_left)} left")
    return " · ".join(parts)
