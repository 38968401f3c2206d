"""What tests share: a small recorded run, a way to make others, and waiting without sleeping."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from model_core.runs import Run, read_metrics
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer

TINY: dict[str, Any] = {
    "block_size": 8,
    "n_embd": 6,
    "n_head": 2,
    "n_layer": 2,
    "batch_size": 4,
    "steps": 30,
    "snapshots": 10,
    "threads": 1,
}


def new_run(path: Path, **changes: Any) -> Path:
    """A run directory of a tiny model, not trained yet."""
    create_from_preset(path, "quick-brown-fox", TINY | changes)
    return path


def recorded_run(path: Path, **changes: Any) -> Run:
    """A tiny run, trained in this process to its end."""
    new_run(path, **changes)
    with only_trainer(path):
        train(path)
    return Run.open(path)


def history(folder: Path) -> dict[str, Any]:
    """All that was recorded and must repeat to the bit: files by name, metrics by step."""
    snapshots = {path.name: path.read_bytes() for path in folder.glob("snapshots/*")}
    rows = {row.pop("step"): row for row in read_metrics(folder)}
    for row in rows.values():
        row.pop("tokens_per_second", None)
    return {"snapshots": snapshots, "metrics": rows}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its time and content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer of `condition`; a failure when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.01)
    return answer


def refusal(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """The sentence with which a call refuses: short, on one line, without a path."""
    with pytest.raises(ValueError) as error:
        call(*arguments, **named)
    return sentence(str(error.value))


def sentence(words: str) -> str:
    """`words` themselves when a person can be shown them."""
    assert 0 < len(words) <= 200, words
    assert words.isprintable(), words
    assert "/" not in words, words
    return words


@pytest.fixture(scope="session", autouse=True)
def _no_run_of_a_person_is_touched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRIFTSCOPE_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture(autouse=True)
def _one_thread_is_enough_for_tiny_models() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small finished run, for reading only."""
    return recorded_run(tmp_path_factory.mktemp("recorded") / "fox")


@pytest.fixture(scope="session")
def induction(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The preset that grows induction heads, trained to its end; for reading only. Seconds."""
    path = tmp_path_factory.mktemp("induction") / "run"
    create_from_preset(path, "induction", {"snapshots": 20})
    with only_trainer(path):
        train(path)
    return Run.open(path)
