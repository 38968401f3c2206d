"""Texts that are too long for an address: the server keeps them, each under a short name."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote

from model_core.runs import runs_folder
from model_core.runs.files import read_file
from model_core.runs.storage import write_whole

LONGEST = 2_000  # characters of one parameter as sent; some servers refuse 8,000 in all
LARGEST = 2**16  # bytes of a text that is kept
MOST = 1_000  # texts kept; the one not asked for longest goes first
SAID = "This server keeps a text this long; the address has a short name for it."
_NAME = re.compile("kept-[0-9a-f]{16}")


def is_long(text: str) -> bool:
    """Whether an address has a name for this text instead."""
    return len(quote(text, errors="replace")) > LONGEST or bool(_NAME.fullmatch(text))


def shortened(text: str) -> str | None:
    """What an address has of a text: itself or its name; None where it cannot be kept."""
    if not is_long(text):
        return text
    data = text.encode(errors="replace")
    path = _folder() / _name(data)
    try:
        if path.exists():
            os.utime(path)
        elif len(data) > LARGEST:
            return None
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
            _forget_oldest()
    except OSError:
        return None
    return path.name


def recalled(text: str) -> str | None:
    """The text that `shortened` made this of; None where it is not kept any more."""
    if not _NAME.fullmatch(text):
        return text
    try:
        data = read_file(_folder() / text)
        return data.decode() if _name(data) == text else None
    except (OSError, ValueError):
        return None


def _folder() -> Path:
    return runs_folder() / ".sentences"


def _name(data: bytes) -> str:
    return f"kept-{hashlib.sha256(data).hexdigest()[:16]}"


def _forget_oldest() -> None:
    paths = [path for path in _folder().iterdir() if _NAME.fullmatch(path.name)]
    if len(paths) > MOST:
        min(paths, key=lambda path: path.stat().st_mtime).unlink(missing_ok=True)
