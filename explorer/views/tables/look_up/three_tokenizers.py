"""One text, three tokenizers: the sentence as characters, words and pairs of bytes."""

from collections.abc import Mapping, Sequence
from itertools import islice

import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import counted, isolated
from explorer.data import cuts
from explorer.visit.export import file_of, numbers
from explorer.visit.moment import Moment
from explorer.visit.page import plain
from explorer.visit.widgets import toggle
from model_core.labels import token_label
from model_core.vocabulary import Kind, Tokenizer

NAMES: dict[Kind, str] = {"character": "Characters", "word": "Words", "bpe": "Subwords"}
WRITTEN = 200  # tokens of a sentence
Pieces = Sequence[tuple[str, int | None]]


def draw(moment: Moment, text: str) -> None:
    """Computed once it is asked for: subwords are learned from the run's text here."""
    asked = toggle(
        st.toggle,
        "tables.three",
        "One text, three tokenizers",
        help="The same sentence cut into characters, words and subwords.",
    )
    if not asked:
        return
    found = cuts.tokenizers(moment.run)
    for kind, tokenizer in found.items():
        _one(moment, kind, tokenizer, text)
    table = as_table(moment, found, text)
    numbers(table, "Three tokenizers", file_of(moment, "tokenizers"))
    st.caption(
        "Parameters are those of the token table, V × C. A subword is learned: the pair of tokens "
        "that is most frequent in the text becomes a token, again and again, from single bytes on. "
        f"What is not this run's own is learned from the first {cuts.READ // 2**10:,} KB of its "
        "text. ␣ before a word is the space that belongs to it."
    )


def _one(moment: Moment, kind: Kind, tokenizer: Tokenizer | str, text: str) -> None:
    own = ", this run's own" if moment.run.tokenizer.kind == kind else ""
    if isinstance(tokenizer, str):
        st.markdown(f"**{NAMES[kind]}**: " + plain(tokenizer))
        return
    pieces = tokenizer.pieces(text)
    size = len(tokenizer.tokens)
    table = f"{size:,} × {moment.run.model_config.n_embd}"
    st.markdown(f"**{NAMES[kind]}**{own}: {counted(len(pieces), 'token')}, table {table}")
    st.code(written(pieces), language=None, wrap_lines=True)


def written(pieces: Pieces) -> str:
    """Tokens with their ids, those without one struck out by a dash."""
    cut = (f"{_label(piece)}\u00a0{'–' if id_ is None else id_}" for piece, id_ in pieces)
    return "   ".join(islice(cut, WRITTEN)) + ("  …" if len(pieces) > WRITTEN else "")


def as_table(moment: Moment, found: Mapping[Kind, Tokenizer | str], text: str) -> pd.DataFrame:
    """How many tokens, how large a vocabulary and how many parameters, of each that there is."""
    channels = moment.run.model_config.n_embd
    rows = []
    for kind, tokenizer in found.items():
        if isinstance(tokenizer, str):
            continue
        pieces, size = tokenizer.pieces(text), len(tokenizer.tokens)
        rows.append(
            {
                "tokens are": NAMES[kind],
                "tokens of this sentence": len(pieces),
                "not in the vocabulary": sum(id_ is None for _, id_ in pieces),
                "vocabulary V": size,
                "parameters of the table V × C": size * channels,
            }
        )
    return pd.DataFrame(rows)


def _label(piece: str) -> str:
    return isolated(token_label(piece))
