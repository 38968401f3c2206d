"""Runs beside the chosen one: opened, and opened again only when something of them has changed."""

import shutil
from pathlib import Path

from explorer.data.others import families, opened
from model_core.runs import Run
from tests.support.runs import new_run


def test_only_runs_with_a_recorded_step_are_opened(recorded: Run, tmp_path: Path) -> None:
    paths = {"new": new_run(tmp_path / "new"), "gone": tmp_path / "gone", "fox": recorded.path}
    assert list(opened(paths)) == ["fox"]
    assert list(families(paths)) == ["new", "fox"]


def test_a_run_is_opened_again_when_a_file_of_it_changes(recorded: Run, tmp_path: Path) -> None:
    paths = {"fox": Path(shutil.copytree(recorded.path, tmp_path / "fox"))}
    whole = opened(paths)["fox"]
    assert opened(paths)["fox"] is whole
    (tmp_path / "fox" / "metrics.jsonl").write_text("")
    bare = opened(paths)["fox"]
    assert bare is not whole and bare.metrics()["train_loss"].isna().all()
    last = sorted((tmp_path / "fox" / "snapshots").iterdir())[-1]
    last.write_bytes(last.read_bytes()[:-1])
    assert opened(paths)["fox"].steps.tolist() == whole.steps.tolist()[:-1]
