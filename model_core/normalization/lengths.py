"""What a model loses on windows of other lengths, in both modes of batch norm."""

import numpy as np
from torch import Tensor

from model_core import corpora
from model_core.model import BigramLanguageModel
from model_core.normalization.modes import mode_losses

TOKENS = 8192  # of the longest windows, read to tell one loss
WINDOWS = 256  # at most


def window_lengths(block_size: int) -> tuple[int, ...]:
    """1, 2, 4, ... and block_size, ascending."""
    return (
        *(2**power for power in range(block_size.bit_length()) if 2**power < block_size),
        block_size,
    )


def length_losses(
    model: BigramLanguageModel, ids: Tensor, batch_size: int, lengths: tuple[int, ...]
) -> np.ndarray:
    """`mode_losses` of evenly spaced windows of ids (N,), of each of K lengths: (2, K).

    Nats per token. Whole batches of `batch_size` windows are read, at least one, of every length
    as many. NaN for batch norm where a batch is a single token.
    """
    fitting = min(WINDOWS, TOKENS // model.config.block_size)
    count = max(fitting // batch_size, 1) * batch_size
    losses = np.full((2, len(lengths)), np.nan)
    for at, length in enumerate(lengths):
        if model.config.norm == "batch" and batch_size * length == 1:
            continue
        windows = corpora.validation_windows(ids, length, count)
        losses[:, at] = mode_losses(model, *windows, batch_size)
    return losses
