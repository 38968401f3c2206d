"""The only way to open what stands in a run: a regular file in its folder, no wait, a size limit.

A run may come from somebody else, so none of its files is believed to be one.
"""

import errno
import os
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from model_core.config import MAX_TEXT_BYTES  # from corpora it would bring torch

MIB = 2**20
# Bytes of a file at most, by its name, else by the end of its name, else MIB.
LIMITS = {
    "text.txt": MAX_TEXT_BYTES,
    "tokenizer.json": 8 * MIB,
    "metrics.jsonl": 256 * MIB,  # 100,000 steps of 2.5 KiB
    ".log": 2**40,  # is never read
    ".safetensors": 4096 * MIB,
}
# A pipe without a writer is opened at once; a link is not followed. Windows lacks most of these.
_SAFE = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"))
_IRREGULAR = (errno.ENXIO, errno.ELOOP, errno.EISDIR)  # a socket, a link, a folder


def open_file(path: Path, flags: int = os.O_RDONLY, *, linked: bool = False) -> int:
    """The descriptor of a file of a run; ValueError for anything but a regular one in its folder.

    A link may lead to another file of the folder. If `linked` it may lead anywhere: only for what
    is checked to be part of the run before anything of it is shown. OSError as from `os.open`.
    """
    try:
        descriptor = os.open(_real(path, linked), flags | _SAFE, 0o644)
    except OSError as error:
        if error.errno in _IRREGULAR:
            raise ValueError(f"{path.name} is not a regular file") from None
        raise
    try:
        _check(path.name, os.fstat(descriptor), limit(path))
    except ValueError:
        os.close(descriptor)
        raise
    return descriptor


def opened(path: Path, *, linked: bool = False) -> FileIO:
    """The same as a file to read, without a buffer: a third of the time where little is read."""
    return FileIO(open_file(path, linked=linked))


def appending(path: Path) -> BinaryIO:
    """The same to append to, made where there is none."""
    return os.fdopen(open_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab")


def read_file(path: Path, *, linked: bool = False) -> bytes:
    """All of such a file."""
    with opened(path, linked=linked) as file:
        return file.read()


def refusal(path: Path) -> str:
    """Why something that stands in a file's place is not opened; "" for a file, and for nothing."""
    try:
        opened(path).close()
    except ValueError as error:
        return str(error)
    except OSError:
        return ""
    return ""


def limit(path: Path) -> int:
    """The largest size in bytes of a file of this name."""
    return LIMITS.get(path.name) or LIMITS.get(path.suffix, MIB)


def _real(path: Path, linked: bool) -> str | Path:
    """The path behind a link, which is then opened without following any."""
    if not os.path.islink(path):
        return path
    real = os.path.realpath(path)
    if linked or os.path.dirname(real) == os.path.realpath(path.parent):
        return real
    raise ValueError(f"{path.name} is a link that leads out of its folder")


def _check(name: str, stat: os.stat_result, at_most: int) -> None:
    if not S_ISREG(stat.st_mode):
        raise ValueError(f"{name} is not a regular file")
    if stat.st_size > at_most:
        raise ValueError(f"{name} has {stat.st_size:,} bytes, more than {at_most:,}")
