"""How long a training would take here: measured on a few steps of the model itself."""

import time
from collections.abc import Callable
from functools import lru_cache
from statistics import median

import torch

from model_core.config import ModelConfig, TrainingConfig
from model_core.corpora import VALIDATION_WINDOWS
from model_core.runs import Plan
from model_core.training.recording import SAMPLE_TOKENS, snapshot_bytes, snapshot_steps
from model_core.training.trainer import Trainer

PROBE = 0.1  # seconds that steps are repeated for, beyond the first ones


def training_seconds(plan: Plan) -> float:
    """Seconds that this training would take on a core of its own, if nothing stops it.

    Each step, and each recorded one's validation loss and text, as measured here, once a process;
    not the start of a trainer, nor the disk.
    """
    config = plan.training_config
    recorded, evaluated = recorded_steps(plan)
    steps = TrainingConfig(batch_size=config.batch_size, optimizer=config.optimizer)
    step, evaluation, sample = _measured(plan.model_config, steps)
    return config.steps * step + evaluated * evaluation + recorded * sample


def recorded_steps(plan: Plan) -> tuple[int, int]:
    """How many steps are recorded, and at how many of them the validation loss is measured."""
    config = plan.training_config
    recorded = len(snapshot_steps(config, snapshot_bytes(plan.model_config)))
    return recorded, min(recorded, config.steps // config.eval_interval + 1)


@lru_cache(maxsize=128)
def _measured(model_config: ModelConfig, config: TrainingConfig) -> tuple[float, float, float]:
    """Seconds of a step, of a validation loss and of a text written."""
    size = model_config.block_size + 2 * VALIDATION_WINDOWS
    ids = torch.arange(size) % model_config.vocab_size
    with torch.random.fork_rng():
        trainer = Trainer(model_config, config, ids)

        def step() -> None:
            trainer.compute_gradients()
            trainer.update()

        count = min(SAMPLE_TOKENS, model_config.block_size)
        trainer.sample(count)  # the next one begins with this one as its draft
        step()
        return (
            _seconds(step, at_least=PROBE),
            _seconds(trainer.validation_loss),
            _seconds(lambda: trainer.sample(count)),
        )


def _seconds(work: Callable[[], object], at_least: float = 0.0) -> float:
    """The median of one call's seconds over three calls, or as many as fit into `at_least`.

    Of this thread's own time: a machine that is busy otherwise at the moment does not count.
    """
    taken: list[float] = []
    while len(taken) < 3 or sum(taken) < at_least:
        start = time.thread_time()
        work()
        taken.append(time.thread_time() - start)
    return median(taken)
