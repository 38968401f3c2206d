"""The run directory: its contents, creating one, and listing those of a folder."""

import hashlib
import os
import platform
import shutil
import time
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple

from model_core.config import ModelConfig, TrainingConfig
from model_core.runs.files import read_file
from model_core.runs.status import Status, write_status
from model_core.runs.storage import (
    check_name,
    json_bytes,
    read_json,
    sync_folder,
    write_json,
    write_whole,
)
from model_core.tokenizers import tokenizer_from_json
from model_core.vocabulary import Tokenizer

FORMAT = 2  # since 2 a snapshot also holds gradients and updates of the tables


class Plan(NamedTuple):
    """All that a run is made from: a corpus's name and text, tokenizer and configurations."""

    corpus: str
    text: str
    tokenizer: Tokenizer
    model_config: ModelConfig
    training_config: TrainingConfig


def create_run(path: Path, plan: Plan) -> None:
    """Write a new run directory, queued; it appears complete or not at all.

    ValueError when the name is not allowed or taken.
    """
    check_name(path.name)
    if path.exists():
        raise _taken(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    (making / "snapshots").mkdir(parents=True)
    try:
        write_whole(making / "text.txt", plan.text.encode())
        write_json(making / "tokenizer.json", plan.tokenizer.to_json())
        write_json(making / "run.json", _description(plan))
        write_status(making, Status(steps=plan.training_config.steps, queued_at=time.time()))
        os.rename(making, path)
    except OSError:
        if path.exists():
            raise _taken(path) from None
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    sync_folder(path.parent)


def list_runs(folder: Path) -> list[str]:
    """Names of the run directories in `folder`, oldest first; anything else there is ignored.

    So is a name that is no text for a screen: bytes that are not UTF-8, control characters.
    """
    if not folder.is_dir():
        return []
    made = []
    for entry in folder.iterdir():
        with suppress(OSError):  # deleted meanwhile, or not readable
            stat = (entry / "run.json").stat()
            shown = entry.name.isprintable() and not entry.name.startswith(".")
            if S_ISREG(stat.st_mode) and shown:
                made.append((stat.st_mtime, entry.name))
    return [name for _, name in sorted(made)]


def read_description(path: Path) -> dict[str, Any]:
    """What run.json holds; ValueError when it is missing, damaged or too new."""
    description = read_json(path / "run.json")
    if description.get("format") not in range(1, FORMAT + 1):
        raise ValueError(
            f"run {path.name} has format {repr(description.get('format'))[:20]}, this version "
            f"reads 1 to {FORMAT}; update Driftscope"
        )
    corpus = description.get("corpus")
    if not isinstance(corpus, dict) or not all(map(_is_word, map(corpus.get, ("name", "sha256")))):
        raise ValueError(f"run {path.name} is damaged: run.json lacks the text's name and hash")
    return description


def read_tokenizer(path: Path) -> Tokenizer:
    """The one of a run, made once: with 50,000 merges that takes as long as a page.

    ValueError when its file is missing or damaged.
    """
    file = path / "tokenizer.json"
    try:
        stat = file.stat()
    except OSError:
        stat = None
    return _tokenizer(file, stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino))


@lru_cache(maxsize=32)
def _tokenizer(path: Path, _version: tuple[int, ...] | None) -> Tokenizer:
    return tokenizer_from_json(read_json(path))


def identity(path: Path) -> str:
    """A key of the run in `path` that no later run of the same name has; OSError without one."""
    return f"{path.absolute()}:{(path / 'run.json').stat().st_mtime_ns}"


def file_hash(path: Path) -> str:
    """The SHA-256 of a file of a run as it stands now, computed once a file; "" without one."""
    try:
        stat = path.stat()
        return _hash(path, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError):
        return ""


@lru_cache(maxsize=64)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return hashlib.sha256(read_file(path)).hexdigest()


def _description(plan: Plan) -> dict[str, Any]:
    text, tokenizer = plan.text.encode(), json_bytes(plan.tokenizer.to_json())
    return {
        "format": FORMAT,
        "corpus": {"name": plan.corpus, "sha256": hashlib.sha256(text).hexdigest()},
        "tokenizer": {"sha256": hashlib.sha256(tokenizer).hexdigest()},
        "model": plan.model_config.model_dump(),
        "training": plan.training_config.model_dump(),
        "libraries": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "safetensors")},
        },
    }


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _taken(path: Path) -> ValueError:
    return ValueError(f"a run named {path.name} exists already; choose another name")
