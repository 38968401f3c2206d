"""The one line above every page: the pages, the chosen run with its settings, the sentence."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.navigation.page import Page

from explorer.visit import kept, runs, session
from explorer.visit.deleting import delete_buttons, delete_run
from explorer.visit.link import link
from explorer.visit.page import plain
from explorer.visit.sentence import example as example_of
from explorer.visit.state import RUN, TEXT
from explorer.visit.widgets import EMPTY, KEPT, TYPED
from model_core.runs import Run

KEY = "header"
# What the fields of a run's configurations are called on screen.
NAMES = {
    "vocab_size": "Vocabulary: different tokens",
    "block_size": "Block size: tokens read at a time",
    "n_embd": "Channels",
    "n_layer": "Layers",
    "n_head": "Heads per layer",
    "norm": "Normalization",
    "norm_position": "Norm before or after attention and feed-forward",
    "dropout": "Dropout",
    "linear_init_gain": "Initial weights times",
    "embedding_init_std": "Standard deviation of initial rows",
    "equal_rows": "All rows of a table equal at first",
    "bias": "Bias in linear layers",
    "tokenizer": "Tokens are",
    "text": "Text",
    "recorded": "Recorded steps",
    "steps": "Steps planned",
    "batch_size": "Batch size: windows per step",
    "learning_rate": "Learning rate",
    "optimizer": "Optimizer",
    "weight_decay": "Weight decay",
    "grad_clip": "Gradient clipped at (0: never)",
    "seed": "Seed",
    "snapshots": "Snapshots planned",
    "snapshot_budget": "Bytes of snapshots at most",
    "eval_interval": "Steps between two validation losses",
    "threads": "Threads",
}


def header(pages: Sequence[Page], title: str) -> None:
    """Pages, run and sentence, above the page of this title; stops where the run cannot be opened.

    Drawn by the script itself, for all pages. A rerun may be cut short before the run's widget, and
    a browser does not send the value of one in a closed popover: Streamlit must keep it.
    """
    names = runs.run_names()
    changed = session.begin(names, title)
    run, problem = None, ""
    try:
        run = runs.open_run()
        example = example_of(run)
    except ValueError as error:
        example, problem = "", str(error)
    if session.text() is None:
        session.put(TEXT, example)
    with st.container(key=KEY, horizontal=True, vertical_alignment="center", gap="xsmall"):
        for page in pages:
            st.page_link(page)
        st.button("Stories", type="tertiary", on_click=session.show_stories, args=(True,))
        _choose_run(run, names, example)
        link()
        st.text_input(
            "Sentence for the model to read",
            key=TEXT,
            **KEPT,
            max_chars=TYPED,
            label_visibility="collapsed",
            placeholder=EMPTY,
        )
    if kept.is_long(session.text() or ""):
        st.caption(kept.SAID)
    if changed:
        st.warning(plain(changed))
    if problem:
        st.error(plain(problem))
        _offer_to_delete(session.run())
        st.stop()


def _choose_run(run: Run | None, names: Sequence[str], example: str) -> None:
    """The chosen run, None where it cannot be opened; behind it all names, and its settings."""
    end = runs.divergence(run) if run is not None else ""
    icon = ":material/warning:" if end else None
    with st.popover(_chip(run), icon=icon, help=end or "Choose a run, read its settings"):
        st.selectbox("Run", names, key=RUN, on_change=_leave_run, args=(example,), **KEPT)
        if end:
            st.markdown(f":material/warning: {plain(end)}")
        if run is not None:
            _settings(run)


def _offer_to_delete(name: str) -> None:
    """Where one's own run cannot be opened: no page has more to do with it."""
    path = runs.run_paths().get(name)
    if path is None or path.parent == runs.RECORDED:
        return
    with st.container(horizontal=True):
        delete_buttons(path, delete_run)
    if refused := session.visit().refused:
        st.error(plain(refused))


def _chip(run: Run | None) -> str:
    """The run by its name and its size."""
    if run is None:
        return plain(session.run())
    config = run.model_config
    counts = (config.n_layer, "layer"), (config.n_head, "head"), (config.n_embd, "channel")
    layers, heads, channels = (f"{n} {name}" + "s" * (n != 1) for n, name in counts)
    return plain(f"{run.name} · {layers} × {heads} · {channels}")


def _settings(run: Run) -> None:
    """All of the run's settings by their full names."""
    training = [("text", run.corpus), ("recorded", len(run.steps)), *run.training_config]
    for title, values in (("Model", run.model_config), ("Training", training)):
        rows = [f"| {NAMES[name]} | {_written(value)} |" for name, value in values]
        st.markdown("\n".join([f"| {title} | |", "|---|---|", *rows]))


def setting(name: str) -> str:
    """What a field of a run's configurations is called in a sentence."""
    return NAMES[name].partition(":")[0]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value >= 10_000:
        return f"{value:,}"
    return plain(f"{value:g}" if isinstance(value, float) else str(value))


def _leave_run(example: str) -> None:
    """The example sentence goes with its run; one that somebody typed stays."""
    session.leave_run()
    if session.text() == example:
        session.put(TEXT, None)
