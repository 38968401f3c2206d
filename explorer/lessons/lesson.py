"""A lesson: slides, each a view of the app and what is said of it, read from a YAML file."""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from explorer.data.facts.by_name import FACTS
from explorer.data.presets import planned
from explorer.lessons.wording import filled, names_in, number, runs_in
from explorer.visit.queue import about
from model_core.config import ModelConfig
from model_core.corpora import VALIDATION_WINDOWS
from model_core.runs import Plan
from model_core.runs.files import read_file
from model_core.runs.storage import check_name
from model_core.training.pace import recorded_steps
from model_core.training.room import disk_bytes, memory_bytes, spoken

SHIPPED = Path(__file__).parent
LARGEST = 2**18  # bytes of a file; YAML of that size is read in some seconds
LONGEST = 60  # seconds that a class waits for a run
WEIGHTS, MEMORY = 10**6, 2**30  # of such a run: some steps of it are taken to measure its time
DISK = 2**29  # bytes that it records
# Of an ordinary core: seconds by the layer and by the floating point operation. What is measured
# where a lesson is read would refuse it on a machine that is busy.
LAYER, OPERATIONS = 1.5e-3, 5e10
SCORE = 100  # operations that take as long as a score's mask, softmax and gradient: memory's time
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
Line = Annotated[str, Field(min_length=1, max_length=300)]
Prose = Annotated[str, Field(min_length=1, max_length=1200)]
Page = Literal["overview", "train", "tables", "drift", "attention", "normalization", "compare"]


class Part(BaseModel):
    """A part of a lesson's file: its keys are these and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Prediction(Part):
    """What a reader says before the answer is shown; the run gives the `answer`.

    With `options` one of them is right; a `click` chooses something in a picture, or a step on the
    clock; else it is a number. Numbers and steps are right `within` that share of the answer.
    """

    ask: Line
    options: tuple[Line, ...] = Field((), max_length=6)
    click: Literal["token", "position", "head", "step"] | None = None
    answer: Line
    within: float = Field(0.1, ge=0, le=1)
    reveal: Prose

    @model_validator(mode="after")
    def _is_asked_in_one_way(self) -> "Prediction":
        if self.options and self.click:
            raise ValueError("a question has options or a click, not both")
        if self.is_number:
            number(filled(self.answer, lambda *_: 1))
        return self

    @property
    def is_number(self) -> bool:
        """Whether it is answered by a number, which may be a step."""
        return not self.options and self.click in (None, "step")


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


class Slide(Part):
    """A view of the app and what is said of it; texts may have numbers of its `run`, "{loss(0)}".

    With `train` a button makes that run, unless there is one of the same preset and settings. The
    slides after it have it by its name here, whatever it is called on the shelf.

    `show` are parameters of the view's address, `step` a recorded step; None is the last. From it
    the clock `play`s. The panel with the key `highlight` is outlined. `notes` are the speaker's.
    """

    title: Line
    text: Prose
    formula: str = Field("", max_length=600)
    page: Page = "overview"
    run: Line | None = None
    train: Training | None = None
    show: dict[str, str] = Field(default_factory=dict, max_length=20)
    step: int | None = Field(None, ge=0)
    play: bool = False
    highlight: str = Field("", pattern=r"^[\w .-]*$")
    predict: Prediction | None = None
    notes: str = Field("", max_length=2000)

    @property
    def texts(self) -> list[str]:
        """All that may have numbers of a run."""
        texts = [self.title, self.text, *self.show.values()]
        if self.predict:
            texts += [self.predict.ask, *self.predict.options, self.predict.reveal]
            texts.append(self.predict.answer)
        return texts

    @model_validator(mode="after")
    def _says_what_is_known(self) -> "Slide":
        if self.train:
            self._names_what_it_trains(self.predict.options if self.predict else ())
        for name in (name for text in self.texts for name in names_in(text) if name not in FACTS):
            close = get_close_matches(name, FACTS, n=1)
            hint = f"did you mean {close[0]}?" if close else "some are loss, n_embd, moved"
            raise ValueError(f"{{{name[:40]}}} is no number of a run; {hint}")
        return self

    def _names_what_it_trains(self, options: tuple[str, ...]) -> None:
        if self.run is None:
            raise ValueError("a slide with train has run, the name that the trained run gets")
        check_name(self.run)
        if {"", self.run} & {run for text in options for run in runs_in(text)}:
            raise ValueError("options are read before the run is trained: no number is of it")

    @property
    def address(self) -> dict[str, str]:
        """The parameters of the view's address."""
        step = {} if self.step is None else {"step": str(self.step)}
        run = {} if self.run is None else {"run": self.run}
        return run | step | self.show


class Lesson(Part):
    """Slides in order."""

    title: Line
    says: Line
    slides: tuple[Slide, ...] = Field(min_length=1, max_length=40)

    def training(self, at: int, run: str | None) -> tuple[int, Training] | None:
        """Which slide, from 0, trains the run that slide `at` calls so, and how; None: no slide."""
        earlier = enumerate(self.slides[: at + 1])
        trained = [(n, one.train) for n, one in earlier if one.train and one.run == run]
        return trained[-1] if trained else None


def read_lesson(path: Path) -> Lesson:
    """ValueError naming the line and the rule that it breaks; OSError where there is no file."""
    return parse(read_file(path))


def parse(data: bytes) -> Lesson:
    """The lesson that a file of these bytes holds; errors as `read_lesson`."""
    if len(data) > LARGEST:
        raise ValueError(f"a lesson has at most {LARGEST:,} bytes, this file {len(data):,}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line}: this is no text in UTF-8") from None
    tree, values = _tree(text)
    try:
        return Lesson.model_validate(values)
    except ValidationError as error:
        line = _line(tree, error.errors()[0]["loc"])
        raise ValueError(f"line {line}, {broken_rule(error)}") from None


def _tree(text: str) -> tuple[yaml.Node | None, Any]:
    """What a YAML text says, as nodes with their lines and as values."""
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        return tree, None if tree is None else loader.construct_document(tree)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "this is no YAML"
        raise ValueError(f"{where}{problem[:120]}") from None
    except (ValueError, RecursionError):  # a date that there is not, brackets without end
        raise ValueError("this is no YAML that can be read") from None


class _Loader(yaml.SafeLoader):
    """Plain values only: of what an anchor names, a few lines could make gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if event.anchor is not None:
            raise yaml.MarkedYAMLError(
                problem="a lesson has no anchors, put in quotes what begins with & or *",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


def with_slides(lesson: Lesson | None, title: str, slides: Sequence[Mapping[str, Any]]) -> Lesson:
    """A lesson of these slides, otherwise as it was; ValueError names the rule they break."""
    said = {"says": lesson.says if lesson else "A lesson of your own."}
    try:
        return Lesson.model_validate({"title": title} | said | {"slides": slides})
    except ValidationError as error:
        raise ValueError(broken_rule(error)) from None


def as_text(lesson: Lesson) -> str:
    """What a file of this lesson holds; ValueError where it would not be read again."""
    values = lesson.model_dump(mode="json", exclude_defaults=True)
    text: str = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=100)
    if (size := len(text.encode())) > LARGEST:
        raise ValueError(f"the lesson would have {size:,} bytes, more than {LARGEST:,}; cut it")
    return text


def name_for(title: str, taken: Collection[str]) -> str:
    """A name for the file of a new lesson, none of those taken."""
    stem = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:50] or "lesson"
    names = (stem if n == 1 else f"{stem}-{n}" for n in itertools.count(1))
    return next(name for name in names if name not in taken)


def is_name(name: str) -> bool:
    """Whether a lesson's file may be called that, without its ending."""
    return bool(_NAME.fullmatch(name))


def names_of(folder: Path) -> list[str]:
    """The lessons in a folder, by name."""
    return sorted(path.stem for path in folder.glob("*.yaml") if is_name(path.stem))


def broken_rule(error: ValidationError) -> str:
    """The first rule that is broken, and by what."""
    first = error.errors()[0]
    name = ".".join(repr(str(part))[1:-1] for part in first["loc"])[:60]
    return f"{name}: {first['msg'].removeprefix('Value error, ')[:120]}"


def _line(node: Any, keys: Sequence[Any]) -> int:
    """The line, from 1, of the deepest part on the way along these keys that is in the file."""
    line = node.start_mark.line if node else 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(one, value) for one, value in node.value if one.value == str(key)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            found = [(one, one) for one in node.value[key : key + 1]]
        else:
            break
        if not found:
            break
        line, node = found[0][0].start_mark.line, found[0][1]
    return line + 1
