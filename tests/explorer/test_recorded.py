"""The runs that come with the app: what they hold, what they show, and that a script makes them."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
import typer

from explorer.recorded.__main__ import main, opening_picture, record
from explorer.recorded.recipes import RECIPES, RECORDED
from explorer.server.first import picture
from explorer.visit import runs, sentence
from model_core.attention.heads import read_weights
from model_core.attention.roles import MEASURES, probe_ids, probe_scores, roles
from model_core.corpora import PRINTABLE
from model_core.projections.maps import MapFile, table_of
from model_core.runs import Run, list_runs
from model_core.runs.history import History
from model_core.training.variants import siblings, variant_name
from tests.support.pages import decoded

NAMES = [recipe.name for recipe in RECIPES]
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
ENGLISH = (
    "The quick zebra jumps over a lazy fox?",
    "Alice was beginning to get very tired of sitting.",
    "Only 42 of the 1,337 steps are shown: why?",
    "Where's Kate & Jack's XL box?",
    "Yes! It costs $5 (or so).",
)


def shipped(name: str) -> Run:
    return Run.open(RECORDED / name)


def files(folder: Path) -> dict[str, bytes]:
    every = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in every}


def test_they_are_the_recipes_and_together_at_most_12_megabytes() -> None:
    assert sorted(list_runs(RECORDED)) == sorted(NAMES)
    assert runs.run_names()[: len(NAMES)] == NAMES
    sizes = [len(data) for name in NAMES for data in files(RECORDED / name).values()]
    assert sum(sizes) <= 12e6


@pytest.mark.parametrize("name", NAMES)
def test_each_is_whole_made_from_its_recipe_and_its_maps_are_laid_out(name: str) -> None:
    run, recipe = shipped(name), BY_NAME[name]
    made = recipe.plan
    assert (run.model_config, run.training_config) == (made.model_config, made.training_config)
    assert run.tokenizer.tokens == made.tokenizer.tokens
    assert run.text == made.text
    assert run.damaged == [] and len(run.metrics()) == len(run.steps) >= 4
    assert run.status.state == ("diverged" if name == "exploding" else "finished")
    for config in recipe.maps:
        laid_out = MapFile(run.path, config).read(run.steps, table_of(run, config))
        assert laid_out is not None and laid_out.steps.tolist() == run.steps.tolist()


def test_the_script_makes_the_run_again(tmp_path: Path) -> None:
    """Of the run that takes least time: the same bytes each time, and as it was recorded.

    On a processor that rounds in another way than that one only the beginning is alike.
    """
    made, again = (made_again(tmp_path / name) for name in ("once", "again"))
    assert made == again
    stored = files(RECORDED / "exploding")
    assert plan_of(made) == plan_of(stored)
    before, after = (Run.open(folder / "exploding") for folder in (RECORDED, tmp_path / "once"))
    old_weights, weights = (run.model_at(0).state_dict() for run in (before, after))
    assert weights.keys() == old_weights.keys()
    for name, value in weights.items():
        torch.testing.assert_close(value, old_weights[name], rtol=1e-6, atol=0)
    for name in ("tokenizer.json", "text.txt"):
        assert made[name] == stored[name]
    new, old = (first_step(one) for one in (made, stored))
    assert new["train_loss"] == pytest.approx(old["train_loss"], rel=1e-4)
    assert new["val_loss"] == pytest.approx(old["val_loss"], rel=1e-4)
    assert new["grad_norm"] == pytest.approx(old["grad_norm"], rel=0.1)
    assert made == stored or new != old


def made_again(folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    record(BY_NAME["exploding"], folder)
    return files(folder / "exploding")


def first_step(files: dict[str, bytes]) -> dict[str, Any]:
    """What was measured at step 0."""
    return json.loads(files["metrics.jsonl"].splitlines()[0])


def plan_of(files: dict[str, bytes]) -> dict[str, Any]:
    """Taken out of the files: what the run is, but for the versions that made it."""
    plan = json.loads(files.pop("run.json"))
    assert plan.pop("libraries").keys() >= {"python", "torch", "numpy"}
    return plan


def test_a_name_that_no_run_has_is_said_and_nothing_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="there is no 'englsih'; there are english, quick"):
        main(["exploding", "englsih"], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_english_is_read_whole_where_the_vocabulary_has_its_letters(name: str) -> None:
    run = shipped(name)
    complete = set(PRINTABLE) <= set(run.tokenizer.tokens)
    assert complete or name == "quick-brown-fox"
    for text in ENGLISH:
        read = sentence.sentence(run, text)
        assert read.ids and not read.instead
        assert bool(read.typed) == (not complete)


def test_the_pairs_differ_in_their_norm_alone() -> None:
    for name, pair in {
        "small-batch-layer-norm": {"layer-pre", "batch-pre"},
        "exploding": {"none", "layer-pre"},
    }.items():
        assert set(siblings([RECORDED], shipped(name))) == pair


def test_small_batches_cost_batch_norm_a_tenth_of_a_nat_and_more() -> None:
    layer, batch = (shipped(f"small-batch-{norm}-norm") for norm in ("layer", "batch"))
    assert variant_name(batch.model_config) == "batch-pre"
    last = [run.metrics()["val_loss"].iloc[-1] for run in (layer, batch)]
    assert last[1] - last[0] > 0.1


def test_heads_form_in_induction_and_keep_their_roles() -> None:
    run = shipped("induction")
    probes = probe_ids(run.model_config.vocab_size, run.model_config.block_size)
    seen = History().read(run, run.steps[[0, -1]], read_weights, probes)["weights"]
    before, after = (roles(probe_scores(weights, probes)) for weights in seen)
    assert (before == -1).all()
    assert "previous token" in [MEASURES[role] for role in after[0] if role >= 0]
    assert [MEASURES[role] for role in after[1]] == ["induction"] * 4


def test_the_rows_of_english_grow_and_those_of_the_sentence_hardly() -> None:
    grown = {}
    for name in ("english", "quick-brown-fox"):
        lengths = np.linalg.norm(shipped(name).token_embeddings()[[0, -1]], axis=-1).mean(1)
        grown[name] = lengths[1] / lengths[0]
    assert grown["english"] > 5
    assert grown["quick-brown-fox"] < 2


def test_the_picture_that_the_app_opens_with_is_what_its_page_shows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    st.cache_resource.clear()  # what has been read before is drawn at all steps at once
    (now, numbers), (stored, others) = decoded(opening_picture()), decoded(picture())
    assert os.environ["DRIFTSCOPE_RUNS"] == str(tmp_path)
    ends = [header["panels"][0].pop("bounds") for header in (now, stored)]
    assert now == stored and now["alone"]
    for one, other in zip((*numbers, ends[0]), (*others, ends[1]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
