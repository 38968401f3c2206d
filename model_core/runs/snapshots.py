"""One recorded step on disk: a safetensors file with checksums, written atomically."""

import json
import os
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO, FileIO
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from model_core.config import MAX_STEPS
from model_core.runs.files import opened
from model_core.runs.storage import write_whole

GRADIENT, UPDATE = "gradient.", "update."  # before the name of a table
LARGE = 1e18  # the square of a larger number is beyond float32
HEADER = 2**20  # bytes at most; the largest model that a configuration allows needs a quarter
# By their names in a safetensors file.
TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
AXES = 8  # of a tensor at most
Taken = TypeVar("Taken")


class Stored(NamedTuple):
    """One tensor in a snapshot: its name, shape, type ("float32") and size in bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


class Content(NamedTuple):
    """What a whole snapshot stores, and how many of its weights are `lost` for pictures.

    Those are NaN, infinite, or so large that their squares are beyond float32.
    """

    stored: tuple[Stored, ...]
    lost: int


def snapshot_path(folder: Path, step: int) -> Path:
    return folder / "snapshots" / f"{step:08d}.safetensors"


def save_snapshot(folder: Path, step: int, tensors: Mapping[str, Tensor]) -> None:
    """Write weights by their names, and gradients and updates with GRADIENT and UPDATE before."""
    write_whole(snapshot_path(folder, step), pack(tensors))


def load_snapshot(folder: Path, step: int) -> dict[str, Tensor]:
    """All that a snapshot stores; ValueError when it is damaged."""
    try:
        with opened(snapshot_path(folder, step), linked=True) as file:
            return _whole(file, os.fstat(file.fileno()).st_size)
    except (OSError, ValueError):
        raise _damaged(step) from None


def load_table(
    folder: Path, step: int, name: str, shape: tuple[int, int], rows: np.ndarray | None = None
) -> np.ndarray | None:
    """One float32 tensor of a snapshot, or some rows of it, without reading the rest.

    None when the snapshot holds no tensor of that name; ValueError when it is damaged.
    """
    try:
        with opened(snapshot_path(folder, step), linked=True) as file:
            return _table(file, name, shape, rows)
    except (OSError, ValueError, LookupError, TypeError):  # it was right when it was listed
        raise _damaged(step) from None


def _damaged(step: int) -> ValueError:
    return ValueError(f"the snapshot of step {step} is missing or damaged")


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file with a checksum of each tensor; the same tensors give the same bytes.

    The checksums are one entry of the metadata, because safetensors shuffles several.
    """
    whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(whole, metadata={"crc32": _sums(whole)})


def unpack(data: bytes) -> dict[str, Tensor]:
    """The tensors that `pack` was given; ValueError for damaged data."""
    return _whole(BytesIO(data), len(data))


def stored_in(tensors: Mapping[str, Tensor]) -> tuple[Stored, ...]:
    """What a snapshot of these tensors stores, in the order of their names."""
    return tuple(_stored(name, one) for name, one in sorted(tensors.items()))


def _stored(name: str, one: Tensor) -> Stored:
    return Stored(name, tuple(one.shape), str(one.dtype).removeprefix("torch."), one.nbytes)


def _whole(file: FileIO | BytesIO, size: int) -> dict[str, Tensor]:
    return _each(file, size, lambda _, tensor: tensor)


def _each(
    file: FileIO | BytesIO, size: int, take: Callable[[str, Tensor], Taken]
) -> dict[str, Taken]:
    """What `take` makes of each tensor of a file of `size` bytes: one is read after the other.

    ValueError for any other than a safetensors file with a right checksum of each tensor; none is
    read if its header needs another size.
    """
    begin, header = _header(file)
    described = _described(header, size - begin)
    taken, sums = {}, {}
    for name, entry in described.items():
        tensor = _read(file, entry)
        taken[name], sums[name] = take(name, tensor), _sum(tensor)
    if header.get("__metadata__") != {"crc32": _written(sums)}:
        raise ValueError("a checksum is missing or wrong")
    return taken


def _described(header: Mapping[str, Any], size: int) -> dict[str, dict[str, Any]]:
    """What the header says of each tensor, in the order of the file.

    ValueError unless they are `size` bytes, one behind the other, each as its type and shape need.
    """
    at = 0
    try:
        named = {name: entry for name, entry in header.items() if name != "__metadata__"}
        described = dict(sorted(named.items(), key=lambda one: one[1]["data_offsets"]))
        for name, entry in described.items():
            name.encode()  # a text
            (start, end), shape = entry["data_offsets"], entry["shape"]
            numbers = (start, end, *shape)
            if len(shape) > AXES or not all(type(n) is int and 0 <= n <= size for n in numbers):
                raise ValueError(f"{name} has no shape or no place")
            if (start, end) != (at, at + TYPES[entry["dtype"]].itemsize * prod(shape)):
                raise ValueError(f"{name} does not stand where it must")
            at = end
    except (LookupError, TypeError, OverflowError):
        raise ValueError("a tensor is not described") from None
    if not named or at != size:
        raise ValueError(f"{size:,} bytes of tensors instead of {at:,}")
    return described


def _read(file: FileIO | BytesIO, entry: Mapping[str, Any]) -> Tensor:
    start, end = entry["data_offsets"]
    data = torch.empty(end - start, dtype=torch.uint8)
    rest = data.numpy().data
    while count := file.readinto(rest):
        rest = rest[count:]
    if len(rest):
        raise ValueError("the file ends before its tensors do")
    return data.view(TYPES[entry["dtype"]]).reshape(entry["shape"])


def _table(
    file: FileIO, name: str, shape: tuple[int, int], rows: np.ndarray | None
) -> np.ndarray | None:
    start, header = _header(file)
    entry = header.get(name)
    if entry is None:
        return None
    (count, width), size = shape, 4 * shape[0] * shape[1]
    begin, end = entry["data_offsets"]
    if (entry["dtype"], entry["shape"], end) != ("F32", list(shape), begin + size):
        raise ValueError(f"{name} is no float32 table of {count} × {width}")
    begin += start

    def read(first: int, many: int) -> bytes:
        file.seek(begin + 4 * width * first)
        return file.read(4 * width * many)

    if rows is None:
        return np.frombuffer(read(0, count), np.float32).reshape(shape)
    data = b"".join(read(int(row), 1) for row in rows)
    return np.frombuffer(data, np.float32).reshape(len(rows), width)


def _header(file: FileIO | BytesIO) -> tuple[int, dict[str, Any]]:
    """Where the tensors begin, and what is said of them; ValueError for a header too large."""
    size = int.from_bytes(file.read(8), "little")
    if size > HEADER:
        raise ValueError(f"a header of {size:,} bytes, more than {HEADER:,}")
    try:
        header = json.loads(file.read(size).decode())
    except RecursionError:
        raise ValueError("a header nested too deep") from None
    if not isinstance(header, dict):
        raise ValueError("no safetensors header")
    return 8 + size, header


def is_snapshot(path: Path) -> bool:
    """Whether a file has the name of a snapshot."""
    stem = path.stem
    if not stem.isdecimal() or int(stem) > MAX_STEPS:
        return False
    return path.name == snapshot_path(path, int(stem)).name


def is_whole(path: Path) -> bool:
    """Whether a snapshot is a file with correct checksums."""
    return content(path) is not None


def content(path: Path) -> Content | None:
    """What a snapshot holds; None unless it is a file with correct checksums. Read once a file.

    It may be a link to one: nothing is shown of a file without its checksums.
    """
    try:
        stat = path.stat()
        return _content(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return None


@lru_cache(maxsize=2**17)  # more than a run has: each page asks for all of them, in order
def _content(path: Path, _modified: int, size: int) -> Content | None:
    try:
        with opened(path, linked=True) as file:
            held = _each(file, size, lambda name, one: (_stored(name, one), _lost(name, one)))
    except ValueError:
        return None
    stored, lost = zip(*(held[name] for name in sorted(held)), strict=True)
    return Content(_one_of_equals(stored), sum(lost))


def _lost(name: str, tensor: Tensor) -> int:
    if tensor.dtype != torch.float32 or not tensor.numel() or name.startswith((GRADIENT, UPDATE)):
        return 0
    weights = tensor.numpy()  # torch takes twice as long for so few numbers
    # The extremes need no copy of a table, and are NaN where any number is.
    if -LARGE < weights.min() <= weights.max() < LARGE:
        return 0
    return int((~(np.abs(weights) < LARGE)).sum())


@lru_cache(maxsize=256)
def _one_of_equals(stored: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """The same object for each snapshot of a run."""
    return stored


def _sums(tensors: Mapping[str, Tensor]) -> str:
    return _written({name: _sum(one) for name, one in tensors.items()})


def _written(sums: Mapping[str, int]) -> str:
    return json.dumps(sums, sort_keys=True)


def _sum(tensor: Tensor) -> int:
    """A checksum of a tensor's type, shape and numbers."""
    kind = f"{tensor.dtype} {tuple(tensor.shape)}".encode()
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(kind))
