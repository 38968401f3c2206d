"""Files of a run as somebody else, a broken disk or an attacker leaves them, and all who read."""

import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch

from model_core.attention.heads import read_weights
from model_core.config import MapConfig
from model_core.embeddings import counts
from model_core.projections import trust
from model_core.projections.maps import MapFile, table_of
from model_core.projections.over_time import OverTime
from model_core.runs import Run, list_runs, read_metrics
from model_core.runs.files import limit
from model_core.runs.history import History
from model_core.runs.status import read_request, read_status
from model_core.runs.storage import is_locked
from model_core.runs.tensors import pack, unpack
from model_core.training import jobs
from model_core.training.variants import families, siblings

SECRET = "words of another file of this machine"
MAP = MapConfig(n_neighbors=3)
FILES = (
    *("run.json", "tokenizer.json", "text.txt", "metrics.jsonl", "status.json", "request"),
    *("trainer.lock", "resume.safetensors", "snapshots/00000001.safetensors"),
    *(f"projections/{MapFile(Path(), MAP).key}.{end}" for end in ("safetensors", "json", "lock")),
)


def _linked_out(path: Path) -> None:
    outside = path.parents[2] / "outside"
    outside.write_text(SECRET)
    path.symlink_to(outside)


def _listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # such an address has at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # zeros without end
    except PermissionError:
        path.symlink_to("/dev/zero")


def _too_large(path: Path) -> None:
    path.touch()
    os.truncate(path, limit(path) + 1)


@cache
def _hundred_thousand_names() -> bytes:
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    return json.dumps({f"name{index}": one for index in range(10**5)}).encode()


def _huge_header(path: Path, data: bytes) -> None:
    """A hundred thousand names before tensors and in JSON, elsewhere one long line."""
    names = _hundred_thousand_names()
    if path.suffix == ".safetensors":
        path.write_bytes(len(names).to_bytes(8, "little") + names + data)
    else:
        path.write_bytes(names if path.suffix == ".json" else b"x" * 2**20)


def _flipped(path: Path, data: bytes) -> None:
    at = len(data) // 2
    path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :] if data else b"\x04")


def _other_shape(path: Path, data: bytes) -> None:
    if path.suffix == ".safetensors":
        stored = {name: one[..., :-1] if one.dim() else one for name, one in unpack(data).items()}
        path.write_bytes(pack(stored))
    elif path.suffix == ".json":
        path.write_bytes(json.dumps([json.loads(data or b"{}")]).encode())
    else:
        path.write_bytes(data * 2)


def _other_type(path: Path, data: bytes) -> None:
    if path.suffix == ".safetensors":
        path.write_bytes(pack({name: one.half() for name, one in unpack(data).items()}))
    elif path.suffix == ".json":
        path.write_bytes(json.dumps(_swapped(json.loads(data or b"{}"))).encode())
    else:
        path.write_bytes(b"\xff\xfe" + data)


def _swapped(value: Any) -> Any:
    """Numbers where words stood, and lone surrogates where numbers stood."""
    if isinstance(value, dict):
        return {key: _swapped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_swapped(one) for one in value]
    return 7 if isinstance(value, str) else "\ud800"


HARMS: dict[str, Callable[[Path, bytes], object]] = {
    "pipe": lambda path, _: os.mkfifo(path),
    "socket": lambda path, _: _listening(path),
    "device": lambda path, _: _device(path),
    "link out": lambda path, _: _linked_out(path),
    "link loop": lambda path, _: path.symlink_to(path.name),
    "folder": lambda path, _: path.mkdir(),
    "missing": lambda path, _: None,
    "empty": lambda path, _: path.touch(),
    "too large": lambda path, _: _too_large(path),
    "truncated": lambda path, data: path.write_bytes(data[: len(data) * 2 // 3]),
    "flipped": _flipped,
    "huge header": _huge_header,
    "other shape": _other_shape,
    "other type": _other_type,
}


def harmed(run: Path, name: str, harm: str) -> None:
    """Put something else in place of a file of a run, in a folder of runs of its own."""
    path = run / name
    data = path.read_bytes()
    path.unlink()
    HARMS[harm](path, data)


def complete(run: Run) -> None:
    """Give a finished run every file that one may have: a map, a request, a lock."""
    map_file = MapFile(run.path, MAP)
    map_file.folder.mkdir(exist_ok=True)
    vectors = table_of(run, MAP)
    layout = vectors[..., :2].copy()
    map_file.write(vectors, OverTime(run.steps, layout, trust(vectors, layout, 3), 1))
    map_file.write_status("done", 1.0)
    map_file.set_process(None)
    (run.path / "request").write_bytes(b"run")
    (run.path / "trainer.lock").touch()


def readings(path: Path, *, thorough: bool = True) -> Iterator[Callable[[], object]]:
    """Everything that reads a run. `thorough`: also what takes milliseconds."""
    yield from (
        *(lambda: read_status(path), lambda: read_request(path), lambda: read_metrics(path)),
        *(lambda: is_locked(path / "trainer.lock"), lambda: MapFile(path, MAP).status),
    )
    if thorough:
        folder = path.parent
        yield from (
            *(lambda: list_runs(folder), lambda: jobs.line(folder), lambda: families([folder])),
        )
    run = Run.open(path)
    yield from (
        *(lambda: run.text, run.opening, run.split, run.validation_windows),
        *(lambda: run.steps, lambda: run.damaged, lambda: run.unfit, lambda: run.lost),
        *(lambda: run.changed, run.metrics, run.gradient_norms, lambda: run.corpus),
        *(run.token_embeddings, run.position_gradients, run.token_updates),
        *(lambda: [run.contents(int(step)) for step in run.steps[-1:]],),
        *(lambda: [run.model_at(int(step)).eval() for step in run.steps[-1:]],),
        *(lambda: run.token_embeddings([0, run.model_config.vocab_size - 1]),),
        lambda: MapFile(path, MAP).read(run.steps, table_of(run, MAP)),
    )
    if thorough:
        ids = torch.zeros(1, min(4, run.model_config.block_size), dtype=torch.int64)
        yield lambda: counts.frequency(run)
        yield lambda: siblings([path.parent], run)
        if len(run.steps):
            yield lambda: History().read(run, run.steps, read_weights, ids)


def read(path: Path, *, thorough: bool = True) -> list[str]:
    """Let everybody read a run; the sentences of those who refuse.

    Fails for another error than one sentence, for more than two seconds of work, and where anything
    of the file outside is seen.
    """
    refused: list[str] = []
    each = readings(path, thorough=thorough)
    while True:
        begin = time.process_time()
        try:
            seen = next(each)()
        except StopIteration:
            return refused
        except ValueError as error:
            refused.append(said(str(error), path))
        else:
            assert not thorough or SECRET not in repr(seen)
        assert time.process_time() - begin < 2


def said(words: str, path: Path) -> str:
    """A sentence for the screen; it may quote the file, not say where the run is."""
    assert 0 < len(words) <= 200 and words.isprintable(), words
    assert SECRET not in words and str(path.parent) not in words, words
    return words
