"""A model's loss on windows of several lengths, in both modes of batch norm."""

import numpy as np
from torch import Tensor

from model_core import corpora
from model_core.model import BigramLanguageModel
from model_core.normalization.modes import mode_losses
from model_core.norms import NORMS

TOKENS = 8192  # of block_size windows for one loss
WINDOWS = 256  # at most
BATCH_TOKENS = 2**15  # of block_size windows in a batch: more hardly change its statistics


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

    Nats per token. Whole batches of `batch_size` windows are read, at least one; where the text has
    fewer windows, all of them are one batch. A batch has at most as many windows as hold
    BATCH_TOKENS tokens at the model's block_size, at least one. NaN for batch norm where a batch
    is a single token.
    """
    block_size = model.config.block_size
    batch_size = min(batch_size, max(BATCH_TOKENS // block_size, 1))
    most = min(WINDOWS, TOKENS // block_size)
    losses = np.full((2, len(lengths)), np.nan)
    for at, length in enumerate(lengths):
        available = len(corpora.windows(ids, length))
        single = min(available, batch_size) * length == 1
        if single and NORMS[model.config.norm].over_batch:
            continue
        count = max(min(most, available) // batch_size, 1) * batch_size
        windows = corpora.validation_windows(ids, length, count)
        losses[:, at] = mode_losses(model, *windows, batch_size)
    return losses
