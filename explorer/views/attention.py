"""Attention: what each position of the sentence reads, and what comes of it."""

from collections.abc import Callable

import streamlit as st

from explorer.attending import following, heads, roles, sentences, weight
from explorer.attending.place import Place, place_of
from explorer.look import Look, Sentence, fewer, thinned
from explorer.page import choose_view, clock, question

# What is asked, and who answers; the first is shown at first.
VIEWS: dict[str, tuple[str, Callable[[Look, Sentence, Place], None]]] = {
    "All heads": ("Which earlier tokens does each token of your sentence read?", heads.draw),
    "One weight": ("What is one weight made of, and how much does it move?", weight.draw),
    "Roles": ("What does each head do, since when, and what is lost without it?", roles.draw),
    "Next token": ("What does the model expect next, and at which depth?", following.draw),
    "Two sentences": ("What is looked up, and what is computed anew?", sentences.draw),
}


def draw(look: Look, sentence: Sentence) -> None:
    asked, answer = VIEWS[choose_view("view", tuple(VIEWS))]
    question(asked)
    if not sentence.ids:
        clock(look, [])
        return
    if not look.run.model_config.n_layer:
        st.info(
            "This model has no layers, so it has no attention: it looks at one token at a time."
        )
        clock(look, [])
        return
    look = fewer(look, len(sentence.ids))
    if words := thinned(look):
        st.caption(words)
    answer(look, sentence, place_of(look, sentence))
