"""The batch around the typed sentence, and what is changed in it."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from explorer import readings, session
from explorer.cache import identity
from explorer.look import Look, Sentence, labels_of
from explorer.page import plain
from model_core.normalization import company
from model_core.runs import Run

SIZES = tuple(2**power for power in range(7))  # sentences in a batch


@dataclass(frozen=True)
class Batch:
    """A batch `idx` (B, T), the typed sentence first, and the same batch `changed`.

    Looked at are the sentence's first `upto` tokens. `others` (B, block_size) are the windows of
    the held-back text that a batch of that size is made of, `held_back` (N, block_size) those that
    running averages are of where a run has none. `key` names all of it.
    """

    idx: Tensor
    changed: Tensor
    upto: int
    others: Tensor
    held_back: Tensor

    @property
    def key(self) -> str:
        parts = [self.idx, self.changed, self.others, self.held_back]
        told = b"".join(str(part.shape).encode() + part.numpy().tobytes() for part in parts)
        return sha256(f"{self.upto}".encode() + told).hexdigest()


def replace_sentence(look: Look, sentence: Sentence, size: int) -> tuple[Batch, str]:
    """Sentence 1 of the batch is replaced whole; with it, the beginning of the result in words.

    ValueError when that cannot be, with the words to show.
    """
    batch = another_sentence(look, sentence, size)
    was, now = ("".join(labels_of(look.run, idx[1].numpy())) for idx in (batch.idx, batch.changed))
    others = "sentence 1 is" if size == 2 else f"sentences 1 to {size - 1} are"
    st.caption(
        f"Your sentence is sentence 0; {others} cut from the text held back from training, to as "
        f"many tokens. Sentence 1 was {plain(f'“{was}”')} and became {plain(f'“{now}”')}."
    )
    return batch, "You changed sentence 1 of the batch. Your sentence"


def replace_token(look: Look, sentence: Sentence, size: int) -> tuple[Batch, str]:
    """A token of the typed sentence that the reader chooses becomes another; as above."""
    count = len(sentence.ids)
    if count < 2:
        raise ValueError("a sentence of one token has no future; type a longer one")
    left, right = st.columns(2)
    places = [str(place) for place in reversed(range(1, count))]
    place = int(
        left.selectbox(
            "Token that is changed",
            places,
            format_func=lambda one: f"{one}: '{sentence.labels[int(one)]}'",
            key=session.offer("leak token", places),
            **session.KEPT,
        )
    )
    tokens = [str(token) for token in look.rows if token != sentence.ids[place]]
    if not tokens:
        raise ValueError("this model knows a single token, so none can become another")
    token = int(
        right.selectbox(
            "It becomes",
            tokens,
            format_func=lambda one: _label(look, int(one)),
            key=session.offer("leak becomes", tokens, of_run=True),
            **session.KEPT,
        )
    )
    batch = future_token(look, sentence, size, place, token)
    was, now = sentence.labels[place], _label(look, token)
    changed = plain(f"You changed token {place} of your sentence, '{was}', into '{now}'.")
    return batch, f"{changed} What stands before it"


def another_sentence(look: Look, sentence: Sentence, size: int) -> Batch:
    """Sentence 1 of `size` ≥ 2 is replaced; ValueError when no window differs or the text is gone.

    The others are windows of the held-back text, as long as the typed sentence.
    """
    count = len(sentence.ids)
    cut = _company(look, sentence)
    differing = (cut != cut[0]).any(1).nonzero()
    if not len(differing):
        raise ValueError(
            f"all windows of the held-back text begin with the same {count} tokens, so none can "
            "take another's place; type a longer sentence"
        )
    return _batch(look, sentence, size, count, (1, slice(None)), cut[int(differing[-1])])


def future_token(look: Look, sentence: Sentence, size: int, position: int, token: int) -> Batch:
    """The typed sentence's token at `position` ≥ 1 becomes another; those before are looked at.

    ValueError when the text is gone.
    """
    return _batch(look, sentence, size, position, (0, position), torch.tensor(token))


def _label(look: Look, token: int) -> str:
    return labels_of(look.run, np.array([token]))[0]


def _batch(
    look: Look, sentence: Sentence, size: int, upto: int, where: tuple[int, int | slice], to: Tensor
) -> Batch:
    pool = _pool(identity(look.run), look.run)
    idx = torch.cat([torch.tensor([sentence.ids]), _company(look, sentence)[: size - 1]])
    changed = idx.clone()
    changed[where] = to
    return Batch(idx, changed, upto, pool[:size], readings.windows(look))


def _company(look: Look, sentence: Sentence) -> Tensor:
    """Windows as long as the typed sentence: those that are the same text come last."""
    cut = _pool(identity(look.run), look.run)[:, : len(sentence.ids)]
    same = (cut == torch.tensor(sentence.ids)).all(1)
    return torch.cat([cut[~same], cut[same]])


@st.cache_resource(max_entries=4, show_spinner=False)
def _pool(of_run: str, _run: Run) -> Tensor:
    """Windows to fill a batch with."""
    return company(_run, SIZES[-1])
