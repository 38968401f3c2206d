"""The batch around the typed sentence, and what is changed in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import streamlit as st
import torch
from torch import Tensor

from explorer import session
from explorer.cache import identity
from explorer.look import Look, Sentence
from explorer.page import plain
from model_core.normalization import company
from model_core.runs import Run
from model_core.tokenizers import token_label

LARGEST = 64  # sentences in a batch


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
        parts = [self.idx, self.changed, self.others]
        told = b"".join(str(part.shape).encode() + part.numpy().tobytes() for part in parts)
        return sha256(told).hexdigest()


def replace_sentence(look: Look, sentence: Sentence, size: int) -> tuple[Batch, str]:
    """Sentence 1 of the batch is replaced whole; with it, the beginning of the result in words.

    ValueError when that cannot be, with the words to show.
    """
    batch = another_sentence(look.run, sentence, size)
    was, now = ("".join(_labels(look, ids.tolist())) for ids in (batch.idx[1], batch.changed[1]))
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
            format_func=lambda one: _labels(look, [int(one)])[0],
            key=session.offer("leak becomes", tokens, of_run=True),
            **session.KEPT,
        )
    )
    batch = future_token(look.run, sentence, size, place, token)
    was, now = sentence.labels[place], _labels(look, [token])[0]
    changed = plain(f"You changed token {place} of your sentence, '{was}', into '{now}'.")
    return batch, f"{changed} What stands before it"


def another_sentence(run: Run, sentence: Sentence, size: int) -> Batch:
    """Sentence 1 of `size` ≥ 2 is replaced; ValueError when no window differs or the text is gone.

    The others are windows of the held-back text, as long as the typed sentence.
    """
    count = len(sentence.ids)
    pool, _ = _windows(identity(run), run)
    cut = pool[:, :count]
    differing = (cut != cut[0]).any(1).nonzero()
    if not len(differing):
        raise ValueError(
            f"all windows of the held-back text begin with the same {count} tokens, so none can "
            "take another's place; type a longer sentence"
        )
    return _batch(run, sentence, size, count, (1, slice(None)), cut[int(differing[-1])])


def future_token(run: Run, sentence: Sentence, size: int, position: int, token: int) -> Batch:
    """The typed sentence's token at `position` ≥ 1 becomes another; those before are looked at.

    ValueError when the text is gone.
    """
    return _batch(run, sentence, size, position, (0, position), torch.tensor(token))


def _labels(look: Look, ids: Sequence[int]) -> list[str]:
    return [token_label(look.run.tokenizer.tokens[token]) for token in ids]


def _batch(
    run: Run, sentence: Sentence, size: int, upto: int, where: tuple[int, int | slice], to: Tensor
) -> Batch:
    pool, held_back = _windows(identity(run), run)
    others = pool[: size - 1, : len(sentence.ids)]
    idx = torch.cat([torch.tensor([sentence.ids]), others])
    changed = idx.clone()
    changed[where] = to
    return Batch(idx, changed, upto, pool[:size], held_back)


@st.cache_resource(max_entries=4, show_spinner=False)
def _windows(of_run: str, _run: Run) -> tuple[Tensor, Tensor]:
    """Windows to fill a batch with, and the validation windows, the first of them."""
    return company(_run, LARGEST), _run.validation_windows()[0]
