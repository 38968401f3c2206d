"""A guess about three tokens: one usually follows another, and is closer to it than to a third."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.scales import Scale
from explorer.data import dimensions, tables
from explorer.panels import Frame, Panel
from explorer.visit.moment import Moment, frequency
from explorer.visit.page import plain
from explorer.visit.widgets import one_of, text
from model_core.embeddings.counts import most_frequent
from model_core.embeddings.neighbours import cosine
from model_core.labels import token_label
from model_core.prediction.pairs import commonest_pair

Curves = tuple[np.ndarray, np.ndarray, np.ndarray]  # (S,) each
GUESSED = ("c", "k", "o")
HEIGHT = 230


class Guess(NamedTuple):
    """By their ids: `second` follows `first`, and is closer to it than to `other`."""

    first: int
    second: int
    other: int


def choose(moment: Moment) -> tuple[Guess, str]:
    """Draw the pickers, and a field for a column to add; ValueError when the run's text is gone."""
    asked = (
        ("tables.first", "After this token"),
        ("tables.second", "comes this one"),
        ("tables.other", "closer to it than to"),
    )
    rows = moment.rows.tolist()
    names = dict(zip(rows, moment.labels, strict=True))
    *columns, more = st.columns([2, 2, 2, 1.4], vertical_alignment="bottom")
    guess = Guess(
        *(
            one_of(
                column.selectbox,
                name,
                label,
                rows,
                default=default,
                of_run=True,
                format_func=lambda row: f"{names[row]} (id {row})",
            )
            for column, (name, label), default in zip(columns, asked, _default(moment), strict=True)
        )
    )
    with more.popover("Add a column", width="stretch"):
        column = text(
            st.text_area,
            "tables.column",
            "Lines of a token and a value, a number or a word",
            "",
            placeholder="a 1\nb 0.5\n␣ 0",
            height=240,
        )
    return guess, column


def _default(moment: Moment) -> Guess:
    """c, k and o where the text has "ck", else its commonest pair and the commonest third."""
    ids, rows = dimensions.text(moment.run), moment.rows
    by_name = {token: row for token, row in zip(moment.tokens, rows.tolist(), strict=True)}
    if all(token in by_name for token in GUESSED):
        guess = Guess(*(by_name[token] for token in GUESSED))
        if dimensions.followers(moment.run, guess.first)[guess.second]:
            return guess
    letters = [row for token, row in by_name.items() if not token.isspace()]
    pair = commonest_pair(ids, np.array(letters)) or (int(rows[0]), int(rows[-1]))
    often = frequency(moment.run).copy()
    often[list(pair)] = -1
    return Guess(*pair, int(most_frequent(often, 1)[0]))


def panels(moment: Moment, guess: Guess, explained: Curves | None) -> list[Panel]:
    """How likely it is, what rows tell of it, and which is closer, over all steps.

    `explained` of what comes after the first, that by chance, and where it is more than chance;
    None where that is the same for all tokens.
    """
    first, second, other = (_name(moment, token) for token in guess)
    return [
        *_chance_of(moment, guess, f"{second} after {first}"),
        *_read_off(moment, explained, first),
        _closer(moment, guess, (first, second, other)),
    ]


def _chance_of(moment: Moment, guess: Guess, words: str) -> list[Panel]:
    counts = dimensions.followers(moment.run, guess.first)
    share = counts[guess.second] / max(counts.sum(), 1)
    try:
        given = dimensions.next_shares(moment, guess.first)[:, guess.second]
    except ValueError as error:
        st.caption(plain(f"{words}: {error}."))
        return []
    now = f"{given[moment.at]:.0%} in the model at step {moment.step:,}"
    highest = max(share, float(np.nanmax(given, initial=0)))
    panel = curves_panel(
        moment.steps,
        {"model": given},
        Frame("pair", f"{words}: {share:.0%} in the text, {now}", span=4, height=HEIGHT),
        Scale("probability", limits=(0.0, min(1.25 * highest, 1.0) or 1.0)),
    )
    return [with_threshold(panel, Threshold(float(share), "text"))]


def _read_off(moment: Moment, explained: Curves | None, first: str) -> list[Panel]:
    if explained is None:
        return []
    own, chance, told = explained
    now, usual = own[moment.at], max(chance[moment.at], 0)
    tell = f"{now:.0%}, chance up to {usual:.0%}" if told[moment.at] else "nothing beyond chance"
    title = f"Rows tell how often a token comes after {first}: {tell}"
    return [
        curves_panel(
            moment.steps,
            {"rows": own, "chance": chance},
            Frame("read-off", title, span=4, height=HEIGHT),
            Scale("share explained"),
        )
    ]


def _closer(moment: Moment, guess: Guess, names: tuple[str, str, str]) -> Panel:
    first, second, other = names
    vectors = tables.vectors(moment, "tokens", tuple(guess))
    to_first, to_other = (cosine(vectors, 1, one) for one in (0, 2))
    now = to_first[moment.at], to_other[moment.at]
    word = "closer to" if now[0] > now[1] else "not closer to"
    return curves_panel(
        moment.steps,
        {f"to {first}": to_first, f"to {other}": to_other},
        Frame(
            "closer",
            f"{second} is {word} {first} than to {other} at step {moment.step:,}",
            span=4,
            height=HEIGHT,
        ),
        Scale("cosine", limits=(-1.0, 1.0)),
    )


def _name(moment: Moment, token: int) -> str:
    return f"'{shortened(token_label(moment.run.tokenizer.tokens[token]), 12)}'"
