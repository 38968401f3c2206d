"""Cloze items: read from lines and from stories, and scored again in plain torch."""

from functools import partial

import pytest
import torch

from model_core import corpora
from model_core.prediction.cloze import (
    Item,
    continuations,
    items_of,
    log_odds,
    read_continuations,
    story_items,
    tokens_back,
)
from model_core.runs import Run
from model_core.runs.history import History
from model_core.tokenizers import train_tokenizer
from tests.support.refusals import refusal

ITEMS = [Item("the", "lazy dog", ("fox",)), Item("over the lazy", "dog", ("over", "jumped"))]


def test_lines_have_context_right_and_wrong() -> None:
    assert items_of(" One day | she | he \n\n a|b|c") == [
        Item("One day", "she", ("he",)),
        Item("a", "b", ("c",)),
    ]
    for line in ("one | two", "a | b | ", "a | b | c | d"):
        words = refusal(items_of, f"a | b | c\n{line}")
        assert words == f"line 2 is {line.strip()!r}; write context | right | wrong"


def test_continuations_that_cannot_be_compared_are_refused() -> None:
    tokenizer = train_tokenizer("she her he and all that", "character")
    assert "begins the other" in refusal(continuations, [Item("a", "he", ("her",))], tokenizer, 9)
    assert "no room" in refusal(continuations, [Item("a", "s" * 9, ("h",))], tokenizer, 9)
    assert "not in the vocabulary" in refusal(continuations, [Item("a", "x", ("h",))], tokenizer, 9)


def test_of_a_long_context_the_end_is_read() -> None:
    tokenizer = train_tokenizer("abcdefgh xy", "character")
    asked = continuations([Item("abcdefgh", "x", ("y",))], tokenizer, 5)
    assert [tokenizer.decode(row) for row in asked.ids.tolist()] == ["efgh ", "efgh "]
    assert tokenizer.decode(asked.targets[asked.counted].tolist()) == " x y"


def test_log_odds_and_what_is_right_are_those_of_each_text_by_itself(recorded: Run) -> None:
    size = recorded.model_config.block_size
    items = [item._replace(context=item.context[-3:]) for item in ITEMS]
    items[0] = items[0]._replace(right="la")
    asked = continuations(items, recorded.tokenizer, size)
    sight = partial(read_continuations, targets=asked.targets, counted=asked.counted)
    seen = History().read(recorded, recorded.steps, sight, asked.ids)
    odds = log_odds(seen["log_probability"], asked.first)
    for at, step in enumerate(recorded.steps):
        model = recorded.model_at(int(step)).double()
        for n, item in enumerate(items):
            texts = [f"{item.context} {one}" for one in (item.right, *item.wrong)]
            cut = max(map(len, texts)) - size - 1
            scores, written = [], []
            for text in texts:
                ids = torch.tensor(recorded.tokenizer.encode(text[max(cut, 0) :]))
                start = len(item.context) - max(cut, 0)
                with torch.no_grad():
                    given = model(ids[None, :-1])[0][0].log_softmax(-1)[start - 1 :]
                scores.append(given.gather(1, ids[start:, None]).sum().item())
                written.append(bool((given.argmax(1) == ids[start:]).all()))
            assert odds[at, n] == pytest.approx(scores[0] - max(scores[1:]), abs=1e-4)
            assert seen["right"][at, asked.first[n]] == written[0]


def test_items_of_stories_are_decided_by_their_rules() -> None:
    text = corpora.stories(40)
    items = story_items(text, 30)
    assert all(len(of_rule) == 30 for of_rule in items.values())
    for item in items["pronoun by name"]:
        assert item.right == corpora.PRONOUNS[item.context.split()[0]]
    for item in items["sound by animal"]:
        assert item.right == corpora.SOUNDS[item.context.split()[-3]]
    for item in items["place by weather"]:
        assert corpora.WEATHER[item.right] == item.context.split()[-6]
    for item in items["remembered color"]:
        assert item.right == item.context.split()[3]
        assert f"{item.context} {item.right}" in text


def test_a_color_stands_as_far_back_as_it_is_written() -> None:
    tokenizer = train_tokenizer("a red ball, the red", "character")
    assert tokens_back(Item("a red ball, the", "red"), tokenizer) == len("red ball, the")
    assert tokens_back(Item("red", "red"), tokenizer) == 3
