"""What each recorded run is made from, in the order in which visitors are offered them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_core.config import MapConfig
from model_core.runs import Plan
from model_core.training.presets import plan
from model_core.training.variants import COMPARISONS, VARIANTS

RECORDED = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """A preset with settings for a small recording; `maps` are laid out and stored with it.

    `says` what can be seen in it.
    """

    name: str
    says: str
    preset: str
    changes: Mapping[str, Any]
    maps: tuple[MapConfig, ...] = ()

    @property
    def plan(self) -> Plan:
        return plan(self.preset, self.changes)


def _small_batch(norm: str) -> dict[str, Any]:
    """The comparison of that name on a shorter text, with fewer channels and snapshots."""
    small = {"corpus": "python-docs-short", "n_embd": 16, "snapshots": 9}
    return {**COMPARISONS["small-batch"].changes, **small, **VARIANTS[norm]._asdict()}


def _exploding(norm: str) -> dict[str, Any]:
    """Few channels and a small learning rate, so that it takes some steps to explode."""
    small = {"corpus": "python-docs-short", "n_embd": 20, "learning_rate": 0.015}
    return {**small, "steps": 30, "snapshots": 9, **VARIANTS[norm]._asdict()}


RECIPES = (
    Recipe(
        "english",
        "Letters find each other: capitals stand beside their small letters, digits together.",
        "python-docs",
        {"n_embd": 32, "n_layer": 2, "batch_size": 32, "learning_rate": 5e-3, "snapshots": 20},
        (MapConfig(), MapConfig(table="positions")),
    ),
    Recipe(
        "quick-brown-fox",
        "One sentence, learned by heart: tables small enough to read every number.",
        "quick-brown-fox",
        {},
        (MapConfig(), MapConfig(table="positions")),
    ),
    Recipe(
        "induction",
        "Heads form: one reads the previous token, then others copy what followed last time.",
        "induction",
        {"n_embd": 32, "batch_size": 64, "learning_rate": 5e-3, "steps": 1000, "snapshots": 10},
        (MapConfig(), MapConfig(table="positions")),
    ),
    Recipe(
        "small-batch-layer-norm",
        "Two windows a batch: layer norm reads each token alone, so it does not matter.",
        "python-docs",
        _small_batch("layer-pre"),
    ),
    Recipe(
        "small-batch-batch-norm",
        "The same with batch norm: its running averages raise the loss.",
        "python-docs",
        _small_batch("batch-pre"),
    ),
    Recipe(
        "exploding",
        "Eight layers, doubled weights, no norm: the residual stream grows until NaN.",
        "exploding",
        _exploding("none"),
    ),
    Recipe(
        "exploding-with-layer-norm",
        "The same with layer norm: it trains.",
        "exploding",
        _exploding("layer-pre"),
    ),
)
