"""Reading with many steps at once says what each step's model says alone."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model_core.attention.heads import attend, read_weights
from model_core.model import BigramLanguageModel
from model_core.normalization import read_distributions, read_layers
from model_core.norms import KINDS
from model_core.runs import Run, history
from model_core.runs.history import History, Reader
from model_core.runs.snapshots import load_snapshot, snapshot_path
from tests.support.refusals import refusal
from tests.support.runs import recorded_run

IDS = torch.tensor([3, 0, 3, 3, 11, 26, 5])


def read_logits(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    return {"logits": model(ids)[0]}


@pytest.mark.parametrize("position", ["pre", "post"])
@pytest.mark.parametrize("norm", KINDS)
def test_every_step_reads_as_its_model_alone(tmp_path: Path, norm: str, position: str) -> None:
    run = recorded_run(tmp_path / "fox", norm=norm, norm_position=position)
    seen = History().read(run, run.steps, read_weights, IDS[None])["weights"][:, 0]
    logits = History().read(run, run.steps, read_logits, IDS.expand(3, 7))["logits"]
    norms = History().read(run, run.steps, read_layers, IDS)
    norms |= History().read(run, run.steps, read_distributions, IDS)
    for at, step in enumerate(run.steps):
        model = run.model_at(int(step))
        np.testing.assert_allclose(seen[at], attend(model, IDS).weights, atol=1e-6)
        with torch.inference_mode():
            expected = model(IDS.expand(3, 7))[0]
            alone = read_layers(model, IDS) | read_distributions(model, IDS)
        np.testing.assert_allclose(logits[at], expected, rtol=1e-5, atol=1e-5)
        for name, values in alone.items():
            np.testing.assert_allclose(norms[name][at], values, rtol=1e-5, atol=1e-6)


def test_a_model_without_layers_is_read_too(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "fox", n_layer=0)
    seen = History().read(run, run.steps, read_logits, IDS[None])["logits"]
    expected = run.model_at(30)(IDS[None])[0].detach()
    np.testing.assert_allclose(seen[-1], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "cells", "stacked"), [(3, 2**24, 2**26), (32, 1, 2**26), (4, 588, 1), (32, 588, 10**5)]
)
def test_any_partition_of_the_steps_gives_the_same(
    recorded: Run, monkeypatch: pytest.MonkeyPatch, rows: int, cells: int, stacked: int
) -> None:
    whole = History().read(recorded, recorded.steps, read_weights, IDS[None])["weights"]
    monkeypatch.setattr(history, "ROWS", rows)
    monkeypatch.setattr(history, "CELLS", cells)
    monkeypatch.setattr(history, "STACKED", stacked)
    parts = History().read(recorded, recorded.steps, read_weights, IDS[None])["weights"]
    np.testing.assert_allclose(parts, whole, atol=1e-7)


def test_a_reduction_sees_every_step_once(recorded: Run) -> None:
    def largest(seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"largest": seen["weights"].max((-1, -2))}

    whole = History().read(recorded, recorded.steps, read_weights, IDS[None])["weights"]
    less = History().read(recorded, recorded.steps, read_weights, IDS[None], reduce=largest)
    assert list(less) == ["largest"]
    np.testing.assert_array_equal(less["largest"], whole.max((-1, -2)))


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps whose snapshots are read from disk from now on."""
    read: list[int] = []

    def load(folder: Path, step: int) -> dict[str, Tensor]:
        read.append(step)
        return load_snapshot(folder, step)

    monkeypatch.setattr("model_core.runs.run.load_snapshot", load)
    return read


def test_weights_are_read_once_while_there_is_room(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counting(monkeypatch)
    roomy, none = History(), History(limit=0)
    for _ in range(2):
        roomy.read(recorded, recorded.steps, read_weights, IDS[None])
    assert read == recorded.steps.tolist()
    for _ in range(2):
        none.read(recorded, recorded.steps, read_weights, IDS[None])
    assert read == recorded.steps.tolist() * 3


def test_another_run_in_the_same_place_is_read_anew(tmp_path: Path) -> None:
    kept = History()
    first = recorded_run(tmp_path / "fox")
    before = kept.read(first, first.steps, read_weights, IDS[None])["weights"]
    shutil.rmtree(first.path)
    second = recorded_run(tmp_path / "fox", seed=7)
    after = kept.read(second, second.steps, read_weights, IDS[None])["weights"]
    assert not np.allclose(before[0], after[0])
    np.testing.assert_allclose(after[-1], attend(second.model_at(30), IDS).weights[None], atol=1e-6)


def test_a_reader_of_a_growing_run_reads_only_what_is_new(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counting(monkeypatch)
    reader = Reader(History(limit=0), read_weights, IDS[None])
    steps = recorded.steps
    reader.at(recorded, steps[:4])
    grown = reader.at(recorded, steps)["weights"]
    assert read == steps.tolist()
    fewer = reader.at(recorded, steps[[1, 4, 5]])["weights"]
    assert read == steps.tolist()
    whole = History().read(recorded, steps, read_weights, IDS[None])["weights"]
    np.testing.assert_allclose(grown, whole, atol=1e-7)
    np.testing.assert_array_equal(fewer, grown[[1, 4, 5]])


def test_steps_asked_for_later_stand_in_their_order(recorded: Run) -> None:
    reader = Reader(History(), read_weights, IDS[None])
    steps = recorded.steps
    reader.at(recorded, steps[::2])
    seen = reader.at(recorded, steps)["weights"]
    whole = History().read(recorded, steps, read_weights, IDS[None])["weights"]
    np.testing.assert_allclose(seen, whole, atol=1e-7)


def test_what_was_seen_cannot_change(recorded: Run) -> None:
    reader = Reader(History(), read_weights, IDS[None])
    for steps in (recorded.steps[:3], recorded.steps):
        seen: Any = reader.at(recorded, steps)["weights"]
        with pytest.raises(ValueError, match="read-only"):
            seen[0] = 0


def test_a_damaged_step_is_named(recorded: Run, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(recorded.path, tmp_path / "fox"))
    steps = run.steps
    path = snapshot_path(run.path, int(steps[2]))
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    words = refusal(History().read, run, steps, read_weights, IDS[None])
    assert words == f"the snapshot of step {steps[2]} is missing or damaged"
