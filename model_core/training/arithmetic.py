"""What an optimizer does with one row of a table at one step, number by number."""

from typing import NamedTuple

import numpy as np

from model_core.config import TrainingConfig

BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam and AdamW: torch's defaults
CLIP_EPSILON = 1e-6  # that torch adds to the norm before it divides by it


class Moments(NamedTuple):
    """Adam's running means of gradients and of their squares before a step: (C,) each."""

    first: np.ndarray
    second: np.ndarray


class RowStep(NamedTuple):
    """One optimizer step of one row in the order of computing, (C,) float64 each.

    `factor` is that of clipping, 1 where nothing is clipped. `entering`: what the optimizer takes
    for the gradient, with Adam's weight decay in it. `moments` are those after the step, `unbiased`
    the same without their bias towards 0; both are None for SGD. The row `after` is row + decay +
    move, up to the rounding of float32.
    """

    row: np.ndarray
    gradient: np.ndarray
    factor: float
    entering: np.ndarray
    moments: Moments | None
    unbiased: Moments | None
    decay: np.ndarray
    move: np.ndarray

    @property
    def after(self) -> np.ndarray:
        return self.row + self.decay + self.move


def clip_factor(norm: float, grad_clip: float) -> float:
    """What all gradients are multiplied by when theirs together have this norm; NaN of a NaN."""
    return float(np.minimum(1.0, grad_clip / (norm + CLIP_EPSILON))) if grad_clip else 1.0


def row_step(
    config: TrainingConfig,
    step: int,
    row: np.ndarray,
    gradient: np.ndarray,
    *,
    norm: float,
    moments: Moments | None = None,
) -> RowStep:
    """What step number `step` (from 0) makes of a row (C,) with this gradient (C,), not clipped.

    `norm` is that of all gradients of the model together. `moments` are those before the step;
    Adam and AdamW need them, but at step 0. Kingma and Ba 2015; Loshchilov and Hutter 2019.
    """
    row, factor = row.astype(np.float64), clip_factor(norm, config.grad_clip)
    clipped, rate = factor * gradient.astype(np.float64), config.learning_rate
    shrink = -rate * config.weight_decay * row
    if config.optimizer == "sgd":
        return RowStep(row, gradient, factor, clipped, None, None, shrink, -rate * clipped)
    coupled = config.optimizer == "adam"  # its weight decay is part of the gradient
    entering = clipped + config.weight_decay * row if coupled else clipped
    before = moments or Moments(np.zeros_like(row), np.zeros_like(row))
    after = Moments(
        *(
            beta * old + (1 - beta) * new
            for beta, old, new in zip(BETAS, before, (entering, entering**2), strict=True)
        )
    )
    unbiased = Moments(
        *(value / (1 - beta ** (step + 1)) for beta, value in zip(BETAS, after, strict=True))
    )
    move = -rate * unbiased.first / (np.sqrt(unbiased.second) + EPSILON)
    decay = np.zeros_like(row) if coupled else shrink
    return RowStep(row, gradient, factor, entering, after, unbiased, decay, move)
