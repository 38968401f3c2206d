"""What a person does with the runs of a folder: rename one, write a note, move it out and back.

Whatever else has a folder, as lessons do, is moved out of it and back in the same way.
"""

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from model_core.runs.files import read_file
from model_core.runs.status import read_status
from model_core.runs.storage import check_name, is_locked, sync_folder, write_whole

DELETED = ".deleted"  # beside the runs, where a deleted one lies for KEPT seconds
KEPT = 24 * 3600
LEFT = 3600
LONGEST = 2000  # characters of a note
_MOVED = re.compile(r"(?P<name>.+)@(?P<since>\d+)")
# What `create_run` and `unpack_run` rename when whole: a process, and nanoseconds of its clock.
_MAKING = re.compile(r"\.[A-Za-z0-9][\w.-]*\.\d+\.\d{10,}")


def read_note(path: Path) -> str:
    """What a person wrote about a run; "" without a note, or with one that is no text."""
    try:
        return read_file(path / "note.txt").decode()[:LONGEST]
    except (OSError, ValueError):
        return ""


def write_note(path: Path, note: str) -> None:
    """Replace the note; ValueError for one that is too long, or no text."""
    if len(note) > LONGEST:
        raise ValueError(f"a note has at most {LONGEST:,} characters, got {len(note):,}")
    _check_there(path)
    try:
        write_whole(path / "note.txt", note.encode())
    except UnicodeEncodeError:
        raise ValueError("the note holds half a character; type it again") from None


def rename(path: Path, name: str) -> Path:
    """Give a run another name; ValueError where it is taken, not allowed, or the run trains."""
    check_name(name)
    _check_idle(path)
    to = path.with_name(name)
    if to.exists():
        raise ValueError(f"a run named {name} exists already; choose another name")
    os.rename(path, to)
    sync_folder(path.parent)
    return to


def delete(path: Path) -> Path:
    """`move_out` a run; ValueError while it trains."""
    _check_idle(path)
    return move_out(path)


def move_out(path: Path) -> Path:
    """Move something out of its folder; where it lies, for `restore`."""
    _check_there(path)
    clear(path.parent)
    folder = path.parent / DELETED
    folder.mkdir(exist_ok=True)
    to = folder / f"{path.name}@{time.time_ns()}"
    os.rename(path, to)
    sync_folder(path.parent)
    return to


def deleted(folder: Path) -> dict[Path, float]:
    """What was moved out of a folder and is kept, newest first, with its age in seconds."""
    ages = {path: age for path, age in _moved_out(folder) if age <= KEPT}
    return dict(sorted(ages.items(), key=lambda one: one[1]))


def clear(folder: Path) -> None:
    """Erase what was moved out of a folder more than KEPT seconds ago.

    And folders that a killed process left half made there more than LEFT seconds ago.
    """
    gone = [path for path, age in _moved_out(folder) if age > KEPT]
    for path in folder.glob(".*"):
        if _MAKING.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # somebody else removed it
                gone += [path] * (time.time() - path.stat().st_mtime > LEFT)
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):  # as rmtree does
                path.unlink()


def _moved_out(folder: Path) -> list[tuple[Path, float]]:
    """What lies in a folder's DELETED, and seconds since then."""
    there = [*(folder / DELETED).glob("*")]
    found = ((path, _MOVED.fullmatch(path.name)) for path in there)
    return [(path, time.time() - int(one["since"]) / 1e9) for path, one in found if one]


def restore(moved: Path) -> Path:
    """Put what was deleted back under its name; ValueError where that is taken, or it is erased."""
    found = _MOVED.fullmatch(moved.name)
    assert found, "what `move_out` returned"
    to = moved.parent.with_name(found["name"])
    if not moved.exists():
        why = "is back already" if to.exists() else "was deleted more than a day ago, and is erased"
        raise ValueError(f"{to.name} {why}")
    if to.exists():
        way = "delete" if to.is_file() else "rename or delete"
        raise ValueError(f"{to.name} exists again; {way} that one first")
    if moved.is_file():
        to.touch(exist_ok=False)  # else what somebody makes at this moment would be replaced
    os.rename(moved, to)
    sync_folder(to.parent)
    return to


def _check_there(path: Path) -> None:
    if not path.exists():
        raise ValueError(f"there is no {path.name} any more; it was deleted or renamed")


def _check_idle(path: Path) -> None:
    _check_there(path)
    if read_status(path).active or is_locked(path / "trainer.lock"):
        raise ValueError(f"run {path.name} is being trained; stop it first")
