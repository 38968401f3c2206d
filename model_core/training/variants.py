"""Variants of a run: the same text, seed and settings with another norm, for comparison."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args

from model_core.config import ModelConfig, NormPosition, TrainingConfig
from model_core.norms import KINDS, NORMS, NormKind
from model_core.runs import Plan, Run, create_run, list_runs
from model_core.runs.format import read_description
from model_core.runs.storage import read_json
from model_core.training.presets import plan


class Variant(NamedTuple):
    """A norm and its position; without a norm "pre" and "post" are the same function."""

    norm: NormKind
    norm_position: NormPosition


VARIANTS: Mapping[str, Variant] = {
    "none": Variant("none", "pre"),
    **{
        f"{norm}-{position}": Variant(norm, position)
        for norm in KINDS
        if NORMS[norm].exists
        for position in get_args(NormPosition)
    },
}


@dataclass(frozen=True)
class Comparison:
    """A preset with settings under which the choice of norm makes a visible difference.

    `variants` are those that show it.
    """

    name: str
    says: str
    preset: str
    changes: Mapping[str, Any]
    variants: tuple[str, ...]


_SHORT = {"block_size": 8, "n_embd": 32, "n_layer": 4, "steps": 1500, "snapshots": 40}

COMPARISONS: Mapping[str, Comparison] = {
    comparison.name: comparison
    for comparison in (
        Comparison(
            "deep",
            "Eight layers, doubled weights: without a norm the loss explodes, with one it falls.",
            "exploding",
            {"steps": 100, "snapshots": 40},
            ("none", "layer-pre", "batch-pre"),
        ),
        Comparison(
            "small-batch",
            "Two windows of 8 tokens a batch: running averages raise the loss of batch norm.",
            "stories",
            {**_SHORT, "batch_size": 2},
            ("layer-pre", "batch-pre"),
        ),
        Comparison(
            "large-batch",
            "The same in batches of 32 windows: they do not raise it any more.",
            "stories",
            {**_SHORT, "batch_size": 32},
            ("layer-pre", "batch-pre"),
        ),
    )
}


def variant_name(config: ModelConfig) -> str:
    """Which of VARIANTS a model is."""
    exists = NORMS[config.norm].exists
    return f"{config.norm}-{config.norm_position}" if exists else config.norm


def plan_of(run: Run) -> Plan:
    """What `run` was made from; ValueError when its text is missing."""
    return Plan(run.corpus, run.text, run.tokenizer, run.model_config, run.training_config)


def plan_for(comparison: Comparison) -> Plan:
    """What the runs of a comparison are made from, before their norm is set."""
    return plan(comparison.preset, comparison.changes)


def create_variants(folder: Path, name: str, like: Plan, variants: Iterable[str]) -> list[Path]:
    """Run directories `<name>-<variant>` in `folder` that differ from `like` in their norm alone.

    In the given order, ready to train. An existing variant is reused; where a run with other
    settings has the name, a number is added. ValueError for an unknown variant, or one that does
    not fit the plan.
    """
    existing, paths = siblings([folder], like), []
    configs = {variant: _with_norm(like.model_config, variant) for variant in variants}
    for variant, config in configs.items():
        if variant not in existing:
            existing[variant] = _free(folder, name, variant)
            create_run(existing[variant], like._replace(model_config=config))
        paths.append(existing[variant])
    return paths


def _with_norm(config: ModelConfig, variant: str) -> ModelConfig:
    """The same size with the norm of a variant, checked as for a new training."""
    if variant not in VARIANTS:
        known = ", ".join(VARIANTS)
        raise ValueError(f"variant must be one of {known}, got {variant[:40]!r}")
    return ModelConfig(**config.model_dump() | VARIANTS[variant]._asdict())


def siblings(folders: Iterable[Path], like: Run | Plan) -> dict[str, Path]:
    """Runs that differ from `like` in nothing but their norm, by variant, in the order of VARIANTS.

    Found by what they are made from, not by their names. Of several runs of one variant the newest
    is taken, except that `like`, if a run, is always its own variant's; of two runs of the same
    name the one in the later folder.
    """
    wanted = _family_of_run(like) if isinstance(like, Run) else _family_of_plan(like)
    found = {variant: path for family, variant, path in _described(folders) if family == wanted}
    if isinstance(like, Run):
        found[variant_name(like.model_config)] = like.path
    return {name: found[name] for name in VARIANTS if name in found}


def families(folders: Iterable[Path]) -> list[dict[str, Path]]:
    """All runs in groups that differ in nothing but their norm, each as `siblings` has it.

    In the order in which the first of each was made.
    """
    groups: list[tuple[_Family, dict[str, Path]]] = []
    for family, variant, path in _described(folders):
        group = next((one for known, one in groups if known == family), None)
        if group is None:
            groups.append((family, {variant: path}))
        else:
            group[variant] = path
    return [{name: group[name] for name in VARIANTS if name in group} for _, group in groups]


class _Family(NamedTuple):
    """What all variants of one run have in common."""

    text: str  # its SHA-256
    model: dict[str, Any]
    training: dict[str, Any]
    tokenizer: str


def _family_of_plan(plan: Plan) -> _Family:
    text_hash = hashlib.sha256(plan.text.encode()).hexdigest()
    tokenizer = json.dumps(plan.tokenizer.to_json())
    return _Family(text_hash, *_configs(plan.model_config, plan.training_config), tokenizer)


def _family_of_run(run: Run) -> _Family:
    tokenizer = json.dumps(run.tokenizer.to_json())
    return _Family(run.text_hash, *_configs(run.model_config, run.training_config), tokenizer)


def _configs(model: ModelConfig, training: TrainingConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    return model.model_dump(exclude=set(Variant._fields)), training.model_dump()


def _described(folders: Iterable[Path]) -> Iterator[tuple[_Family, str, Path]]:
    """Each run's family, which variant of it the run is, and its path; oldest first.

    Damaged ones are left out.
    """
    paths = {name: folder / name for folder in folders for name in list_runs(folder)}
    for path in sorted(paths.values(), key=_made):
        with suppress(KeyError, TypeError, ValueError, OSError):
            description = read_description(path)
            model = ModelConfig.recorded(**description["model"])
            configs = _configs(model, TrainingConfig(**description["training"]))
            tokenizer = json.dumps(read_json(path / "tokenizer.json"))
            yield (
                _Family(description["corpus"]["sha256"], *configs, tokenizer),
                variant_name(model),
                path,
            )


def _made(path: Path) -> int:
    with suppress(OSError):  # deleted meanwhile
        return (path / "run.json").stat().st_mtime_ns
    return 0


def _free(folder: Path, name: str, variant: str) -> Path:
    """An unused path; a long name is cut to leave space for variant and number."""
    path = folder / f"{name[:48]}-{variant}"
    first, number = path, 2
    while path.exists():
        path, number = first.with_name(f"{first.name}-{number}"), number + 1
    return path
