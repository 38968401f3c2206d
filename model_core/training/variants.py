"""Variants of a run: the same text, seed and settings with another norm, for comparison."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args

from model_core.config import ModelConfig, NormPosition
from model_core.norms import KINDS, NORMS, NormKind
from model_core.runs import Plan, Run, create_run
from model_core.training.families import described, family_of, free_path, groups
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
            existing[variant] = free_path(folder, name, variant)
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
    is taken, except that `like`, if a run, is always its own variant's.
    """
    wanted = family_of(like, Variant._fields)
    found = {
        variant_name(one.model): one.path
        for family, one in described(folders, Variant._fields)
        if family == wanted
    }
    if isinstance(like, Run):
        found[variant_name(like.model_config)] = like.path
    return {name: found[name] for name in VARIANTS if name in found}


def families(folders: Iterable[Path]) -> list[dict[str, Path]]:
    """All runs in groups that differ in nothing but their norm, each as `siblings` has it.

    In the order in which the first of each was made.
    """
    found = (
        {variant_name(one.model): one.path for one in group}
        for group in groups(folders, Variant._fields)
    )
    return [{name: paths[name] for name in VARIANTS if name in paths} for paths in found]
