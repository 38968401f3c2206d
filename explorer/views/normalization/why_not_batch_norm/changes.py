"""The batch around the typed sentence, and what is changed in it."""

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from explorer.charts.parts.labels import running
from explorer.data import losses
from explorer.data.leak import Batch, pool
from explorer.visit.moment import Moment, labels_of
from explorer.visit.page import plain
from explorer.visit.sentence import Sentence
from explorer.visit.sentence import sentence as sentence_of
from explorer.visit.widgets import one_of
from model_core.labels import whole_characters


def put_beside(moment: Moment, sentence: Sentence, other: str) -> tuple[Batch, str]:
    """The typed sentence alone, then beside another one; with it, the beginning of the result.

    Alone it stands beside a copy of itself: a copy adds nothing to a mean or a variance, and both
    batches have one shape. The other is repeated, or cut, to as many tokens.
    """
    own, beside = torch.tensor([sentence.ids]), other_tokens(moment, sentence, other)
    batch = _batch(moment, own.repeat(2, 1), torch.cat([own, beside[None]]), len(sentence.ids))
    return batch, "Beside another sentence, instead of alone, yours"


def other_tokens(moment: Moment, sentence: Sentence, other: str) -> Tensor:
    """As many tokens of the other sentence as the typed one has: (T,)."""
    return torch.tensor(np.resize(sentence_of(moment.run, other).ids, len(sentence.ids)))


def first_other(moment: Moment, sentence: Sentence) -> str:
    """A window of the held-back text; ValueError where that is gone."""
    window = moment.run.tokenizer.decode(_company(moment, sentence)[0].tolist())
    return " ".join(whole_characters(window).split())  # on one line


def replace_sentence(moment: Moment, sentence: Sentence, size: int) -> tuple[Batch, str]:
    """Sentence 1 of the batch is replaced whole; with it, the beginning of the result in words.

    ValueError when that cannot be, with the words to show.
    """
    batch = another_sentence(moment, sentence, size)
    was, now = (
        running(labels_of(moment.run, idx[1].numpy())) for idx in (batch.idx, batch.changed)
    )
    others = "sentence 1 is" if size == 2 else f"sentences 1 to {size - 1} are"
    st.caption(
        f"Your sentence is sentence 0; {others} cut from the text held back from training, to as "
        f"many tokens. Sentence 1 was {plain(f'“{was}”')} and became {plain(f'“{now}”')}."
    )
    return batch, "You changed sentence 1 of the batch. Your sentence"


def replace_token(moment: Moment, sentence: Sentence, size: int) -> tuple[Batch, str]:
    """A token of the typed sentence that the reader chooses becomes another; as above."""
    count = len(sentence.ids)
    if count < 2:
        raise ValueError("a sentence of one token has no future; type a longer one")
    position = one_of(
        st.selectbox,
        "normalization.leak.token",
        "Token that is changed",
        range(count - 1, 0, -1),
        format_func=lambda one: f"{one}: '{sentence.labels[one]}'",
    )
    tokens = [token for token in moment.rows.tolist() if token != sentence.ids[position]]
    if not tokens:
        raise ValueError("this model knows a single token, so none can become another")
    token = one_of(
        st.selectbox,
        "normalization.leak.becomes",
        "It becomes",
        tokens,
        of_run=True,
        format_func=lambda one: _label(moment, one),
    )
    batch = future_token(moment, sentence, size, position, token)
    was, now = sentence.labels[position], _label(moment, token)
    changed = plain(f"You changed token {position} of your sentence, '{was}', into '{now}'.")
    return batch, f"{changed} What stands before it"


def another_sentence(moment: Moment, sentence: Sentence, size: int) -> Batch:
    """Sentence 1 of `size` ≥ 2 is replaced; ValueError when no window differs or the text is gone.

    The others are windows of the held-back text, as long as the typed sentence.
    """
    count = len(sentence.ids)
    cut = _company(moment, sentence)
    differing = (cut != cut[0]).any(1).nonzero()
    if not len(differing):
        raise ValueError(
            f"all windows of the held-back text begin with the same {count} tokens, so none can "
            "take another's place; type a longer sentence"
        )
    idx = _texts(moment, sentence, size)
    changed = idx.clone()
    changed[1] = cut[int(differing[-1])]
    return _batch(moment, idx, changed, count)


def future_token(moment: Moment, sentence: Sentence, size: int, position: int, token: int) -> Batch:
    """The typed sentence's token at `position` ≥ 1 becomes another; those before are compared.

    ValueError when the text is gone.
    """
    idx = _texts(moment, sentence, size)
    changed = idx.clone()
    changed[0, position] = token
    return _batch(moment, idx, changed, position)


def _label(moment: Moment, token: int) -> str:
    return labels_of(moment.run, np.array([token]))[0]


def _texts(moment: Moment, sentence: Sentence, size: int) -> Tensor:
    """The typed sentence and `size` - 1 windows beside it: (size, T)."""
    return torch.cat([torch.tensor([sentence.ids]), _company(moment, sentence)[: size - 1]])


def _batch(moment: Moment, idx: Tensor, changed: Tensor, upto: int) -> Batch:
    return Batch(idx, changed, upto, pool(moment)[: len(idx)], losses.windows(moment))


def _company(moment: Moment, sentence: Sentence) -> Tensor:
    """Windows as long as the typed sentence: those that are the same text come last."""
    cut = pool(moment)[:, : len(sentence.ids)]
    same = (cut == torch.tensor(sentence.ids)).all(1)
    return torch.cat([cut[~same], cut[same]])
