"""Variants of a run: equal but for their norm, found again by what they are, worth comparing."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from model_core.model import BigramLanguageModel
from model_core.normalization import length_losses, norm_statistics, read_scales
from model_core.norms import KINDS
from model_core.runs import Plan, Run, list_runs, read_metrics
from model_core.training.families import plan_of
from model_core.training.loop import train
from model_core.training.pace import training_seconds
from model_core.training.presets import PRESETS, create_from_preset, plan
from model_core.training.trainer import Trainer
from model_core.training.turns import only_trainer
from model_core.training.variants import (
    COMPARISONS,
    VARIANTS,
    create_variants,
    plan_for,
    siblings,
    variant_name,
)
from tests.support.refusals import refusal
from tests.support.runs import TINY, new_run

OTHERS = list(VARIANTS)[1:]


@pytest.fixture(scope="module")
def tiny() -> Plan:
    return plan("quick-brown-fox", TINY)


@pytest.fixture
def folder(tmp_path: Path, tiny: Plan) -> Path:
    create_variants(tmp_path / "runs", "fox", tiny, VARIANTS)
    return tmp_path / "runs"


def trainer(like: Plan, variant: str) -> Trainer:
    config = like.model_config.replaced(**VARIANTS[variant]._asdict())
    ids = torch.tensor(like.tokenizer.encode(like.text))
    return Trainer(config, like.training_config, ids)


def drawn(one: Trainer, steps: int = 3) -> list[torch.Tensor]:
    """What the first batches of a training read."""
    batches: list[torch.Tensor] = []
    hook = one.model.register_forward_pre_hook(lambda _, inputs: batches.append(inputs[0].clone()))
    for _ in range(steps):
        one.compute_gradients()
        one.update()
    hook.remove()
    return batches


@pytest.mark.parametrize("variant", OTHERS)
def test_all_start_from_the_same_weights_and_draw_the_same_batches(
    tiny: Plan, variant: str
) -> None:
    bare, normed = trainer(tiny, "none"), trainer(tiny, variant)
    weights = normed.model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in bare.model.state_dict().items())
    assert all(".ln" in name or "ln_f" in name for name in weights.keys() - bare.model.state_dict())
    pairs = zip(drawn(bare), drawn(normed), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_without_a_norm_before_and_behind_are_one_function(tiny: Plan) -> None:
    ids = torch.tensor([tiny.tokenizer.encode("the lazy")])
    logits = []
    for position in ("pre", "post"):
        torch.manual_seed(0)
        config = tiny.model_config.replaced(norm="none", norm_position=position)
        logits.append(BigramLanguageModel(config)(ids)[0])
        assert variant_name(config) == "none"
    assert torch.equal(*logits)


def test_variants_keep_their_numbers_which_stand_in_addresses() -> None:
    first = ["none", "layer-pre", "layer-post", "batch-pre", "batch-post", "rms-pre", "rms-post"]
    assert list(VARIANTS)[: len(first)] == first


def test_seven_variants_become_runs_that_differ_in_their_norm_alone(
    folder: Path, tiny: Plan
) -> None:
    assert len(VARIANTS) == 2 * len(KINDS) - 1
    assert sorted(list_runs(folder)) == sorted(f"fox-{variant}" for variant in VARIANTS)
    for variant in VARIANTS:
        run = Run.open(folder / f"fox-{variant}")
        assert variant_name(run.model_config) == variant
        assert plan_of(run).model_config.replaced(norm="layer", norm_position="pre") == (
            tiny.model_config
        )
        assert (run.training_config, run.text) == (tiny.training_config, tiny.text)


def test_what_is_there_is_kept_and_a_name_taken_by_another_run_gets_a_number(
    tmp_path: Path, tiny: Plan
) -> None:
    new_run(tmp_path / "fox-none", steps=31)  # another family
    made = create_variants(tmp_path, "fox", tiny, ["none", "rms-post"])
    assert [path.name for path in made] == ["fox-none-2", "fox-rms-post"]
    assert create_variants(tmp_path, "other", tiny, ["none", "rms-post"]) == made
    long = create_variants(tmp_path, "x" * 64, tiny, ["batch-post"])
    assert long == [tmp_path / f"{'x' * 48}-batch-post"]
    said = refusal(create_variants, tmp_path, "fox", tiny, ["group-pre"])
    assert "none, layer-pre" in said and "'group-pre'" in said


def test_where_one_variant_cannot_be_trained_none_is_made(tmp_path: Path) -> None:
    like = plan("quick-brown-fox", TINY | {"n_embd": 1, "n_head": 1, "norm": "none"})
    said = refusal(create_variants, tmp_path, "fox", like, ["none", "rms-pre", "layer-pre"])
    assert said.startswith("n_embd=1 with layer norm learns nothing there")
    assert list(tmp_path.iterdir()) == []


def test_siblings_are_told_from_what_runs_are_made_from(folder: Path, tiny: Plan) -> None:
    everything = {variant: folder / f"fox-{variant}" for variant in VARIANTS}
    run = Run.open(folder / "fox-batch-post")
    assert siblings([folder], run) == siblings([folder], tiny) == everything
    assert list(siblings([folder], run)) == list(VARIANTS)
    assert siblings([folder], plan("quick-brown-fox", TINY | {"seed": 1})) == {}


DIFFERENT: dict[str, Callable[[Path], object]] = {
    "seed": lambda path: new_run(path, seed=1),
    "size": lambda path: new_run(path, n_layer=1),
    "tokens": lambda path: new_run(path, tokenizer="word", block_size=8),
    "damaged": lambda path: (
        shutil.copytree(path.parent / "fox-none", path)
        and (path / "run.json").write_text('{"corpus": 1}')
    ),
}


@pytest.mark.parametrize("make", DIFFERENT.values(), ids=DIFFERENT)
def test_a_run_that_differs_in_anything_else_is_no_sibling(
    folder: Path, make: Callable[[Path], object]
) -> None:
    run = Run.open(folder / "fox-layer-pre")
    make(folder / "zebra")
    assert folder / "zebra" not in siblings([folder], run).values()
    assert len(siblings([folder], run)) == len(VARIANTS)


def test_the_newest_of_a_variant_counts_but_the_run_asked_about_always(
    tmp_path: Path, folder: Path
) -> None:
    new_run(folder / "newer", norm="rms")
    run, newer = Run.open(folder / "fox-rms-pre"), Run.open(folder / "newer")
    assert siblings([folder], Run.open(folder / "fox-none"))["rms-pre"] == newer.path
    assert siblings([folder], run)["rms-pre"] == run.path
    shipped = tmp_path / "shipped"
    new_run(shipped / "newer", norm="rms")
    assert siblings([shipped, folder], Run.open(folder / "fox-none"))["rms-pre"] == newer.path


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_says_what_it_shows_and_takes_less_than_a_minute(name: str) -> None:
    comparison = COMPARISONS[name]
    assert comparison.name == name
    assert comparison.says.endswith(".") and len(comparison.says) <= 100
    assert comparison.preset in PRESETS and set(comparison.variants) <= set(VARIANTS)
    assert len(comparison.variants) * training_seconds(plan_for(comparison)) < 60


# --- what the comparisons promise -----------------------------------------------------------------


def compared(folder: Path, name: str, variants: Sequence[str] = ()) -> dict[str, Run]:
    """The runs of a comparison, or some of its variants, trained to their end."""
    comparison = COMPARISONS[name]
    wanted = variants or comparison.variants
    for path in create_variants(folder, name, plan_for(comparison), wanted):
        with only_trainer(path):
            train(path)
    found = siblings([folder], plan_for(comparison))
    return {variant: Run.open(path) for variant, path in found.items()}


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return compared(tmp_path_factory.mktemp("deep"), "deep")


@pytest.mark.slow
def test_at_first_the_residual_stream_is_over_100_times_larger_without_a_norm(
    deep: dict[str, Run],
) -> None:
    windows, _ = deep["none"].validation_windows()
    final = {
        name: norm_statistics(deep[name].model_at(0), windows)["std_in"].iloc[-1]
        for name in ("none", "layer-pre")
    }
    assert final["none"] > 100 * final["layer-pre"]
    ids = windows[0]
    in_training = {
        name: read_scales(run.model_at(0), ids)["scale"][-1] for name, run in deep.items()
    }
    assert in_training["none"] > 100 * in_training["batch-pre"]


@pytest.mark.slow
def test_without_a_norm_it_diverges_says_so_and_every_snapshot_opens(deep: dict[str, Run]) -> None:
    run = deep["none"]
    assert run.status.state == "diverged"
    assert 0 < run.status.step < run.training_config.steps
    assert f"step {run.status.step:,}" in run.status.words
    assert run.steps[-1] == run.status.step
    assert run.damaged == []
    assert sum(1 for _ in run.models(run.steps)) == len(run.steps) >= 3
    assert read_metrics(run.path)[-1]["train_loss"] is None


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["layer-pre", "batch-pre"])
def test_with_a_norm_the_same_settings_train_on(deep: dict[str, Run], variant: str) -> None:
    run = deep[variant]
    assert run.status.state == "finished"
    losses = run.metrics()["train_loss"]
    assert np.isfinite(losses).all()
    assert losses.iloc[-1] < losses.iloc[0] - 1


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Batch norm trained in small and in large batches."""
    folder = tmp_path_factory.mktemp("batches")
    names = ("small-batch", "large-batch")
    return {name: compared(folder, name, ["batch-pre"])["batch-pre"] for name in names}


def gap(run: Run) -> float:
    """What evaluation adds to the loss of training mode, mean over the second half of training.

    One step alone tells little: running averages of small batches sway.
    """
    config, validation = run.training_config, run.split().validation
    late = run.steps[run.steps >= config.steps // 2]
    losses = [
        length_losses(model, validation, config.batch_size, (run.model_config.block_size,))
        for model in run.models(late)
    ]
    as_in_training, evaluated = np.mean(losses, axis=0)[:, 0]
    return float(evaluated - as_in_training)


@pytest.mark.slow
def test_batch_norm_of_small_batches_loses_in_evaluation(batches: dict[str, Run]) -> None:
    assert gap(batches["small-batch"]) == pytest.approx(0.19, abs=0.04)


def test_layer_norm_of_small_batches_loses_nothing(tmp_path: Path) -> None:
    """It computes the same in both modes: few steps tell as much as many."""
    small = COMPARISONS["small-batch"]
    create_from_preset(tmp_path / "few", small.preset, {**small.changes, "steps": 200})
    with only_trainer(tmp_path / "few"):
        train(tmp_path / "few")
    run = Run.open(tmp_path / "few")
    assert variant_name(run.model_config) == "layer-pre"
    assert gap(run) == 0


@pytest.mark.slow
def test_with_large_batches_that_is_gone(batches: dict[str, Run]) -> None:
    assert abs(gap(batches["large-batch"])) < 0.02
