"""One recorded step on disk: a safetensors file with checksums, written atomically."""

import json
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from model_core.anatomy import Anatomy
from model_core.runs.files import opened, read_file
from model_core.runs.storage import write_whole

GRADIENT, UPDATE = "gradient.", "update."  # before the name of a table


class Stored(NamedTuple):
    """One tensor in a snapshot: its name, shape, type ("float32") and size in bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


def snapshot_path(folder: Path, step: int) -> Path:
    return folder / "snapshots" / f"{step:08d}.safetensors"


def save_snapshot(folder: Path, step: int, tensors: Mapping[str, Tensor]) -> None:
    """Write weights by their names, and gradients and updates with GRADIENT and UPDATE before."""
    write_whole(snapshot_path(folder, step), pack(tensors))


def load_snapshot(folder: Path, step: int) -> dict[str, Tensor]:
    """The weights in a snapshot; ValueError when it is damaged."""
    extra = (GRADIENT, UPDATE)
    tensors = _all_tensors(folder, step)
    return {name: value for name, value in tensors.items() if not name.startswith(extra)}


def list_snapshot(folder: Path, step: int, anatomy: Anatomy) -> list[Stored]:
    """All that a snapshot stores: the model part by part, then gradients, then updates.

    ValueError when it is damaged.
    """
    tables = (kind + table for kind in (GRADIENT, UPDATE) for table in anatomy.tables)
    order = [*(f"{part}." for part in anatomy.parts), *tables, ""]

    def where(name: str) -> tuple[int, str]:
        return next(at for at, start in enumerate(order) if name.startswith(start)), name

    tensors = _all_tensors(folder, step)
    stored = ((name, tensors[name]) for name in sorted(tensors, key=where))
    return [
        Stored(name, tuple(one.shape), str(one.dtype).removeprefix("torch."), one.nbytes)
        for name, one in stored
    ]


def _all_tensors(folder: Path, step: int) -> dict[str, Tensor]:
    try:
        return unpack(read_file(snapshot_path(folder, step), linked=True))
    except (OSError, ValueError):
        raise ValueError(f"the snapshot of step {step} is missing or damaged") from None


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file with a checksum of each tensor; the same tensors give the same bytes.

    The checksums are one entry of the metadata, because safetensors shuffles several.
    """
    whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(whole, metadata={"crc32": _sums(whole)})


def unpack(data: bytes) -> dict[str, Tensor]:
    """The tensors that `pack` was given; ValueError for damaged data."""
    try:
        tensors = safetensors.torch.load(data)
    except safetensors.SafetensorError:
        raise ValueError("no safetensors file, or a damaged one") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    if not tensors or header.get("__metadata__") != {"crc32": _sums(tensors)}:
        raise ValueError("a checksum is missing or wrong")
    return tensors


def read_tensor(path: Path, name: str, rows: np.ndarray | None = None) -> np.ndarray | None:
    """One float32 tensor of a safetensors file, or some rows of it, without reading the rest.

    None when the file holds no tensor of that name.
    """
    with opened(path, linked=True) as file:
        size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(size)).get(name)
        if entry is None:
            return None
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        if rows is None:
            file.seek(begin)
            return np.frombuffer(file.read(end - begin), np.float32).reshape(entry["shape"])
        width = (end - begin) // entry["shape"][0]
        data = b"".join(_read_at(file, begin + row * width, width) for row in rows)
        return np.frombuffer(data, np.float32).reshape(len(rows), *entry["shape"][1:])


def _read_at(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def is_snapshot(path: Path) -> bool:
    """Whether a file has the name of a snapshot."""
    stem = path.stem
    return stem.isdecimal() and path.name == snapshot_path(path, int(stem)).name


def is_whole(path: Path) -> bool:
    """Whether a snapshot is a file with correct checksums; computed once a file.

    It may be a link to one: nothing is shown of a file without its checksums.
    """
    try:
        stat = path.stat()
        return _sums_are_right(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return False


@lru_cache(maxsize=2**17)  # more than a run has: each page asks for all of them, in order
def _sums_are_right(path: Path, _modified: int, _size: int) -> bool:
    """Whether every tensor has the checksum written beside it."""
    try:
        unpack(read_file(path, linked=True))
    except ValueError:
        return False
    return True


def _sums(tensors: Mapping[str, Tensor]) -> str:
    return json.dumps({name: _sum(tensors[name]) for name in sorted(tensors)})


def _sum(tensor: Tensor) -> int:
    """A checksum of a tensor's type, shape and numbers."""
    kind = f"{tensor.dtype} {tuple(tensor.shape)}".encode()
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(kind))
