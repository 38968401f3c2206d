"""A run that a slide trains by a button: one that a class can wait for."""

from pydantic import Field, model_validator

from explorer.data.presets import planned
from explorer.lessons.part import Line, Part
from explorer.visit.queue import about
from model_core.config import ModelConfig
from model_core.corpora import VALIDATION_WINDOWS
from model_core.runs import Plan
from model_core.training.pace import recorded_steps
from model_core.training.room import disk_bytes, memory_bytes, spoken

LONGEST = 60  # seconds that a class waits for a run
WEIGHTS, MEMORY = 10**6, 2**30  # of such a run: some steps of it are taken to measure its time
DISK = 2**29  # bytes that it records
# Of an ordinary core: seconds by the layer and by the floating point operation. What is measured
# where a lesson is read would refuse it on a machine that is busy.
LAYER, OPERATIONS = 1.5e-3, 5e10
SCORE = 100  # operations that take as long as a score's mask, softmax and gradient: memory's time


class Training(Part):
    """What a slide trains by a button: a preset with few settings changed."""

    preset: Line
    changes: dict[str, bool | int | float | str] = Field(default_factory=dict, max_length=8)

    @property
    def plan(self) -> Plan:
        return planned(self.preset, tuple(self.changes.items()))

    @property
    def seconds(self) -> float:
        """How long it takes on an ordinary core, about: the same wherever a lesson is read."""
        model, training = self.plan.model_config, self.plan.training_config
        recorded, evaluated = recorded_steps(self.plan)
        layers, window = LAYER * (1 + model.n_layer), _operations(model) / OPERATIONS
        step = layers + training.batch_size * window
        evaluation = (layers + VALIDATION_WINDOWS * window) / 3  # forward alone
        return training.steps * step + evaluated * evaluation + recorded * layers

    @model_validator(mode="after")
    def _takes_no_longer_than_a_class_waits(self) -> "Training":
        count, size = self.plan.model_config.weights, memory_bytes(self.plan)
        if count > WEIGHTS or size > MEMORY:
            raise ValueError(
                f"a slide trains at most {WEIGHTS:,} weights in {spoken(MEMORY)} of memory, "
                f"this is {count:,} in {spoken(size)}"
            )
        if (disk := disk_bytes(self.plan)) > DISK:
            raise ValueError(
                f"a slide records at most {spoken(DISK)}, this is {spoken(disk)}; "
                "choose fewer snapshots"
            )
        if self.seconds > LONGEST:
            raise ValueError(
                f"a slide trains for {LONGEST} s at most, this takes {about(self.seconds)}; "
                "choose fewer steps"
            )
        return self


def _operations(model: ModelConfig) -> float:
    """Of a step, by window: 6 a weight and token (Kaplan et al. 2020), 12 C a layer and score."""
    scores = model.n_layer * model.block_size**2  # of one head
    attention = (12 * model.n_embd + SCORE * model.n_head) * scores
    return 6 * model.block_size * model.weights + attention
