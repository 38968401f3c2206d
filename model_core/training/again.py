"""Steps of a run recorded again, densely: every one of a span, beside those that are there."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model_core.runs import Run, read_metrics
from model_core.runs.snapshots import load_snapshot
from model_core.runs.status import State, Status, read_request, read_status, write_status
from model_core.runs.storage import remedy
from model_core.training.loop import HEARTBEAT, check_unchanged
from model_core.training.recording import add_between, snapshot_bytes
from model_core.training.replay import same_bits, trainer_before
from model_core.training.taken import is_finite, numbers_of, sampled_text, tensors_of, weights_of
from model_core.training.troubles import divergence
from model_core.training.turns import Turn

HELD = 2**28  # bytes of new snapshots, in memory until all is known to be right


def record_again(
    folder: Path,
    first: int,
    last: int,
    *,
    turn: Turn | None = None,
    watch: Callable[[Status], None] = lambda _: None,
) -> Status:
    """Record every step from `first` to `last` of the run in `folder`; returns its last status.

    The training is taken again up to the first recorded step from `last` on. Where its bits differ
    from a snapshot of that span, and at a stop, nothing is added and ValueError says so. The caller
    holds `only_trainer(folder)`.
    """
    words = "recording again ended unexpectedly; nothing was added"
    try:
        if turn and not turn.take():
            raise ValueError("recording again was stopped before it began")
        run = Run.open(folder)
        check_span(run, first, last)
        _Again(run, range(first, last + 1), turn, watch).record()
        words = ""
    except ValueError as error:
        words = str(error)[:200]
        raise
    except OSError as error:
        words = f"recording again: {error.strerror}. {remedy(error)}, then record again"
        raise
    finally:
        status = _ended(Run.open(folder), words)
        write_status(folder, status)
        watch(status)
    return status


def check_span(run: Run, first: int, last: int) -> None:
    """ValueError unless these steps of a run can be recorded again."""
    check_unchanged(run)
    end = int(run.steps[-1]) if len(run.steps) else -1
    if not 0 <= first <= last <= end:
        raise ValueError(f"steps must ascend within 0 and {end:,}, got {first:,} to {last:,}")
    new, size = len(new_steps(run, first, last)), snapshot_bytes(run.model_config)
    most = min(run.training_config.snapshot_budget, HELD) // size
    if new > most:
        raise ValueError(
            f"{new:,} new snapshots of {size:,} bytes are too many; choose at most {most:,} steps"
        )


def new_steps(run: Run, first: int, last: int) -> list[int]:
    """The steps of a span that are not recorded yet."""
    known = set(run.steps.tolist())
    return [step for step in range(first, last + 1) if step not in known]


class _Again:
    """A training taken again, and what of it is to be added to its run."""

    def __init__(
        self, run: Run, span: range, turn: Turn | None, watch: Callable[[Status], None]
    ) -> None:
        torch.set_num_threads(run.training_config.threads)
        self.run, self.span, self.turn, self.watch = run, span, turn, watch
        self.trainer = trainer_before(run, span[0])
        self.recorded = set(run.steps.tolist())
        self.noted = {row["step"] for row in read_metrics(run.path)}
        self.until = min(step for step in self.recorded if step >= span[-1])
        self.tensors: dict[int, dict[str, Tensor]] = {}
        self.metrics: dict[int, dict[str, Any]] = {}
        self.reported_at = 0.0

    def record(self) -> None:
        """ValueError where the training takes another course, or is stopped."""
        for step in range(self.trainer.step, self.until + 1):
            if self._asked_to_stop():
                raise ValueError("recording again was stopped; nothing was added")
            if step in self.recorded or step in self.span:
                self._take(step)
            else:
                self.trainer.compute_gradients()
                self.trainer.update()
        add_between(self.run.path, self.tensors, self.metrics)

    def _take(self, step: int) -> None:
        """A step that is compared with its snapshot, or kept to be added."""
        trainer = self.trainer
        weights, measured = weights_of(trainer), {}
        note = step in self.span and step not in self.noted
        if note:
            measured = {
                "val_loss": trainer.validation_loss(),
                "tokens_per_second": None,  # not that of the training
                "sample": sampled_text(trainer, self.run.tokenizer),
            }
        loss = trainer.compute_gradients()
        if note:
            self.metrics[step] = numbers_of(trainer, loss, measured)
        tensors = tensors_of(trainer, weights, update=is_finite(loss, measured))
        if step not in self.recorded:
            self.tensors[step] = tensors
        elif wrong := _differs(load_snapshot(self.run.path, step), tensors):
            raise ValueError(
                f"nothing was added: trained again here, {wrong} differs from what was recorded at "
                f"step {step:,}, as on another machine or with another torch"
            )

    def _asked_to_stop(self) -> bool:
        """Report and follow requests, every HEARTBEAT seconds."""
        if time.monotonic() - self.reported_at < HEARTBEAT:
            return False
        self._report("running")
        if read_request(self.run.path) == "pause":
            if self.turn:
                self.turn.leave()
            while read_request(self.run.path) == "pause":
                self._report("paused")
                time.sleep(HEARTBEAT)
            if self.turn and not self.turn.take():
                return True
        return read_request(self.run.path) == "stop"

    def _report(self, state: State) -> None:
        first, last = self.span[0], self.span[-1]
        words = f"Recording steps {first:,} to {last:,} again: at step {self.trainer.step:,}"
        status = replace(read_status(self.run.path), state=state, words=words)
        write_status(self.run.path, status)
        self.watch(status)
        self.reported_at = time.monotonic()


def _differs(recorded: dict[str, Tensor], now: dict[str, Tensor]) -> str:
    """The first of the tensors recorded whose bits are others now, "" where none is."""
    same = (name in now and same_bits(value, now[name]) for name, value in recorded.items())
    return next((name for name, right in zip(recorded, same, strict=True) if not right), "")


def _ended(run: Run, words: str) -> Status:
    """The status of a run whose training goes on or ended with its last recorded step."""
    status, config = read_status(run.path), run.training_config
    step = int(run.steps[-1]) if len(run.steps) else 0
    loss = run.metrics()["train_loss"].to_numpy()
    state: State = "finished" if step == config.steps else "stopped"
    if len(loss) and not math.isfinite(loss[-1]):
        state, words = "diverged", words or divergence(step, config.learning_rate)
    if state == "stopped":
        words = words or f"stopped at step {step:,}; resume continues from the step saved last"
    return replace(
        status,
        state=state,
        step=step,
        steps=config.steps,
        words=words,
        tokens_per_second=None,
        seconds_left=None,
    )
