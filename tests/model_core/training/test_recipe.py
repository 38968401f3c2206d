"""A recipe: the command that makes a run again, and whether it is the same to the bit."""

import hashlib
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from explorer.recorded.recipes import RECIPES, RECORDED
from model_core.__main__ import main
from model_core.runs import Run, create_run
from model_core.runs.status import State, write_status
from model_core.training.families import family_of
from model_core.training.recipe import first_difference, plan_again, recipe, weights_hash
from model_core.training.sweep import train_member
from tests.support.runs import new_run, recorded_run


def test_the_hash_is_of_the_weights_as_the_file_holds_them(recorded: Run) -> None:
    step = int(recorded.steps[-1])
    tensors = safetensors.numpy.load_file(recorded.path / "snapshots" / f"{step:08d}.safetensors")
    digest = hashlib.sha256()
    for name in sorted(name for name in tensors if not name.startswith(("gradient.", "update."))):
        value = tensors[name]
        kind = {"float32": "torch.float32", "int64": "torch.int64"}[str(value.dtype)]
        digest.update(f"{name} {tuple(value.shape)} {kind};".encode() + value.tobytes())
    assert weights_hash(recorded, step) == digest.hexdigest()


def test_a_recipe_followed_gives_the_same_bits_and_says_so(
    recorded: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = shlex.split(recipe(recorded).replace("\\\n", ""))
    assert words[:2] == ["driftscope", "train"]
    monkeypatch.setattr("sys.argv", ["model_core", *words[1:]])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (None, 0)
    assert "the same to the bit: weights after step 30 are" in capsys.readouterr().out
    again = Run.open(tmp_path / "runs" / "fox-again")
    assert first_difference(again, recorded) is None

    words[words.index("--seed") + 1] = "8"
    words[words.index("--run-dir") + 1] = "runs/other"
    monkeypatch.setattr("sys.argv", ["model_core", *words[1:]])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("not the same weights after step 30: ")
    assert first_difference(Run.open(tmp_path / "runs" / "other"), recorded) == 0


def test_a_run_of_ones_own_text_is_made_again_from_it(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "mine", "to be or not to be, that is the question", steps=5)
    assert "--text text.txt" in recipe(run)
    create_run(tmp_path / "again", plan_again(run))
    train_member(tmp_path / "again")
    again = Run.open(tmp_path / "again")
    assert first_difference(run, again) is None
    assert np.array_equal(run.token_embeddings(), again.token_embeddings())


@pytest.mark.parametrize("name", [one.name for one in RECIPES])
def test_each_recorded_run_has_a_recipe_that_makes_it(name: str) -> None:
    run = Run.open(RECORDED / name)
    assert family_of(plan_again(run), ()) == family_of(run, ())
    assert f"--seed {run.training_config.seed}" in recipe(run)


def test_weights_are_expected_only_of_a_run_that_has_ended(recorded: Run, tmp_path: Path) -> None:
    shutil.copytree(recorded.path, tmp_path / "fox")
    states: dict[State, bool] = {"finished": True, "stopped": False, "diverged": True}
    for state, told in states.items():
        write_status(tmp_path / "fox", replace(recorded.status, state=state))
        assert ("--expect" in recipe(Run.open(tmp_path / "fox"))) == told


def test_a_run_that_cannot_be_made_again_has_none(tmp_path: Path) -> None:
    path = new_run(tmp_path / "fox")
    described = (path / "run.json").read_text()
    (path / "run.json").write_text(described.replace('"sha256": "', '"sha256": "0', 1))
    with pytest.raises(ValueError, match="makes differently"):
        recipe(Run.open(path))
