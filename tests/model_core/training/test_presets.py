"""Every preset shows what it promises, `exploding` in test_variants; most of these train it."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model_core import corpora
from model_core.attention import attend
from model_core.model import BigramLanguageModel
from model_core.prediction.cloze import continuations, read_continuations, story_items
from model_core.prediction.knowledge import asked, known, learned_since, read_knowledge
from model_core.runs import Run
from model_core.runs.history import History
from model_core.runs.snapshots import snapshot_path
from model_core.training.loop import train
from model_core.training.presets import PRESETS, create_from_preset, example_sentence, plan
from model_core.training.recording import snapshot_bytes
from tests.support.refusals import refusal


def trained(path: Path, preset: str, **changes: Any) -> Run:
    create_from_preset(path, preset, changes)
    train(path)
    return Run.open(path)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_it_shows_and_its_example_can_be_typed(
    tmp_path: Path, name: str
) -> None:
    preset = PRESETS[name]
    create_from_preset(tmp_path / "run", name, {})
    run = Run.open(tmp_path / "run")
    assert preset.name == name
    assert preset.says.endswith(".")
    assert len(preset.says) <= 100
    assert run.tokenizer.decode(run.tokenizer.encode(preset.example)) == preset.example
    assert len(run.tokenizer.encode(preset.example)) <= run.model_config.block_size + 9
    assert run.corpus == preset.corpus
    assert run.text == corpora.built_in_text(preset.corpus)


def test_a_preset_knows_all_that_english_is_typed_with_and_a_text_of_ones_own_its_letters() -> None:
    for name, preset in PRESETS.items():
        tokens = set(plan(name, {}).tokenizer.tokens)
        assert (set(corpora.PRINTABLE) <= tokens) == (name != "quick-brown-fox"), name
        assert tokens == set(corpora.built_in_text(preset.corpus)) | set(preset.alphabet)
    assert set(plan("stories", {}, "a short text " * 9).tokenizer.tokens) == set("a short text ")


def test_a_preset_can_read_another_corpus() -> None:
    made = plan("exploding", {"corpus": "python-docs-short"})
    assert (made.corpus, made.text) == (
        "python-docs-short",
        corpora.built_in_text("python-docs")[: corpora.SHORT],
    )


def test_examples_follow_the_corpus_or_the_first_line_of_a_text() -> None:
    assert example_sentence("quick-brown-fox", "") == corpora.SENTENCE
    assert example_sentence("own-text", "\n first line\nsecond") == "first line"
    assert example_sentence("own-text", "x" * 100) == "x" * 60
    assert example_sentence("own-text", "whole words " * 9) == "whole words " * 4 + "whole words"


def test_an_unknown_preset_is_refused_with_those_there_are(tmp_path: Path) -> None:
    words = refusal(create_from_preset, tmp_path / "run", "fox", {})
    assert all(name in words for name in PRESETS)


# --- quick-brown-fox -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fox_has_the_promised_sizes_and_is_learned_by_heart(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "quick-brown-fox")
    assert run.model_config.vocab_size == 27
    assert run.token_embeddings().shape[1:] == (27, 5)
    assert run.position_embeddings().shape[1:] == (41, 5)
    table = run.metrics()
    assert table["train_loss"].iloc[0] > 2.5
    assert table["train_loss"].iloc[-1] < 0.1
    assert table["sample"].iloc[-1].startswith("Quick brown fox jumped over the lazy dog.")
    size = snapshot_path(run.path, 0).stat().st_size
    assert abs(snapshot_bytes(run.model_config) - size) < 4000


# --- python-docs ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_python_docs_come_below_two_nats_within_500_steps(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "python-docs", steps=500, snapshots=5)
    losses = run.metrics()["val_loss"]
    assert losses.iloc[0] > 4
    assert losses.iloc[-1] < 2.0
    assert PRESETS["python-docs"].training["steps"] >= 500


# --- stories -------------------------------------------------------------------------------------

STORY = re.compile(
    r"(?P<name>\w+) had a (?P<color>\w+) (?P<toy>\w+)\. One (?P<weather>\w+) day (?P<pronoun>\w+) "
    r"went to the (?P<place>\w+)\. A (?P<animal>\w+) came and (?P<sound>\w+)\. "
    r"(?P<name2>\w+) gave the (?P<animal2>\w+) the (?P<color2>\w+) (?P<toy2>\w+)\."
)
PRONOUNS = {"Mia": "she", "Tom": "he", "Ana": "she", "Ben": "he", "Zoe": "she", "Max": "he"}
SOUNDS = {"dog": "barked", "cat": "meowed", "cow": "mooed", "duck": "quacked"}
WEATHER = {"park": "sunny", "lake": "windy", "hill": "snowy", "garden": "rainy"}


def told(text: str) -> list[dict[str, str]]:
    """The parts of every story; each line must be one."""
    matches = [STORY.fullmatch(line) for line in text.splitlines()]
    return [match.groupdict() for match in matches if match]


def test_every_story_keeps_every_rule() -> None:
    text = corpora.built_in_text("stories")
    stories = told(text)
    assert len(stories) == len(text.splitlines()) == 6000
    for story in stories:
        assert story["pronoun"] == PRONOUNS[story["name"]]
        assert story["sound"] == SOUNDS[story["animal"]]
        assert story["weather"] == WEATHER[story["place"]]
        for part in ("name", "animal", "color", "toy"):
            assert story[part] == story[part + "2"]


def test_what_no_rule_decides_is_spread_evenly() -> None:
    stories = told(corpora.built_in_text("stories"))
    for part, kinds in (("name", 6), ("animal", 4), ("place", 4), ("color", 4), ("toy", 4)):
        counts = np.unique([story[part] for story in stories], return_counts=True)[1]
        assert len(counts) == kinds
        np.testing.assert_allclose(counts / 6000, 1 / kinds, atol=0.03)


@pytest.mark.slow
def test_stories_are_spelled_before_she_and_he_are_told_apart(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "stories", steps=300, snapshots=16)
    losses = run.metrics()["val_loss"]
    assert losses.iloc[0] > 3
    assert losses.iloc[-1] < 1.0  # letters alone have about 2.9, pairs of letters 1.9
    split, tokenizer, size = run.split(), run.tokenizer, run.model_config.block_size
    of = asked(split.train, split.validation, tokenizer.tokens, size)
    sight = partial(read_knowledge, targets=of.targets, shares=of.shares)
    seen = History().read(run, run.steps, sight, of.ids)
    spelled = learned_since(known(seen["cross"], seen["right"], of).spelled, 0.9)
    (pronouns, *_) = story_items(run.text).values()
    items = continuations(pronouns, tokenizer, size)
    sight = partial(read_continuations, targets=items.targets, counted=items.counted)
    right = History().read(run, run.steps, sight, items.ids)["right"].mean(1)
    told_apart = learned_since(right, 0.9)
    assert spelled is not None
    assert told_apart is None or spelled < told_apart, (run.steps, right)


# --- induction -----------------------------------------------------------------------------------


def head_means(model: BigramLanguageModel, encode: Callable[[str], list[int]]) -> np.ndarray:
    """Weight on the previous token and on the induction position, averaged: (2, L, H).

    Over 20 sequences of ten different letters written twice; at a letter of the second writing,
    induction reads the one that followed it in the first.
    """
    draw = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    means = []
    for _ in range(20):
        word = "".join(draw.choice(letters, 10, replace=False))
        weights = attend(model, torch.tensor(encode(word * 2))).weights
        second = np.arange(10, 20)
        means.append([weights[..., second, second - past].mean(-1) for past in (1, 9)])
    return np.mean(means, axis=0)


@pytest.mark.slow
def test_induction_grows_a_previous_token_head_and_an_induction_head(induction: Run) -> None:
    assert induction.training_config.steps == 500
    untrained, learned = (
        head_means(induction.model_at(step), induction.tokenizer.encode)
        for step in induction.steps[[0, -1]]
    )
    assert untrained.max() < 0.3
    previous, after_repeat = learned
    assert previous[0].max() > 0.5
    assert after_repeat[1].max() > 0.5


def test_induction_lines_repeat_words_of_different_letters() -> None:
    text = corpora.built_in_text("induction")
    lines = [text[start : start + 40] for start in range(0, len(text), 40)]
    assert len(lines) == 5_000
    for line in lines[:500]:
        length = line.index(line[0], 1)
        assert 3 <= length <= 8
        assert len(set(line[:length])) == length
        assert all(line[place] == line[place % length] for place in range(40))
