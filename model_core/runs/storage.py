"""Atomic writes, names that stay inside their folder, and locks on files."""

import errno
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any

from filelock import lock_descriptor

from model_core.runs.files import open_file, read_file

WINDOWS = os.name == "nt"
if not WINDOWS:
    import fcntl

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


def half_written(folder: Path, name: str) -> list[Path]:
    """What a killed `write_whole` left in `folder` for files whose name fits this expression.

    No folder, and no hidden file of somebody else.
    """
    ours = re.compile(rf"\.{name}\.[0-9a-f]{{16}}")
    hidden = (path for path in folder.glob(".*") if ours.fullmatch(path.name))
    return [path for path in hidden if S_ISREG(path.lstat().st_mode)]


def is_full(error: OSError) -> bool:
    """Whether a disk, or somebody's share of it, has no space left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def remedy(error: OSError) -> str:
    """What a person can do when a file cannot be written."""
    if is_full(error):
        return "Free space on its disk"
    return "Check the runs folder and its disk"


def tried(action: Callable[[], object]) -> str:
    """Do what a person asked for by a button; the sentence why it cannot be done, "" if it is."""
    try:
        action()
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"The runs folder cannot be written: {error.strerror}. {remedy(error)}."
    return ""


def write_json(path: Path, value: Any) -> None:
    write_whole(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """What `write_json` writes."""
    return json.dumps(value, indent=1, allow_nan=False).encode()


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut; Windows does so by itself."""
    if WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a run; ValueError naming the file for anything else."""
    try:
        data = read_file(path)
    except OSError:
        raise ValueError(f"{path.name} is missing or not readable") from None
    try:
        value = json.loads(data)
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

        ValueError where something else than a file has its name.

        `is_locked` holds it for an instant itself: with a little patience that does no harm.
        """
        assert self.descriptor is None, "a lock is taken once"
        descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT)
        deadline = time.monotonic() + patience
        while not lock_descriptor(descriptor, blocking=False):
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
        descriptor = open_file(path)
    except (OSError, ValueError):
        return False
    try:
        return not _is_free(descriptor)
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    """Whether nobody holds the lock: two who ask at once do not see each other, but on Windows."""
    if WINDOWS:
        return lock_descriptor(descriptor, blocking=False)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
