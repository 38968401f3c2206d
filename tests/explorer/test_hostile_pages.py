"""Runs from somebody else on every page: a sentence, no error box, and nothing from outside."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from explorer.views.attention import page as attention_page
from explorer.views.normalization import page as normalization_page
from explorer.views.tables import page as tables_page
from model_core.runs import Run
from model_core.runs.snapshots import save_snapshot, snapshot_path
from model_core.runs.tensors import unpack
from tests.support.hostile import FILES, SECRET, complete, harmed
from tests.support.pages import captions, opened, words
from tests.support.runs import recorded_run

PAGES = ("overview", "train", "tables", "drift", "attention", "normalization", "compare")
VIEWS = [
    *((page, {}) for page in PAGES),
    ("compare", {"compare.first": "fox"}),  # which differs from others in more than one setting
    *(("attention", {"attention.view": view}) for view in list(attention_page.VIEWS)[1:]),
    *(("tables", {"tables.view": view}) for view in list(tables_page.VIEWS)[1:]),
    *(("normalization", {"normalization.lab": lab}) for lab in list(normalization_page.VIEWS)[1:]),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = recorded_run(
        tmp_path_factory.mktemp("whole") / "fox", block_size=16, steps=4, snapshots=4
    )
    complete(run)
    return run


def reweighted(path: Path, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Change all weights but those of the first step, under right checksums."""
    for step in Run.open(path).steps[1:].tolist():
        stored = unpack(snapshot_path(path, step).read_bytes())
        save_snapshot(path, step, {name: change(one) for name, one in stored.items()})


def all_but_json(path: Path) -> None:
    """Everything that a run can lack is something else; what is left opens."""
    others = [name for name in FILES if name not in ("run.json", "tokenizer.json")]
    harms = ("link out", "pipe", "other type", "folder", "socket", "flipped", "link loop")
    for name, harm in zip(others, harms * 2, strict=False):
        harmed(path, name, harm)


RUNS: dict[str, tuple[Callable[[Path], object], str]] = {
    "all but its description": (
        all_but_json,
        "text.txt is a link that leads out of its folder, and is not read.",
    ),
    "not a number": (
        lambda path: reweighted(path, lambda one: one * float("nan")),
        "From step 1, up to {all} of {all} weights are NaN, infinite or above 1e18",
    ),
    "huge numbers": (
        lambda path: reweighted(path, lambda one: torch.where(one < 0, -1e38, 1e38)),
        "From step 1, up to {all} of {all} weights are NaN, infinite or above 1e18",
    ),
}


@pytest.fixture(scope="module", params=RUNS)
def hostile(
    request: pytest.FixtureRequest, whole: Run, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("hostile")
    change, said = RUNS[request.param]
    change(Path(shutil.copytree(whole.path, folder / "runs" / "fox")))
    count = sum(one.numel() for one in whole.model_at(0).parameters())
    return folder / "runs", said.format(all=f"{count:,}")


@pytest.mark.parametrize(("page", "query"), VIEWS, ids=lambda one: str(one))
def test_what_is_whole_of_a_hostile_run_is_shown_and_the_rest_is_said(
    hostile: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, page: str, query: dict[str, str]
) -> None:
    folder, said = hostile
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(folder))
    app = opened(page, run="fox", **query)
    sentences = [*words(app), captions(app).replace("\\", "")]
    assert any(said in one for one in sentences), sentences
    assert SECRET not in str(app.main)


UNREADABLE: dict[str, tuple[str, str, str]] = {
    "description in pipe": ("tokenizer.json", "pipe", "tokenizer.json is not a regular file"),
    "description too large": ("run.json", "too large", "run.json has 1,048,577 bytes, more than"),
    "description of other types": ("run.json", "other type", "run fox has format"),
    "vocabulary from outside": ("tokenizer.json", "link out", "is a link that leads out"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_run_that_does_not_open_is_said_and_hides_no_other(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    name, harm, said = UNREADABLE[case]
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path / "runs"))
    harmed(Path(shutil.copytree(whole.path, tmp_path / "runs" / "fox")), name, harm)
    app = opened(run="fox")
    (found,) = words(app)
    assert said in found
    app.selectbox(key="run").set_value("quick-brown-fox").run()
    assert not app.exception and words(app) == []


def test_a_run_of_another_model_names_what_does_not_fit(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path / "runs"))
    path = Path(shutil.copytree(whole.path, tmp_path / "runs" / "fox"))
    text = (path / "run.json").read_text()
    (path / "run.json").write_text(text.replace('"n_embd": 6', '"n_embd": 8'))
    for page in PAGES[:2]:
        assert any(
            "do not fit run.json: tokens.weight is 27×6, not 27×8" in one
            for one in words(opened(page, run="fox"))
        )
