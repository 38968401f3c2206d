"""Attention: what each position of the sentence reads, and what comes of it."""

from collections.abc import Callable

import streamlit as st

from explorer.views.attention import all_heads, next_token, one_weight, roles, two_sentences
from explorer.visit.clock import clock
from explorer.visit.focus import Focus, focus_of
from explorer.visit.moment import Moment, fewer, thinned
from explorer.visit.page import choose_question
from explorer.visit.sentence import Sentence

# By tab: the question, and the function that draws its answer; the first is the default.
VIEWS: dict[str, tuple[str, Callable[[Moment, Sentence, Focus], None]]] = {
    "All heads": ("Which earlier tokens does each token of your sentence read?", all_heads.draw),
    "One weight": ("What is one weight made of, and how much does it move?", one_weight.draw),
    "Roles": ("What does each head do, since when, and what is lost without it?", roles.draw),
    "Next token": ("What does the model expect next, and at which depth?", next_token.draw),
    "Two sentences": ("What is looked up, and what is computed?", two_sentences.draw),
}


def draw(moment: Moment, sentence: Sentence) -> None:
    view = choose_question("attention.view", {view: asked for view, (asked, _) in VIEWS.items()})
    if not moment.run.model_config.n_layer:
        st.info(
            "This model has no layers, so it has no attention: it looks at one token at a time."
        )
        clock(moment, [])
        return
    moment = fewer(moment, len(sentence.ids))
    if words := thinned(moment):
        st.caption(words)
    VIEWS[view][1](moment, sentence, focus_of(moment, sentence))
