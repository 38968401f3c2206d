"""Train a run: the loop that joins trainer, recorder, status and requests."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model_core.runs import Plan, Run
from model_core.runs.files import read_file
from model_core.runs.fit import summary
from model_core.runs.status import (
    Request,
    State,
    Status,
    pause_after,
    read_request,
    read_status,
    write_status,
)
from model_core.runs.storage import is_full, write_whole
from model_core.runs.tensors import pack, unpack
from model_core.training.recording import Recorder, apart, snapshot_bytes, snapshot_steps
from model_core.training.room import check_memory
from model_core.training.taken import is_finite, numbers_of, sampled_text, tensors_of, weights_of
from model_core.training.trainer import Trainer
from model_core.training.troubles import (
    INTERRUPTED,
    divergence,
    far_above,
    full_disk,
    in_words,
)
from model_core.training.turns import Turn

HEARTBEAT = 0.5  # seconds between two reads of requests and two writes of status
MEMORY_EVERY = 2.0  # least seconds between two saves for resuming, at recorded steps
BAD_STEPS = 20  # in a row with a loss above 3 ln V, of which a person is warned


class _Pace:
    """Steps per second since the last reading."""

    def __init__(self, step: int) -> None:
        self.since(step)

    def since(self, step: int) -> None:
        """Start counting at this step."""
        self._step, self._time = step, time.monotonic()

    def at(self, step: int) -> float | None:
        """Steps per second up to this step, None without any; counting starts again."""
        done, seconds = step - self._step, time.monotonic() - self._time
        self.since(step)
        return done / seconds if done else None


def train(
    folder: Path, *, turn: Turn | None = None, watch: Callable[[Status], None] = lambda _: None
) -> Status:
    """Train the run in `folder` to its end, from the step saved last; returns the last status.

    The caller holds `only_trainer(folder)`. Requests to pause and stop are followed; while
    paused the `turn` is released. `watch` receives every status. A full disk stops it, Ctrl-C too
    where nobody handles it. Another error is written into the status before it is raised.
    """
    try:
        return _Session(folder, turn, watch).train()
    except BaseException as error:
        if isinstance(error, OSError) and is_full(error):
            status = replace(read_status(folder), state="stopped", words=full_disk(folder))
            write_status(folder, status)
            return status
        status, interrupted = read_status(folder), isinstance(error, KeyboardInterrupt)
        words = INTERRUPTED if interrupted else in_words(error, status.step)
        state: State = "stopped" if interrupted else "failed"
        write_status(folder, replace(status, state=state, words=words))
        raise


class _Session:
    """A Trainer in a run directory: what it records and reports, and the requests it follows."""

    def __init__(self, folder: Path, turn: Turn | None, watch: Callable[[Status], None]) -> None:
        run = Run.open(folder)
        check_unchanged(run)
        config = run.training_config
        torch.set_num_threads(config.threads)
        self.folder, self.turn, self.watch, self.tokenizer = folder, turn, watch, run.tokenizer
        text = run.text
        check_memory(Plan(run.corpus, text, run.tokenizer, run.model_config, config))
        ids = torch.tensor(run.tokenizer.encode(text))
        self.trainer = Trainer(run.model_config, config, ids)
        schedule = snapshot_steps(config, snapshot_bytes(run.model_config))
        self.due = set(schedule.tolist())
        self.evaluated = set(apart(schedule.tolist(), config.eval_interval))
        self.recorder = Recorder(folder, after=self._restore(run))
        self.status = replace(read_status(folder), state="running", steps=config.steps, words="")
        self.done, self.loss = self.trainer.step, self.status.train_loss  # of the last batch
        self.stepping = False  # whether the step at hand was asked for in a pause
        self.bad_steps = 0  # the last ones in a row whose loss is far above that of guessing
        self.saved_at = self.reported_at = time.monotonic()
        self.recorded_pace, self.reported_pace = _Pace(self.trainer.step), _Pace(self.trainer.step)
        self.tokens_a_step = config.batch_size * run.model_config.block_size

    def _restore(self, run: Run) -> int:
        """Restore the step saved for resuming and return it; -1 without one, or a damaged one."""
        try:
            resume_state = unpack(read_file(self.folder / "resume.safetensors"))
            step = int(resume_state.pop("step"))
            weights = run.weights(step)
        except (FileNotFoundError, ValueError, KeyError, RuntimeError):
            return -1  # training starts again, with the same result
        try:
            self.trainer.restore(step, weights, resume_state)
        except (LookupError, TypeError, RuntimeError):
            raise ValueError(
                "resume.safetensors does not fit run.json; remove it to train from the start"
            ) from None
        return step

    def train(self) -> Status:
        try:
            state = self._round()
            if state == "running":
                self._report(state)  # readers wait for the first loss
            while state == "running":
                state = self._round()
            if state == "stopped":
                words = f"stopped at step {self.done:,}; resume continues from there"
                self.status = replace(self.status, words=words)
            return self._report(state)
        finally:
            self.recorder.close()

    def _round(self) -> State:
        """One optimizer step, and what is due to be recorded with it.

        A recorded step includes the update that follows it, which is therefore computed also at a
        stop and at the last step. What is saved for resuming is from before that update, so a
        snapshot has the same bytes whether training continued at once, later or never.
        """
        trainer, step = self.trainer, self.trainer.step
        stopping = self._asked_to_stop()
        last = step == trainer.config.steps
        due = stopping or self.stepping or step in self.due
        weights = weights_of(trainer) if due else {}
        late = time.monotonic() - self.saved_at > MEMORY_EVERY
        resume_state = self._resume_state() if due and (stopping or last or late) else {}
        measured = self._measured() if due else {}
        loss = trainer.compute_gradients()
        self.done, self.loss = step, loss
        self._warn(step, loss)
        diverged = not is_finite(loss, measured)
        if due or diverged:
            metrics = numbers_of(trainer, loss, measured)
            weights = weights or weights_of(trainer)
            self.recorder.record(step, tensors_of(trainer, weights, update=not diverged), metrics)
            if resume_state:
                self._save_state(resume_state)
        else:
            trainer.update()
        if diverged:
            words = divergence(step, trainer.config.learning_rate)
            self.status = replace(self.status, words=words)
            return "diverged"
        return "finished" if last else "stopped" if stopping else "running"

    def _warn(self, step: int, loss: float) -> None:
        """Say in the status once the loss has long been far above that of guessing."""
        guessing = math.log(self.trainer.model.config.vocab_size)
        self.bad_steps = self.bad_steps + 1 if loss > 3 * guessing else 0
        if self.bad_steps == BAD_STEPS:
            words = far_above(guessing, step + 1 - BAD_STEPS, self.trainer.config.learning_rate)
            self.status = replace(self.status, words=words)
        elif not self.bad_steps and self.status.words:
            self.status = replace(self.status, words="")

    def _resume_state(self) -> dict[str, Tensor]:
        """What is needed besides the weights to continue from this step."""
        return {"step": torch.tensor(self.trainer.step), **self.trainer.resume_state()}

    def _save_state(self, resume_state: dict[str, Tensor]) -> None:
        write_whole(self.folder / "resume.safetensors", pack(resume_state))
        self.saved_at = time.monotonic()

    def _measured(self) -> dict[str, Any]:
        """Validation loss, speed since the last recorded step, and a sample of text."""
        trainer = self.trainer
        evaluate = trainer.step in self.evaluated or trainer.step not in self.due
        pace = self.recorded_pace.at(trainer.step)
        return {
            "val_loss": trainer.validation_loss() if evaluate else None,
            "tokens_per_second": pace and pace * self.tokens_a_step,
            "sample": sampled_text(trainer, self.tokenizer),
        }

    def _asked_to_stop(self) -> bool:
        """Report and follow requests, every HEARTBEAT seconds."""
        if not self.stepping:
            if time.monotonic() - self.reported_at < HEARTBEAT:
                return False
            self._report("running")
        request = read_request(self.folder)
        if self.stepping or request == "pause":
            request = self._pause()
        return request == "stop"

    def _pause(self) -> Request:
        """Wait until asked to go on, or for one step, which needs no turn."""
        self.stepping = False
        if self.turn:
            self.turn.leave()
        while (request := read_request(self.folder)) == "pause":
            self._report("paused")
            if self.trainer.step <= pause_after(self.folder):
                self.stepping = True
                break
            time.sleep(HEARTBEAT)
        self.recorded_pace.since(self.trainer.step)
        if request == "run" and self.turn and not self.turn.take():
            return "stop"
        return request

    def _report(self, state: State) -> Status:
        """Write the status for readers, and pass it to `watch`."""
        pace = self.reported_pace.at(self.done)
        left = self.status.steps - self.done
        self.status = replace(
            self.status,
            state=state,
            step=self.done,
            train_loss=_finite(self.loss),
            tokens_per_second=pace and pace * self.tokens_a_step,
            seconds_left=left / pace if pace and state == "running" else None,
        )
        write_status(self.folder, self.status)
        self.reported_at = time.monotonic()
        self.watch(self.status)
        return self.status


def check_unchanged(run: Run) -> None:
    """ValueError where training would continue on another text, or over another model's steps."""
    if run.changed:
        raise ValueError(
            f"{run.changed[0]} of run {run.name} has changed since it was made; put it back, or "
            "train a new run"
        )
    if run.unfit:
        raise ValueError(f"not resumed: {summary(run.unfit)}")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
