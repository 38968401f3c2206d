"""The time a training took, from the speeds it recorded."""

import numpy as np

from model_core.runs.run import Run


def seconds_at(run: Run) -> np.ndarray:
    """Seconds of training up to each recorded step (S,), without pauses; NaN without any speed.

    Where none is recorded, as after a resume, the mean of the others stands for it.
    """
    table = run.metrics()
    tokens = np.diff(run.steps, prepend=0) * tokens_a_step(run)
    speeds = table["tokens_per_second"].to_numpy()
    known = speeds > 0
    if not known.any():
        return np.full(len(tokens), np.nan)
    usual = tokens[known].sum() / (tokens[known] / speeds[known]).sum()
    return np.cumsum(tokens / np.where(known, speeds, usual))


def tokens_a_step(run: Run) -> int:
    return run.training_config.batch_size * run.model_config.block_size
