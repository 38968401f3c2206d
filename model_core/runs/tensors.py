"""Tensors with their checksums in a safetensors file, read without trusting it."""

import json
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO, FileIO
from math import prod
from typing import Any, NamedTuple, TypeVar

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

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


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file with a checksum of each tensor; the same tensors give the same bytes.

    The checksums are one entry of the metadata, because safetensors shuffles several.
    """
    whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(whole, metadata={"crc32": _sums(whole)})


def unpack(data: bytes) -> dict[str, Tensor]:
    """The tensors that `pack` was given; ValueError for damaged data."""
    return whole_in(BytesIO(data), len(data))


def stored_in(tensors: Mapping[str, Tensor]) -> tuple[Stored, ...]:
    """What a snapshot of these tensors stores, in the order of their names."""
    return tuple(stored_as(name, one) for name, one in sorted(tensors.items()))


def stored_as(name: str, one: Tensor) -> Stored:
    return Stored(name, tuple(one.shape), str(one.dtype).removeprefix("torch."), one.nbytes)


def whole_in(file: FileIO | BytesIO, size: int) -> dict[str, Tensor]:
    return each_tensor(file, size, lambda _, tensor: tensor)


def each_tensor(
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


def table_in(
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


def _sums(tensors: Mapping[str, Tensor]) -> str:
    return _written({name: _sum(one) for name, one in tensors.items()})


def _written(sums: Mapping[str, int]) -> str:
    return json.dumps(sums, sort_keys=True)


def _sum(tensor: Tensor) -> int:
    """A checksum of a tensor's type, shape and numbers."""
    kind = f"{tensor.dtype} {tuple(tensor.shape)}".encode()
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(kind))
