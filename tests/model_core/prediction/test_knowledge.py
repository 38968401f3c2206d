"""What a model knows of its text: each number again from strings, one position at a time."""

import re
from collections import Counter, defaultdict
from functools import partial

import numpy as np
import pytest
import torch

from model_core.prediction.knowledge import (
    CELLS,
    COUNTED,
    Asked,
    Known,
    asked,
    followers,
    known,
    learned_since,
    read_knowledge,
)
from model_core.runs import Run
from model_core.runs.history import History
from model_core.tokenizers import train_tokenizer


@pytest.fixture(scope="module")
def read(recorded: Run) -> tuple[Asked, Known]:
    split = recorded.split()
    of = asked(split.train, split.validation, recorded.tokenizer.tokens, 8)
    sight = partial(read_knowledge, targets=of.targets, shares=of.shares)
    seen = History().read(recorded, recorded.steps, sight, of.ids)
    return of, known(seen["cross"], seen["right"], of)


def test_divergences_are_those_of_counts_in_the_text(
    recorded: Run, read: tuple[Asked, Known]
) -> None:
    of, found = read
    text = recorded.tokenizer.decode(recorded.split().train.tolist())
    tokens = recorded.tokenizer.tokens

    def share(context: str) -> np.ndarray:
        after = Counter(
            text[at + len(context)]
            for at in range(len(text) - len(context))
            if text.startswith(context, at)
        )
        return np.array([after[token] for token in tokens]) / after.total()

    cached = {
        context: share(context)
        for context in {text[:0], *text, *(text[at : at + 2] for at in range(len(text) - 1))}
    }
    model = recorded.model_at(int(recorded.steps[-1])).double()
    with torch.no_grad():
        expected = model(of.ids)[0].softmax(-1).numpy()
    sums, count = np.zeros(4), 0
    for window, ids in enumerate(of.ids.tolist()):
        read_ = recorded.tokenizer.decode(ids)
        for at in range(1, len(ids)):
            pair = read_[at - 1 : at + 1]
            enough = sum(text.startswith(pair, one) for one in range(len(text) - 2)) >= COUNTED
            assert of.counted[window, at] == enough
            if not enough:
                continue
            count += 1
            guesses = [
                np.full(len(tokens), 1 / len(tokens)),
                *(cached[pair[n:]] for n in (2, 1, 0)),
            ]
            for n, q in enumerate(guesses):
                some = q > 0
                sums[n] += (q[some] * np.log(q[some] / expected[window, at, some])).sum()
    assert not of.counted[:, 0].any()
    np.testing.assert_allclose(found.divergence[-1], sums / count, rtol=1e-4)


def test_a_word_is_right_where_every_letter_is_that_its_beginning_leaves(
    recorded: Run, read: tuple[Asked, Known]
) -> None:
    of, found = read
    lexicon = set(re.findall(r"\w+", recorded.text))
    right_of: dict[int, list[bool]] = defaultdict(list)
    model = recorded.model_at(int(recorded.steps[-1])).double()
    with torch.no_grad():
        likeliest = model(of.ids)[0].argmax(-1)
    for window in range(len(of.ids)):
        text = recorded.tokenizer.decode([*of.ids[window].tolist(), int(of.targets[window, -1])])
        for at in range(len(of.ids[window])):
            number = of.word[window, at]
            if number < 0:
                continue
            begun = re.search(r"\w+$", text[: at + 1])
            assert begun is not None
            left = {word[len(begun[0]) :][:1] for word in lexicon if word.startswith(begun[0])}
            assert left == {text[at + 1]}
            right_of[number].append(bool(likeliest[window, at] == of.targets[window, at]))
    assert len(right_of) == of.word.max() + 1 > 10
    assert found.spelled[-1] == pytest.approx(np.mean([all(one) for one in right_of.values()]))


def test_beginnings_of_words_leave_what_follows_them() -> None:
    tokenizer = train_tokenizer("the then, tea.", "character")
    after = followers(np.array(tokenizer.encode("the then, tea.")), tokenizer.tokens)
    said = {
        tokenizer.decode(begun): {None if one is None else tokenizer.tokens[one] for one in left}
        for begun, left in after.items()
    }
    assert said == {
        "t": {"h", "e"},
        "th": {"e"},
        "the": {"n", None},
        "then": {None},
        "te": {"a"},
        "tea": {None},
    }


def test_a_model_that_is_no_numbers_knows_nothing(read: tuple[Asked, Known]) -> None:
    of, _ = read
    cross = np.full((1, 4, *of.ids.shape), np.nan)
    divergence, spelled = known(cross, np.ones((1, *of.ids.shape)), of)
    assert np.isnan(divergence).all() and np.isnan(spelled).all()


def test_a_share_is_learned_where_it_and_the_mean_from_there_on_are_above() -> None:
    assert learned_since(np.array([0, 1, 0.5, 1, 1]), 0.9) == 3
    assert learned_since(np.array([0, 1, 0.8, 1, 1]), 0.9) == 1  # 0.95 in the mean
    assert learned_since(np.array([0.0, 1, 0.9]), 0.9) == 1
    assert learned_since(np.array([1, 1, 0.0]), 0.9) is None
    assert learned_since(np.array([1, 1, np.nan]), 0.9) is None


def test_a_large_vocabulary_has_shorter_windows_and_no_more_cells() -> None:
    vocab = CELLS // 16
    ids = torch.arange(400)
    read = asked(ids, ids, [str(one) for one in range(vocab)], 64)
    assert read.ids.shape == (1, 16) and read.shares.shape == (3, 1, 16, vocab)
