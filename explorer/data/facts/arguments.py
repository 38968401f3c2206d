"""What a text says in the brackets of a number, as a run has it: a step, a token."""

import numpy as np

from model_core.labels import token_label
from model_core.runs import Run


def token_id(run: Run, label: str) -> int:
    for token, known in enumerate(run.tokenizer.tokens):
        if label == token_label(known):
            return token
    raise ValueError(f"run {run.name} has no token {label!r}")


def recorded(run: Run, text: str) -> int:
    """The recorded step that a text names."""
    return int(run.steps[index_of(run, text)])


def index_of(run: Run, text: str) -> int:
    """The index of a step among the recorded ones."""
    if text == "last":
        return len(run.steps) - 1
    at = np.flatnonzero(run.steps == int(text))
    if not len(at):
        raise ValueError(f"step {text} of run {run.name} was not recorded")
    return int(at[0])
