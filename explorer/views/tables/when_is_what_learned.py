"""When is what learned: counts of the text, spelling, rules, and items of the reader's own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.labels import capitalized, shortened
from explorer.charts.parts.scales import Scale
from explorer.data import knowledge
from explorer.panels import AnyPanel, Events, Frame, Panel
from explorer.timeline import Tick
from explorer.visit.clock import clock
from explorer.visit.export import File, drawer, numbers
from explorer.visit.moment import Moment, evenly, thinned, with_ticks
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from explorer.visit.widgets import text
from model_core.prediction.cloze import ITEMS, Item, items_of
from model_core.prediction.guessing import below_since
from model_core.prediction.knowledge import COUNTED, GUESSES, learned_since

STEPS = 40  # at which texts are read: of a small model, some seconds
LEARNED = 0.9  # of words, or of stories: a larger share counts as learned
OWN = 3  # items of one's own, at most: of more, lines cover each other
HEIGHT = 270
EVENTS = "What was learned, by its steps; each line moves the clock there."
STORIES = (
    "Mia had a red ball. One sunny day | she | he\n"
    "Tom had a red ball. One sunny day | he | she\n"
    "A dog came and | barked | meowed"
)


Marks = Mapping[str, Tick]  # since when, by what is learned


def draw(moment: Moment, sentence: Sentence) -> None:
    moment = evenly(moment, STEPS)
    words, more = st.columns([4, 1], vertical_alignment="center")
    items, odds = _items(moment, more)
    try:
        found, rules = knowledge.read(moment), knowledge.rules(moment)
    except ValueError as error:
        st.info(plain(f"What is known of the text cannot be measured: {error}."))
        return
    divergence, spelled = found.known
    shares = ({"words spelled right": spelled} if found.words else {}) | rules
    own = dict(zip(_names(items), odds.T, strict=True))
    marks = _marks(moment, _orders(divergence) | {name: -one for name, one in own.items()}, shares)
    words.caption(plain(_read(moment, found, bool(rules))))
    panels: list[AnyPanel] = [_counts(moment, divergence, marks)]
    if shares:
        panels.append(_shares(moment, shares, marks))
    if own:
        panels.append(_odds(moment, own, marks))
    panels.append(
        Events(Frame("changes", "What happened, and what was learned", 6, HEIGHT), alt=EVENTS)
    )
    clock(with_ticks(moment, (tick for tick in marks.values() if tick.step)), panels)
    with drawer():
        divergences = {
            f"KL from {name}": one for name, one in zip(GUESSES, divergence.T, strict=True)
        }
        odds_of = {f"log-odds of {name}": one for name, one in own.items()}
        table = pd.DataFrame({"step": moment.steps} | divergences | shares | odds_of)
        numbers(table, "All steps", File(moment.run.name, "learned", None))
    _explained()


def _items(moment: Moment, place: Any) -> tuple[list[Item], np.ndarray]:
    """The reader's own items, and their log-odds (S, I)."""
    with place.popover("Your own items", width="stretch"):
        typed = text(
            st.text_area,
            "tables.cloze",
            "One a line: context | right | wrong",
            _default(moment),
            placeholder="Mia had a ball. One day | she | he",
            height=140,
        )
    try:
        items = items_of(typed)
        if len(items) > OWN:
            st.caption(f"Showing the first {OWN} of {len(items)} items.")
        if items:
            return items[:OWN], knowledge.odds(moment, tuple(items[:OWN]))
    except ValueError as error:
        st.warning(plain(f"Your own items: {error}."))
    return [], np.empty((len(moment.steps), 0))


def _default(moment: Moment) -> str:
    """Of stories their rules; else the sixth word of the text against its first."""
    if moment.run.corpus == "stories":
        return STORIES
    words = moment.run.opening(400).split()[:6]
    if len(words) < 6 or words[5].startswith(words[0]) or words[0].startswith(words[5]):
        return ""
    return f"{' '.join(words[:5])} | {words[5]} | {words[0]}"


def _names(items: Sequence[Item]) -> list[str]:
    """What each item asks; of those that ask the same its number, too."""
    asked = [f"'{shortened(one.right, 10)}' not '{shortened(one.wrong[0], 10)}'" for one in items]
    return [
        words if asked.count(words) == 1 else f"{words} ({number})"
        for number, words in enumerate(asked, 1)
    ]


def _orders(divergence: np.ndarray) -> dict[str, np.ndarray]:
    """By kind of counts what is below zero (S,) where the model is nearer to them than to those
    that look at one token less."""
    pairs = zip(GUESSES[1:], np.diff(divergence, axis=1).T, strict=True)
    return {f"{name} counts": apart for name, apart in pairs}


def _marks(
    moment: Moment, curves: Mapping[str, np.ndarray], shares: Mapping[str, np.ndarray]
) -> Marks:
    """From which step on each curve (S,) stays below zero, and each share is above LEARNED."""
    since = {name: below_since(one, 0.0) for name, one in curves.items()}
    since |= {name: learned_since(one, LEARNED) for name, one in shares.items()}
    return {name: Tick(int(moment.steps[at]), name) for name, at in since.items() if at is not None}


def _verdict(names: Mapping[str, str], marks: Marks) -> str:
    """From which step on each is learned, in the order of time, by the words for it."""
    known = sorted((name for name in names if name in marks), key=lambda name: marks[name].step)
    always = ", ".join(names[name] for name in known if not marks[name].step)
    since = ", ".join(f"{names[name]} {marks[name].step:,}" for name in known if marks[name].step)
    never = ", ".join(word for name, word in names.items() if name not in marks)
    parts = (
        f"so from the start: {always}" if always else "",
        f"learned from step: {since}" if since else "",
        f"not learned: {never}" if never else "",
    )
    return capitalized("; ".join(filter(None, parts)))


def _read(moment: Moment, found: knowledge.Read, has_rules: bool) -> str:
    """How much is read, and what no model of this block_size can know."""
    parts = [
        thinned(moment, "the text is read at each"),
        f"Read at each step: {found.positions:,} positions of the text held back from training, "
        f"{found.counted:,} of them after two tokens that the training text has {COUNTED} times; "
        f"{found.words:,} words" + (f"; {ITEMS} stories for each rule." if has_rules else "."),
    ]
    size = moment.run.model_config.block_size
    if has_rules and (back := knowledge.color_back(moment.run)) > size:
        parts.append(f"The color stands {back} tokens back or more, and this model reads {size}.")
    return " ".join(filter(None, parts))


def _counts(moment: Moment, divergence: np.ndarray, marks: Marks) -> Panel:
    names = {f"{name} counts": name for name in GUESSES[1:]}
    frame = Frame("counts", f"Counts of the text. {_verdict(names, marks)}", 6, HEIGHT)
    series = dict(zip(("even guess", *GUESSES[1:]), divergence.T, strict=True))
    return curves_panel(moment.steps, series, frame, Scale("KL, nats", log=True))


def _shares(moment: Moment, shares: Mapping[str, np.ndarray], marks: Marks) -> Panel:
    frame = Frame("rules", _verdict({name: name for name in shares}, marks), 6, HEIGHT)
    panel = curves_panel(moment.steps, shares, frame, Scale("share right", limits=(0.0, 1.05)))
    return with_threshold(panel, Threshold(LEARNED))


def _odds(moment: Moment, own: Mapping[str, np.ndarray], marks: Marks) -> Panel:
    frame = Frame("odds", _verdict({name: name for name in own}, marks), 6, HEIGHT)
    panel = curves_panel(moment.steps, own, frame, Scale("log-odds, nats"))
    return with_threshold(panel, Threshold(0.0, "even"))


def _explained() -> None:
    how_computed(
        r"\mathrm{KL} = \sum_x q(x)\,\ln\frac{q(x)}{p(x)}, \qquad \mathrm{log\ odds} = "
        r"\ln\frac{p(\mathrm{right})}{p(\mathrm{wrong})}",
        "**Counts**: q is what the training text has next, by itself (unigram), after the last "
        "token (bigram) or the last two (trigram), p what the model expects with all it reads; the "
        "mean over positions. Few counts say little: only positions count whose last two tokens "
        f"occur {COUNTED} times. A model that knows more leaves all of them again: counts are "
        "learned since the step from which on it is nearer to them than to those that look at one "
        "token less. **Words**: of several tokens, where the beginning leaves one token only "
        "among the words of the training text; a word is right where each of these tokens is the "
        "model's likeliest. **Rules** of the stories: the model's likeliest tokens write what the "
        f"rule says. Both are learned since the first step at which more than {LEARNED:.0%} are "
        "right, then and in the mean of all later steps. **Your own items**: learned since the "
        "log-odds stay above 0. What is so from the first step on has no mark.",
        "knowledge.read_knowledge, knowledge.known, cloze.read_continuations, cloze.log_odds",
    )
