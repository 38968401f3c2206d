"""How often tokens occur in the training text, and how often their rows had a gradient."""

import numpy as np
import torch

from model_core import corpora
from model_core.runs import Run

IDS_AT_ONCE = 2**18  # ids of batches redrawn at a time, int64: 2 MB


def frequency(run: Run) -> np.ndarray:
    """Occurrences of each token in the training split: (V,) int64.

    ValueError when the run's text is missing.
    """
    return np.bincount(run.split().train.numpy(), minlength=run.model_config.vocab_size)


def updates(run: Run) -> np.ndarray:
    """In how many optimizer steps before each recorded step a token's row had a gradient: (S, V).

    int64. A row has one when the token occurs in the inputs of the step's batch. The batches are
    drawn again from the run's seed, as `Trainer` draws them. ValueError when the text is missing.
    """
    block_size, batch_size = run.model_config.block_size, run.training_config.batch_size
    windows = corpora.windows(run.split().train, block_size)
    draws = torch.Generator().manual_seed(run.training_config.seed)
    most = max(1, IDS_AT_ONCE // (batch_size * block_size))  # steps redrawn at a time
    counts = np.zeros((len(run.steps), run.model_config.vocab_size), np.int64)
    step = 0
    for at, recorded in enumerate(run.steps):
        counts[at] = counts[at - 1] if at else 0
        while step < recorded:
            steps = min(most, int(recorded) - step)
            starts = torch.randint(len(windows), (steps, batch_size), generator=draws)
            inputs = windows[starts][..., :-1].reshape(steps, -1)  # (steps, B·T)
            counts[at] += _rows_with(inputs.numpy(), counts.shape[1])
            step += steps
    return counts


def most_frequent(counts: np.ndarray, n: int) -> np.ndarray:
    """The ids of the n largest of counts (V,), ascending; of equal counts the lower ids."""
    return np.sort(np.argsort(-counts, kind="stable")[:n])


def _rows_with(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    """In how many rows of ids (N, M) each id occurs: (V,)."""
    ids = np.sort(ids, axis=-1)
    first = np.ones(ids.shape, bool)
    first[:, 1:] = ids[:, 1:] != ids[:, :-1]
    return np.bincount(ids[first], minlength=vocab_size)
