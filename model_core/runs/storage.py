"""Atomic writes, names that stay inside their folder, and locks on files."""

import errno
import fcntl
import json
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_name(name: str) -> str:
    """`name` itself when it can be a run's folder; ValueError with the rule otherwise."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"run name {name[:40]!r} must be 1 to 64 letters, digits, '.', '_' or '-', "
            "and start with a letter or digit"
        )
    return name


def write_whole(path: Path, data: bytes, *, lasting: bool = True) -> None:
    """Replace `path` by `data`: a reader, or a crash, sees the old file or the new one.

    That holds for a power cut too if `lasting`, which waits for the disk; otherwise the file may
    be damaged by one.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    if lasting:
        sync_folder(path.parent)


def remedy(error: OSError) -> str:
    """What a person can do when a file cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free space on its disk"
    return "Check the runs folder and its disk"


def unwritable(error: OSError) -> str:
    """The sentence for a person whose press of a button could not be written."""
    return f"The runs folder cannot be written: {error.strerror}. {remedy(error)}."


def write_json(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, indent=1, allow_nan=False).encode())


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path, at_most: int = 64 * 2**20) -> dict[str, Any]:
    """The JSON object in a regular file; ValueError naming the file for anything else."""
    if not path.is_file() or path.stat().st_size > at_most:
        raise ValueError(f"{path.name} is missing or not a plain file below {at_most:,} bytes")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise ValueError(f"{path.name} is damaged: it holds no JSON") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} is damaged: it holds no JSON object")
    return value


class FileLock:
    """An exclusive lock on a file, freed by the system however its process ends.

    A child process that inherits the `descriptor` of a lock that is taken holds it as well.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.descriptor: int | None = None

    def acquire(self, patience: float = 0.0) -> bool:
        """Take the lock, waiting up to `patience` seconds; False when another holds it.

        `is_locked` holds it for an instant itself: with a little patience that does no harm.
        """
        assert self.descriptor is None, "a lock is taken once"
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + patience
        while not _flock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                return False
            time.sleep(0.01)
        self.descriptor = descriptor
        return True

    def release(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def is_locked(path: Path) -> bool:
    """Whether a live process holds the lock on `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _flock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, kind: int) -> bool:
    """Take a lock of this kind without waiting; whether that succeeded."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
