"""How much better a model knows the text it was trained on than the text held back."""

import torch

from model_core import corpora
from model_core.runs import Run


def training_gap(run: Run, step: int) -> float:
    """Validation loss minus training loss in nats per token, both in evaluation mode.

    On as many windows, spread evenly over each part of the text; ValueError without the text.
    """
    split, block = run.split(), run.model_config.block_size
    model = run.model_at(step)
    losses = []
    with torch.inference_mode():
        for part in (split.validation, split.train):
            _, loss = model(*corpora.validation_windows(part, block))
            losses.append(loss.item())
    return losses[0] - losses[1]
