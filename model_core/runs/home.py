"""Where runs stand; the server asks before the first page, so nothing large is imported here."""

import os
from pathlib import Path


def runs_folder() -> Path:
    """The folder of runs: DRIFTSCOPE_RUNS, or `runs` in the working directory."""
    return at_home(os.environ.get("DRIFTSCOPE_RUNS", "runs"))


def at_home(path: str | Path) -> Path:
    """A path in which "~" is a home folder; ValueError where there is no such."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(
            f"there is no home folder for {str(path)[:40]!r}; write the whole path"
        ) from None
