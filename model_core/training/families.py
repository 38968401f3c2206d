"""Runs that are made from the same text and settings, but for some: found by what they are."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from model_core.config import ModelConfig, TrainingConfig
from model_core.runs import Plan, Run, list_runs
from model_core.runs.archive import free_name
from model_core.runs.format import identity, read_description
from model_core.runs.storage import read_json

Free = Collection[str]  # fields of both configurations that may differ
RECORDING = ("snapshots", "snapshot_budget", "eval_interval", "threads")  # teach nothing else


class Family(NamedTuple):
    """What all members have in common: the text's SHA-256, settings but the free ones, tokens."""

    text: str
    model: dict[str, Any]
    training: dict[str, Any]
    tokenizer: str


class Member(NamedTuple):
    """A run of a family, by its configurations and where it is."""

    model: ModelConfig
    training: TrainingConfig
    path: Path


def plan_of(run: Run) -> Plan:
    """What `run` was made from; ValueError when its text is missing."""
    return Plan(run.corpus, run.text, run.tokenizer, run.model_config, run.training_config)


def family_of(made: Run | Plan, free: Free) -> Family:
    """The family of a run, or of one that is still to be made."""
    if isinstance(made, Run):
        text_hash = made.text_hash
    else:
        text_hash = hashlib.sha256(made.text.encode()).hexdigest()
    tokenizer = json.dumps(made.tokenizer.to_json())
    return Family(text_hash, *_kept(made.model_config, made.training_config, free), tokenizer)


def described(folders: Iterable[Path], free: Free) -> Iterator[tuple[Family, Member]]:
    """The runs in some folders with their families, oldest first.

    Damaged ones are left out; of two of the same name the one in the later folder is taken.
    """
    paths = {name: folder / name for folder in folders for name in list_runs(folder)}
    for path in sorted(paths.values(), key=_made):
        with suppress(ValueError, OSError):
            yield described_in(path, free)


def described_in(path: Path, free: Free = ()) -> tuple[Family, Member]:
    """One run with its family; ValueError or OSError where it is damaged."""
    text_hash, model, training, tokenizer = _read(path, identity(path))
    family = Family(text_hash, *_kept(model, training, free), tokenizer)
    return family, Member(model, training, path)


@lru_cache(512)
def _read(path: Path, _of_run: str) -> tuple[str, ModelConfig, TrainingConfig, str]:
    """The text's SHA-256, the configurations and the tokens of a run, which are written once."""
    description = read_description(path)
    try:
        model = ModelConfig.recorded(**description["model"])
        training = TrainingConfig(**description["training"])
    except (KeyError, TypeError):
        raise ValueError(f"run {path.name} is damaged: run.json lacks a part") from None
    tokenizer = json.dumps(read_json(path / "tokenizer.json"))
    return description["corpus"]["sha256"], model, training, tokenizer


def differences(one: Family, other: Family) -> list[str]:
    """Names of the settings in which two runs differ, of those that change what is learned.

    "text" and "tokenizer" among them; a vocabulary follows from both, and is none.
    """
    ours, theirs = ({**made.model, **made.training} for made in (one, other))
    told = [name for name in ours if name not in RECORDING and ours[name] != theirs.get(name)]
    told = [name for name in told if name != "vocab_size"]
    if one.text != other.text:
        is_other = _kind(one.tokenizer) != _kind(other.tokenizer)
        return ["text", *["tokenizer"] * is_other, *told]
    return ["tokenizer"] * (one.tokenizer != other.tokenizer) + told


@lru_cache(512)
def _kind(tokenizer: str) -> str:
    """ "char", "word" or "bpe"; kept, because a vocabulary of 50,000 tokens takes some 30 ms."""
    return str(json.loads(tokenizer).get("kind"))


def groups(folders: Iterable[Path], free: Free) -> list[list[Member]]:
    """All runs in groups that differ in `free` settings alone, each oldest first.

    In the order in which the first of each was made.
    """
    found: list[tuple[Family, list[Member]]] = []
    for family, one in described(folders, free):
        group = next((members for known, members in found if known == family), None)
        if group is None:
            group = []
            found.append((family, group))
        group.append(one)
    return [group for _, group in found]


def free_path(folder: Path, name: str, ending: str) -> Path:
    """An unused path; a long name is cut to leave space for its ending and a number."""
    return folder / free_name(folder, f"{name[: 58 - len(ending)]}-{ending}")


def _kept(
    model: ModelConfig, training: TrainingConfig, free: Free
) -> tuple[dict[str, Any], dict[str, Any]]:
    return model.model_dump(exclude=set(free)), training.model_dump(exclude=set(free))


def _made(path: Path) -> int:
    with suppress(OSError):  # deleted meanwhile
        return (path / "run.json").stat().st_mtime_ns
    return 0
