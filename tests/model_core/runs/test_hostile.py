"""Runs from somebody else: whatever stands in place of a file, readers answer at once, in words."""

import json
import os
import random
import shutil
import signal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from model_core.runs import Run
from model_core.runs.tensors import pack, unpack
from tests.support.hostile import FILES, HARMS, complete, harmed, read
from tests.support.runs import recorded_run

MUTATIONS = int(os.environ.get("DRIFTSCOPE_MUTATIONS", "3000"))
SEED = int(os.environ.get("DRIFTSCOPE_SEED", "0"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run with every file that one may have."""
    sizes = {"block_size": 4, "n_embd": 4, "n_layer": 1}
    run = recorded_run(tmp_path_factory.mktemp("whole") / "fox", steps=3, snapshots=3, **sizes)
    complete(run)
    return run


def test_a_whole_run_is_read_without_a_word(whole: Run) -> None:
    assert read(whole.path) == []
    assert all((whole.path / name).is_file() for name in FILES)


@pytest.mark.parametrize(("name", "harm"), list(product(FILES, HARMS)))
def test_whatever_stands_in_place_of_a_file_is_answered_at_once_and_in_words(
    whole: Run, tmp_path: Path, name: str, harm: str
) -> None:
    path = Path(shutil.copytree(whole.path, tmp_path / "runs" / "fox"))
    harmed(path, name, harm)
    signal.alarm(30)  # who waits, waits for ever
    try:
        read(path)
    finally:
        signal.alarm(0)


VALUES: list[Any] = [None, True, -1, 0, 10**30, 1e308, 0.5, "", "x", "\ud800", "\n\x1b[0m", [], {}]


def mutated(data: bytes, name: str, draw: random.Random) -> bytes:
    """A file changed as bits rot, as an editor slips, or as somebody plans it."""
    kind = draw.choice(("flip", "cut", "repeat", "noise", "value", "value"))
    at, to = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    if kind == "cut":
        return data[:at] + data[to:]
    if kind == "repeat":
        return data[:at] + data[at:to] * 2 + data[to:]
    if kind == "noise":
        return data[:at] + draw.randbytes(draw.randrange(1, 9)) + data[at:]
    if kind == "value" and name.endswith(("json", "jsonl")):
        return b"\n".join(_revalued(line, draw) for line in _lines(data, name))
    if kind == "value" and name.endswith("safetensors"):
        return _retensored(data, draw)
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 4))):
        if changed:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _lines(data: bytes, name: str) -> list[bytes]:
    return data.split(b"\n") if name.endswith("jsonl") else [data]


def _revalued(line: bytes, draw: random.Random) -> bytes:
    """One value of an object replaced, added or removed, at any depth."""
    if not line:
        return line
    state = json.loads(line)
    at = state
    while isinstance(at, dict) and at:
        key = draw.choice(list(at))
        if isinstance(at[key], dict) and draw.random() < 0.8:
            at = at[key]
        elif draw.random() < 0.1:
            del at[key]
            break
        elif isinstance(at[key], list) and at[key] and draw.random() < 0.7:
            at[key][draw.randrange(len(at[key]))] = draw.choice(VALUES)
            break
        else:
            at[draw.choice((key, key, "other"))] = draw.choice(VALUES)
            break
    return json.dumps(state).encode()


def _retensored(data: bytes, draw: random.Random) -> bytes:
    """Other tensors under right checksums."""
    stored = unpack(data)
    name = draw.choice(list(stored))
    one = stored.pop(name)
    changes = {
        "type": lambda: one.to(draw.choice((torch.half, torch.int32, torch.bool, torch.double))),
        "size": lambda: one.reshape(-1)[: draw.randrange(one.numel() + 1)].clone(),
        "axes": lambda: one[None],
        "numbers": lambda: (
            torch.full_like(one, draw.choice((0, 1e38, -1)), dtype=one.dtype)
            if one.is_floating_point()
            else one + 1
        ),
        "NaN": lambda: one * float("nan"),
    }
    change = draw.choice((*changes, "name", "gone"))
    if change in changes:
        stored[name] = changes[change]()
    elif change == "name":
        stored[draw.choice(("", "x" * 300, "../" + name, "gradient." + name))] = one
    return pack({name: one.contiguous() for name, one in stored.items()})


def test_thousands_of_mutations_are_answered_in_words(whole: Run, tmp_path: Path) -> None:
    """DRIFTSCOPE_MUTATIONS=200000 for a night's worth, DRIFTSCOPE_SEED for other ones."""
    path = Path(shutil.copytree(whole.path, tmp_path / "fox"))
    files = {name: (path / name).read_bytes() for name in FILES}
    draw = random.Random(SEED)
    for number in range(MUTATIONS):
        name = draw.choice(FILES)
        (path / name).write_bytes(mutated(files[name], name, draw))
        try:
            read(path, thorough=number % 50 == 0)
        except BaseException:
            kept = shutil.copy(path / name, tmp_path / "mutation")
            print(f"mutation {number} of {name} with seed {SEED} is kept as {kept}")
            raise
        (path / name).write_bytes(files[name])
