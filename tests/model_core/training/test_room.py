"""What a training is said to take is what it takes, and what cannot fit is refused with what would.

Memory is the peak of a process of its own, as the system counts it.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model_core.runs import create_run
from model_core.training import room
from model_core.training.presets import plan
from model_core.training.room import PROCESS, check_room, disk_bytes, free_memory, memory_bytes
from tests.support.refusals import refusal

SIZES: dict[str, tuple[str, dict[str, Any]]] = {
    "activations": ("python-docs", {"steps": 3, "snapshots": 2, "batch_size": 256}),
    "weights": ("python-docs", {"steps": 2, "snapshots": 2, "n_embd": 320}),
}
PEAK = """
import sys
from pathlib import Path
from model_core.training.loop import train

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

before = peak()
train(Path(sys.argv[1]))
print(before, peak())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads a peak of memory from /proc")
@pytest.mark.parametrize(("preset", "changes"), SIZES.values(), ids=SIZES)
def test_memory_and_disk_are_what_a_training_takes(
    tmp_path: Path, preset: str, changes: dict[str, Any]
) -> None:
    made = plan(preset, changes)
    create_run(tmp_path / "run", made)
    command = [sys.executable, "-c", PEAK, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, peak = map(int, done.stdout.split())
    assert 0.67 < (memory_bytes(made) - PROCESS) / (peak - before) < 1.5
    assert before < PROCESS
    files = (path for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert disk_bytes(made) == pytest.approx(sum(file.stat().st_size for file in files), rel=0.01)


def test_the_disk_of_a_small_run_counts_its_metrics(tmp_path: Path) -> None:
    from model_core.training.loop import train

    made = plan("quick-brown-fox", {"steps": 60})
    create_run(tmp_path / "run", made)
    train(tmp_path / "run")
    files = (path for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert disk_bytes(made) == pytest.approx(sum(file.stat().st_size for file in files), rel=0.03)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"batch_size": 65_536}, "batch_size="),
        ({"n_embd": 4096, "n_layer": 8, "snapshot_budget": 2**50}, "n_embd="),
    ],
)
def test_what_cannot_fit_in_memory_is_refused_with_what_would(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    free = 2 * 2**30
    monkeypatch.setattr(room, "free_memory", lambda: free)
    words = refusal(check_room, plan("python-docs", changes), tmp_path / "none" / "run")
    assert "of memory, 2.0 GB are free" in words and words.endswith(" would fit")
    assert len(words) <= 200 and says in words
    name, value = words.split(": ")[1].removesuffix(" would fit").split("=")
    assert memory_bytes(plan("python-docs", changes | {name: value})) <= free
    step = 4 if name == "n_embd" else 1  # heads share its channels
    assert memory_bytes(plan("python-docs", changes | {name: int(value) + step})) > free


def test_what_cannot_fit_on_disk_is_refused_with_what_would(tmp_path: Path) -> None:
    made = plan("python-docs", {"snapshots": 100_000, "steps": 10**6, "snapshot_budget": 2**62})
    words = refusal(check_room, made, tmp_path)
    assert "of disk" in words and words.endswith(" would fit")


def test_one_text_too_long_for_memory_has_no_smaller_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(room, "free_memory", lambda: PROCESS)
    words = refusal(check_room, plan("python-docs", {}), tmp_path)
    assert words.endswith("no smaller setting alone would fit; free some memory")


def test_the_limit_of_a_control_group_bounds_what_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Version 2: 512 MiB, of which 300 are in use, 100 of these a cache; its parent none."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for name, text in {
        "memory.max": f"{512 * 2**20}\n",
        "memory.current": f"{300 * 2**20}\n",
        "memory.stat": f"anon 5\ninactive_file {100 * 2**20}\n",
    }.items():
        (inner / name).write_text(text)
    (inner.parent / "memory.max").write_text("max\n")
    monkeypatch.setattr(room, "CGROUPS", tmp_path)
    assert list(room._left(tmp_path, "outer/inner")) == [312 * 2**20]
    assert 0 < free_memory() < 2**50 or sys.platform != "linux"
