"""What every page does in the same way: its question, what it reads, explanations."""

import gc
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from html import escape
from itertools import groupby
from pathlib import Path

import streamlit as st

from explorer.charts.parts.labels import running
from explorer.visit import session
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import Draw, one_of
from model_core.labels import token_label
from model_core.runs.storage import tried

WRITTEN_OUT = 400  # tokens of a sentence of which not all are read
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~$:&]")


def say_read(sentence: Sentence, known: int) -> None:
    """Say what a model that knows so many tokens reads, where it is not all that was typed."""
    if not (sentence.typed or sentence.instead):
        return
    labels = running(sentence.labels)
    if not sentence.instead:
        words = f"Struck through: not among the {known:,} tokens that this model knows."
    elif sentence.typed:
        words = f"This model knows none of it, and reads its example: {labels}"
    else:
        words = f"No sentence is typed; this model reads its example: {labels}"
    typed = f"<bdi>{_struck(sentence.typed)}</bdi>"
    st.html(f'<div class="read">{typed} <small>{escape(words)}</small></div>')


def _struck(typed: Sequence[tuple[str, bool]]) -> str:
    """HTML of typed tokens, those struck through that are not read."""
    parts = []
    for read, tokens in groupby(typed[:WRITTEN_OUT], lambda one: one[1]):
        labels = (" " if read and token == " " else token_label(token) for token, _ in tokens)
        text = escape("".join(labels))
        parts.append(text if read else f"<s>{text}</s>")
    return "".join(parts) + ("…" if len(typed) > WRITTEN_OUT else "")


def question(text: str) -> None:
    """The one question a page answers, its first line."""
    session.visit().question = text
    st.title(plain(text), anchor=False)


def choose_question(name: str, asked: Mapping[str, str]) -> str:
    """Which of a page's views is shown, and beside their switch what it asks, by view."""
    with st.container(key="asked", horizontal=True, vertical_alignment="center"):
        view = choose_view(name, tuple(asked))
        question(asked[view])
    return view


def choose_view(name: str, views: Sequence[str]) -> str:
    """Which of a page's questions is asked; the first at first."""
    return one_of(
        st.segmented_control, name, "What to look at", views, label_visibility="collapsed"
    )


def plain(text: str) -> str:
    """Text escaped for Markdown, so that it is displayed unchanged."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def write_button(draw: Draw, label: str, action: Callable[..., None], *arguments: Path) -> None:
    """A button whose action writes to the runs folder; `say_problem` tells where it could not."""
    draw(label, on_click=_attempt, args=(action, *arguments), width="stretch")


def say_problem() -> None:
    """Say, beside such buttons, why the one pressed last did nothing."""
    if problem := session.visit().problem:
        st.error(plain(problem))


def how_computed(formula: str, words: str, function: str) -> None:
    """The formula, what it means, and the function that does it."""
    with st.expander("How is this computed?", icon=":material/function:"):
        st.latex(formula)
        st.markdown(words)
        st.caption(f"Computed by `{function}`.")


@cache
def freeze_once(page: str) -> None:
    """Exempt from garbage collection what a page has made for all visitors.

    Streamlit collects all garbage after each run, which took 55 ms with it and 5 without.
    """
    gc.collect()
    gc.freeze()


def _attempt(action: Callable[..., None], *arguments: Path) -> None:
    session.visit().problem = tried(partial(action, *arguments))
