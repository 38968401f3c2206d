"""Losses as recorded; validation losses without heads, and on windows of other lengths."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.data.cache import cached, settled
from explorer.data.readers import Ids
from explorer.visit.moment import Moment
from model_core import normalization
from model_core.attention import ablation
from model_core.attention.ablation import Replacement
from model_core.prediction.lens import next_probabilities
from model_core.runs import Run


class Without(NamedTuple):
    """Loss on the validation windows and next-token probabilities (V,), with heads or without."""

    loss: float
    probabilities: np.ndarray


@cached(32)
def training_losses(run: Run) -> np.ndarray:
    """(S,) at the recorded steps, of the batches drawn there."""
    return run.metrics()["train_loss"].to_numpy()


def last_measured(run: Run, column: str = "val_loss") -> np.ndarray:
    """(S,) the loss of that column measured last at each recorded step; NaN from a lost one on."""
    table = run.metrics()
    losses = table[column].ffill().to_numpy(copy=True)
    losses[~np.isfinite(table["train_loss"].to_numpy())] = np.nan
    return losses


@cached(32, settled, spinner="Switching off one head after another …")
def head_costs(moment: Moment, instead: Replacement) -> tuple[float, np.ndarray]:
    """Validation loss at the settled step, and what each head's absence adds: (L, H).

    ValueError when the run's text is gone.
    """
    model = moment.run.model_at(moment.step)
    return ablation.head_costs(model, *_windows(moment.run), instead)


@cached(32, settled)
def without(
    moment: Moment, ids: Ids, position: int, off: tuple[tuple[int, int], ...], instead: Replacement
) -> Without:
    """The model of the settled step without some heads: its loss and predictions."""
    model, (idx, targets) = moment.run.model_at(moment.step), _windows(moment.run)
    means = ablation.mean_outputs(model, idx) if instead == "mean" else None
    with torch.inference_mode(), ablation.ablated(model, off, means):
        loss = model(idx, targets)[1].item()
        logits = model(torch.tensor([ids]))[0][0, position]
    return Without(loss, next_probabilities(logits))


@cached(64, spinner="Reading windows …")
def length_losses(run: Run, step: int, lengths: tuple[int, ...]) -> np.ndarray:
    """What `normalization.length_losses` gives for the validation text: (2, K).

    Batches are as in training; ValueError when the run's text is gone.
    """
    batch_size = run.training_config.batch_size
    return normalization.length_losses(run.model_at(step), _text(run), batch_size, lengths)


def windows(moment: Moment) -> Tensor:
    """The validation windows (B, T) of the run; ValueError when its text is gone."""
    return _windows(moment.run)[0]


@cached(4)
def _windows(run: Run) -> tuple[Tensor, Tensor]:
    return run.validation_windows()


@cached(16)
def _text(run: Run) -> Tensor:
    return run.split().validation
