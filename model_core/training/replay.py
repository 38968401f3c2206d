"""A recorded training taken again, for what of a step was not recorded: its batch, its moments."""

import time
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from model_core import corpora
from model_core.config import Table
from model_core.runs import Run
from model_core.runs.files import read_file
from model_core.runs.tensors import unpack
from model_core.training.arithmetic import Moments
from model_core.training.trainer import Trainer

KEPT = 2**26  # bytes of moments kept at recorded steps


class Batch(NamedTuple):
    """The windows that a step is trained on: where each begins in the training text (B,), and its
    ids (B, T + 1), the last of which is only predicted."""

    starts: np.ndarray
    ids: np.ndarray


def batch_at(run: Run, step: int) -> Batch:
    """The batch of step number `step`, drawn again from the seed; ValueError without the text."""
    config = run.training_config
    windows = corpora.windows(run.split().train, run.model_config.block_size)
    draws = torch.Generator().manual_seed(config.seed)
    left, many = step, max(1, 2**20 // config.batch_size)
    while left:
        torch.randint(len(windows), (min(left, many), config.batch_size), generator=draws)
        left -= min(left, many)
    starts = torch.randint(len(windows), (config.batch_size,), generator=draws)
    return Batch(starts.numpy(), windows[starts].numpy())


@torch.inference_mode()
def window_losses(run: Run, step: int, batch: Batch) -> np.ndarray:
    """The loss of each window of a step's batch before that step: (B,) in nats per token.

    Without dropout their mean is the loss recorded there.
    """
    model, ids = run.model_at(step).train(), torch.tensor(batch.ids)
    logits, _ = model(ids[:, :-1])
    return F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none").mean(1).numpy()


class Replay:
    """The trainer of a recorded run at any step, for the moments of its tables.

    It goes on from where it is, from the state that is stored for resuming or from step 0,
    whichever is the nearest before. Safe to share between threads.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._trainer: Trainer | None = None
        self._kept: dict[int, dict[str, Moments]] = {}
        self._lock = Lock()
        self.done = 0  # steps that the trainer has taken
        self.pace = 0.0  # seconds a step, as last measured

    def moments(self, step: int, table: Table, row: int, *, seconds: float) -> Moments | None:
        """Of one row before step number `step`; None where that takes longer than `seconds`.

        What was done until then counts at the next call. ValueError where training does not take
        the same course here as when it was recorded, and without the run's text.
        """
        with self._lock, torch.random.fork_rng():
            if step not in self._kept and not self._reach(step, time.monotonic() + seconds):
                return None
            tables = self._kept[step]
        first, second = tables[self._run.anatomy.table(table)]
        return Moments(first[row].astype(np.float64), second[row].astype(np.float64))

    def _reach(self, step: int, deadline: float) -> bool:
        """Train up to `step`, as far as time allows, and keep the moments of recorded steps."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self._run.training_config.threads)
        try:
            trainer = self._nearest(step)
            recorded, first, began = set(self._run.steps.tolist()), trainer.step, time.monotonic()
            while trainer.step < step and time.monotonic() < deadline:
                if trainer.step in recorded:
                    self._keep(trainer)
                trainer.compute_gradients()
                trainer.update()
            self.done, self._random = trainer.step, torch.get_rng_state()
            if trainer.step > first:
                self.pace = (time.monotonic() - began) / (trainer.step - first)
        finally:
            torch.set_num_threads(threads)
        if trainer.step < step:
            return False
        self._check(trainer)
        self._keep(trainer)
        return True

    def _nearest(self, step: int) -> Trainer:
        """The trainer at the nearest step before that can be had."""
        if self._trainer is not None and self._trainer.step <= step:
            torch.set_rng_state(self._random)  # of dropout
            return self._trainer
        self._trainer = trainer_before(self._run, step)
        return self._trainer

    def _keep(self, trainer: Trainer) -> None:
        found = {name: _moments(trainer, name) for name in trainer.model.anatomy.tables}
        self._kept[trainer.step] = found
        size = sum(part.nbytes for pair in found.values() for part in pair)
        while len(self._kept) > 1 and len(self._kept) * size > KEPT:
            del self._kept[next(iter(self._kept))]

    def _check(self, trainer: Trainer) -> None:
        """ValueError unless the weights are those that were recorded."""
        recorded = self._run.weights(trainer.step)
        now = trainer.model.state_dict()
        wrong = [name for name, value in recorded.items() if not same_bits(value, now[name])]
        if wrong:
            self._trainer, self._kept = None, {}
            raise ValueError(
                f"trained again here, {wrong[0]} differs from what was recorded at step "
                f"{trainer.step:,}: this run was made on another machine or with another torch"
            )


def trainer_before(run: Run, step: int) -> Trainer:
    """The trainer of a run at the step stored for resuming, if that is not later, else at 0.

    It seeds torch's random numbers. ValueError without the run's text.
    """
    ids = torch.tensor(run.tokenizer.encode(run.text))
    trainer = Trainer(run.model_config, run.training_config, ids)
    saved = _resume_state(run)
    if saved and int(saved["step"]) <= step:
        at = int(saved.pop("step"))
        trainer.restore(at, run.weights(at), saved)
    else:
        trainer.model.load_state_dict(run.weights(0))
    return trainer


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal bit by bit, NaN included."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    flat = (tensor.detach().contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other))
    return torch.equal(*flat)


def _resume_state(run: Run) -> dict[str, Tensor]:
    """What is stored for resuming, {} where that is none or does not belong to a recorded step."""
    try:
        saved = unpack(read_file(run.path / "resume.safetensors"))
        return saved if int(saved["step"]) in run.steps else {}
    except (OSError, ValueError, KeyError):
        return {}


def _moments(trainer: Trainer, name: str) -> Moments:
    """Of a table (rows, C); 0 before the first step."""
    table = trainer.model.get_parameter(name)
    state = trainer.optimizer.state.get(table, {})
    parts = (state.get(key, torch.zeros_like(table)) for key in ("exp_avg", "exp_avg_sq"))
    first, second = (part.detach().numpy().copy() for part in parts)
    return Moments(first, second)
