"""What is recorded of one training step: its weights, gradients and update, and its numbers."""

import math
from typing import Any

from torch import Tensor

from model_core.labels import readable
from model_core.runs.snapshots import GRADIENT, UPDATE
from model_core.training.recording import SAMPLE_TOKENS
from model_core.training.trainer import Trainer
from model_core.vocabulary import Tokenizer


def weights_of(trainer: Trainer) -> dict[str, Tensor]:
    """Copies of all weights, to be taken before the next batch: batch norm's averages follow it."""
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def sampled_text(trainer: Trainer, tokenizer: Tokenizer) -> str:
    """Text by the present model, "" when its probabilities are not finite."""
    count = min(SAMPLE_TOKENS, trainer.model.config.block_size)
    return readable(tokenizer.decode(trainer.sample(count).tolist()))


def numbers_of(trainer: Trainer, loss: float, measured: dict[str, Any]) -> dict[str, Any]:
    """The line of metrics of the step whose loss and gradients were computed just now."""
    norms = trainer.gradient_norms()
    return {
        "epoch": trainer.epoch,
        "train_loss": loss,
        "grad_norm": math.hypot(*norms.values()),
        "grad_norms": norms,
        **measured,
    }


def tensors_of(trainer: Trainer, weights: dict[str, Tensor], *, update: bool) -> dict[str, Tensor]:
    """The snapshot of that step: weights, the tables' gradients, and the update, which is taken."""
    gradients = trainer.table_gradients()  # before the update, which clips them
    tensors = weights | {GRADIENT + name: value for name, value in gradients.items()}
    if update:
        trainer.update()
        after = trainer.model.state_dict()
        tensors |= {UPDATE + name: after[name] - weights[name] for name in gradients}
    return tensors


def is_finite(loss: float, measured: dict[str, Any]) -> bool:
    """Whether a training goes on after this step."""
    return math.isfinite(loss) and math.isfinite(measured.get("val_loss") or 0.0)
