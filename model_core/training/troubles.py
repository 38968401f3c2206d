"""What goes wrong in a training, in words for a person."""

import math
import shutil
from pathlib import Path

from model_core.runs import Run, read_metrics
from model_core.runs.storage import remedy
from model_core.training.recording import snapshot_bytes, snapshot_steps

RESUME_SNAPSHOTS = 4  # as many snapshots' bytes are what resuming needs, written beside the old
INTERRUPTED = "interrupted; resume continues from the step saved last"


def divergence(step: int, learning_rate: float) -> str:
    """That training ended there, and what to try."""
    return (
        f"loss became NaN or infinite at step {step:,}; everything up to it is kept. "
        f"{_advice(learning_rate)}"
    )


def far_above(guessing: float, since: int, learning_rate: float) -> str:
    """That the loss has been large since a step; `guessing` is ln V, in nats per token."""
    return (
        f"since step {since:,} loss is above {3 * guessing:.1f} nats per token, three times that "
        f"of guessing. {_advice(learning_rate)}"
    )


def full_disk(folder: Path) -> str:
    """How much is saved, and the space that the rest needs beyond what is free."""
    run = Run.open(folder)
    size = snapshot_bytes(run.model_config)
    planned, saved = len(snapshot_steps(run.training_config, size)), len(read_metrics(folder))
    needed = (planned - saved + RESUME_SNAPSHOTS) * size
    free = shutil.disk_usage(folder).free
    lacking = needed - free if free < needed else needed  # a quota may be what is used up
    megabytes = math.ceil(lacking / 2**20)
    return f"the disk is full: {saved} of {planned} steps saved; free {megabytes:,} MB, then resume"


def in_words(error: BaseException, step: int) -> str:
    """Any other error as displayed, without the server's paths."""
    if isinstance(error, OSError):
        kept = f"{error.strerror} near step {step:,}; what was recorded is kept"
        return f"{kept}. {remedy(error)}, then resume"
    return (str(error) or type(error).__name__)[:200]


def _advice(learning_rate: float) -> str:
    return f"Try learning_rate={min(learning_rate / 10, 0.01):g} or another normalization."
