"""How a run is made again: a command of preset, changes and seed, and whether it is the same."""

import hashlib
import shlex
from typing import Any, NamedTuple

import numpy as np

from model_core.corpora import BUILT_IN
from model_core.runs import Plan, Run
from model_core.training.families import family_of
from model_core.training.presets import PRESETS, Preset, plan

OWN_BASE = "quick-brown-fox"  # of a run of one's own text: every setting is named


class Origin(NamedTuple):
    """A preset, and the settings in which a run differs from it, as `plan` takes them.

    `of_own_text`: the run is of a text of its own, which no preset has.
    """

    preset: Preset
    changes: dict[str, Any]
    of_own_text: bool


def origin(run: Run) -> Origin:
    """From the preset of the run's corpus, or of its whole, with the fewest changes."""
    if run.corpus not in BUILT_IN:
        preset = PRESETS[OWN_BASE]
        return Origin(preset, _changes(run, preset), True)
    fitting = [one for one in PRESETS.values() if run.corpus.startswith(one.corpus)]
    return min(
        (Origin(one, _changes(run, one), False) for one in fitting),
        key=lambda found: len(found.changes),
    )


def _changes(run: Run, preset: Preset) -> dict[str, Any]:
    base = plan(preset.name, {})
    theirs = {**base.model_config.model_dump(), **base.training_config.model_dump()}
    ours = {**run.model_config.model_dump(), **run.training_config.model_dump()}
    del ours["vocab_size"]
    changes = {name: value for name, value in ours.items() if value != theirs[name]}
    if run.corpus in BUILT_IN and run.corpus != preset.corpus:
        changes["corpus"] = run.corpus
    if run.tokenizer.kind != preset.tokenizer:
        changes["tokenizer"] = run.tokenizer.kind
    if run.tokenizer.kind == "bpe":
        changes["vocab_size"] = run.model_config.vocab_size
    return changes


def plan_again(run: Run) -> Plan:
    """What the recipe of a run makes, from its preset or its own text; ValueError without it."""
    preset, changes, of_own_text = origin(run)
    return plan(preset.name, changes, run.text if of_own_text else None)


def recipe(run: Run) -> str:
    """The command that trains a run again; of one that has ended it compares the last weights too.

    ValueError where no preset gives the same text and tokens: the run is from another version.
    """
    if family_of(plan_again(run), ()) != family_of(run, ()):
        raise ValueError(
            f"run {run.name} is of a text or tokens that this version makes differently"
        )
    base, changes, of_own_text = origin(run)
    own = {"--text": "text.txt"} if of_own_text else {}
    changes = {name: value for name, value in changes.items() if name not in ("seed", "steps")}
    options = {
        "--preset": base.name,
        **own,
        "--run-dir": f"runs/{run.name[:58]}-again",
        "--steps": str(run.training_config.steps),
        "--seed": str(run.training_config.seed),
    }
    words = [f"{name} {shlex.quote(value)}" for name, value in options.items()]
    words += [f"--set {name}={shlex.quote(str(value))}" for name, value in changes.items()]
    if len(run.steps) and run.status.state in ("finished", "diverged"):
        words.append(f"--expect {weights_hash(run, int(run.steps[-1]))}")
    return " \\\n  ".join(["driftscope train", *words])


def weights_hash(run: Run, step: int) -> str:
    """The SHA-256 of the weights after a recorded step: names, shapes and bytes, by name."""
    digest = hashlib.sha256()
    for name, value in sorted(run.weights(step).items()):
        digest.update(f"{name} {tuple(value.shape)} {value.dtype};".encode())
        digest.update(np.ascontiguousarray(value.numpy()).tobytes())
    return digest.hexdigest()


def first_difference(one: Run, other: Run) -> int | None:
    """The first step that both recorded and at which their weights differ; None without such."""
    for step in np.intersect1d(one.steps, other.steps).tolist():
        if weights_hash(one, step) != weights_hash(other, step):
            return step
    return None
