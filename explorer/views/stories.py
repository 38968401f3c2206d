"""Three stories that recorded runs tell: cards over the first visit's page, each an address."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from explorer.charts import stories as pictures
from explorer.data import stories as data
from explorer.data.losses import training_losses
from explorer.recorded.recipes import RECORDED
from explorer.style import style
from explorer.visit import session
from model_core.embeddings.token_classes import TokenClass, token_class
from model_core.runs import Run

TWICE = "Mia saw a dog. Mia saw a dog."
CLASSES: tuple[str, ...] = get_args(TokenClass)


def _letters(run: Run) -> str:
    tokens = run.tokenizer.tokens
    shown = [at for at, token in enumerate(tokens) if token.isalnum() and token.isascii()]
    classes = [CLASSES.index(token_class(tokens[at])) for at in shown]
    return pictures.letters_picture(
        data.last_places(run)[shown], [tokens[at] for at in shown], classes
    )


@dataclass(frozen=True)
class Story:
    """A page and the parameters of its address, from where it plays; `picture` of its run."""

    title: str
    says: str
    page: str
    address: Mapping[str, str]
    picture: Callable[[Run], str]


STORIES = (
    Story(
        "See letters find each other",
        "Mixed at first; then digits gather, and capitals stand by their small letters.",
        "drift",
        {"run": "english", "step": "0", "drift.map": "UMAP"},
        _letters,
    ),
    Story(
        "See a head form",
        "It learns to look back for what followed this letter last time.",
        "attention",
        {
            "run": "induction",
            "step": "0",
            "attention.view": "All heads",
            "head": "1.0",
            "text": TWICE,
        },
        lambda run: pictures.head_picture(data.last_weights(run, TWICE, (1, 0))),
    ),
    Story(
        "See a model explode",
        "Eight layers without a norm: the numbers grow until the loss is NaN.",
        "normalization",
        {
            "run": "exploding",
            "step": "0",
            "normalization.lab": "Without it",
            "text": "the value of the expression is",
        },
        lambda run: pictures.loss_picture(training_losses(run)),
    ),
)


@contextmanager
def over(_run: Run) -> Iterator[None]:
    """After the page, over its end, the cards, until one is chosen or they are closed."""
    yield
    if not session.visit().stories:
        return
    st.html(style("stories"))
    st.html(f"<style>{pictures.colours()}</style>")
    with st.container(key="stories", horizontal=True, gap="small"):
        for at, story in enumerate(STORIES):
            with st.container(key=f"story-{at}", horizontal=True, gap="small"):
                _card(story)
        st.button("Close", type="tertiary", on_click=session.show_stories, args=(False,))


def _card(story: Story) -> None:
    st.html(story.picture(Run.open(RECORDED / story.address["run"])), width="content")
    with st.container(gap=None):
        st.button(
            story.title,
            type="primary",
            width="stretch",
            on_click=session.tell,
            args=(story.page, story.address),
        )
        st.caption(story.says)
